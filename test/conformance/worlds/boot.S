@ What mps2-an505 needs before the Secure half of an image can start: memory of the Non-secure half
@ open to it, veneers allowed in Secure RAM.
    .syntax unified
    .thumb
    .balign 4
    .word SECURE_STACK, boot + 1
    .rept 14
    .word boot + 1
    .endr
boot:
    ldr r0, =0x58008000             @ Memory protection controller of SSRAM 2.
    ldr r1, [r0, #0x10]             @ BLK_MAX
    mvn r2, #0
1:  str r1, [r0, #0x18]             @ BLK_IDX
    str r2, [r0, #0x1c]             @ BLK_LUT
    subs r1, r1, #1
    bpl 1b
    ldr r0, =0x50080014             @ NSCCFG.RAMNSC
    movs r1, #2
    str r1, [r0]
    ldr r0, =SECURE_CODE
    ldr r1, =0xe000ed08             @ VTOR
    str r0, [r1]
    ldr r1, [r0, #4]
    bx r1
    .balign 4
    .ltorg
