@ The program that runs the cases of a test image, the same bytes on QEMU and on `mcu`.
@
@ For each case it fills the scratch memory, loads every register and flag from the case's input
@ record, jumps to the case's code, and on its return, or in the handler of the exception that it
@ ended in, stores everything into the output record. One register of each case, the spare one,
@ holds the record's address all the while, so that nothing else is disturbed.
@
@ Addresses and offsets come from layout.ts as symbols on the command line.

    .syntax unified
    .thumb

    .equ CCR, 0xe000ed14
    .equ SHCSR, 0xe000ed24
    .equ CFSR, 0xe000ed28
    .equ HFSR, 0xe000ed2c
    .equ MMFAR, 0xe000ed34
    .equ BFAR, 0xe000ed38
    .equ CPACR, 0xe000ed88
    .equ MPU_CTRL, 0xe000ed94
    .equ MPU_MAIR0, 0xe000edc0
    .equ NSACR, 0xe000ed8c
    .equ FPCCR, 0xe000ef34
    .equ FLOAT_ACCESS, 0x00f00000

    .fpu fpv5-sp-d16

@ Leaves the case under way where the results say that the harness failed.
    .macro say_failed
    ldr r1, =FATAL
    ldr r2, =CURRENT
    ldr r2, [r2]
    str r2, [r1]
    .endm

@ Semihosting: the memory from RESULTS on goes into a file.
    .macro hand_over
    movs r0, #1                     @ SYS_OPEN
    adr r1, open_arguments\@
    bkpt 0xab
    ldr r1, =WRITE_ARGUMENTS
    str r0, [r1]
    ldr r2, =RESULTS
    str r2, [r1, #4]
    ldr r2, =HEADER
    ldr r2, [r2, #HEADER_RESULT_BYTES]
    str r2, [r1, #8]
    movs r0, #5                     @ SYS_WRITE
    bkpt 0xab
    movs r0, #2                     @ SYS_CLOSE
    bkpt 0xab
    movs r0, #0x18                  @ SYS_EXIT
    ldr r1, =0x20026                @ ADP_Stopped_ApplicationExit
    bkpt 0xab
    b .
    .ltorg
    .balign 4
open_arguments\@:
    .word file_name\@, 5, 11        @ mode "wb"
file_name\@:
    .asciz "results.bin"
    .balign 4
    .endm

@ The Secure start-up code of mps2-an505: memory that the image needs becomes Non-secure.
    .section .secure, "ax"
    .word SECURE_STACK, secure_start + 1
    .rept 14
    .word secure_exception + 1
    .endr
secure_start:
    ldr r0, =HEADER
    ldr r1, [r0, #HEADER_IS_SECURE]
    cbz r1, 1f
    ldr r0, =CODE                   @ All memory is Secure as long as nothing says otherwise.
    ldr r1, =0xe000ed08             @ VTOR_S
    str r0, [r1]
    ldr r1, [r0]
    msr msp, r1
    ldr r1, [r0, #4]
    bx r1
1:
    ldr r0, =0x58008000             @ Memory protection controllers of SSRAM 2 and SSRAM 3.
    bl open_memory
    ldr r0, =0x58009000
    bl open_memory
    ldr r0, =0xe000edd0             @ SAU_CTRL.ALLNS: what the IDAU does not claim is Non-secure.
    movs r1, #2
    str r1, [r0]
    ldr r0, =0xe000ed0c             @ AIRCR.BFHFNMINS: HardFault and BusFault are Non-secure.
    ldr r1, =0x05fa2000
    str r1, [r0]
    ldr r0, =NSACR                  @ CP10 and CP11.
    mov r1, #0xc00
    str r1, [r0]
    dsb
    isb
    ldr r0, =CODE
    ldr r1, =0xe002ed08             @ VTOR_NS
    str r0, [r1]
    ldr r1, [r0]
    msr msp_ns, r1
    ldr r1, [r0, #4]
    bic r1, r1, #1
    bxns r1

open_memory:
    ldr r1, [r0, #0x10]             @ BLK_MAX
    mvn r2, #0
1:  str r1, [r0, #0x18]             @ BLK_IDX
    str r2, [r0, #0x1c]             @ BLK_LUT
    subs r1, r1, #1
    bpl 1b
    bx lr

@ A case broke the rules so badly that its exception is the Secure state's.
secure_exception:
    say_failed
    hand_over

    .section .harness, "ax"
    .word MAIN_STACK, start + 1
    .rept 14
    .word exception + 1
    .endr

start:
    ldr r0, =SHCSR
    ldr r1, =0x00070000             @ MemManage, BusFault, UsageFault
    str r1, [r0]
    ldr r0, =FPCCR                  @ No floating-point state in frames: ASPEN and LSPEN are 0.
    movs r1, #0
    str r1, [r0]
    ldr r0, =HEADER
    ldr r1, [r0, #HEADER_HAS_MPU]
    cbz r1, 2f
    ldr r0, =MPU_MAIR0              @ Normal memory everywhere.
    mvn r1, #0
    str r1, [r0]
    ldr r0, =MPU_CTRL
    adr r2, mpu_regions
    movs r3, #0
1:  str r3, [r0, #4]                @ RNR, RBAR, RLAR
    ldmia r2!, {r4, r5}
    str r4, [r0, #8]
    str r5, [r0, #12]
    adds r3, #1
    cmp r3, #4
    bne 1b
    movs r1, #1
    str r1, [r0]
    dsb
    isb
2:  ldr r0, =HEADER
    ldr r1, [r0, #HEADER_FIRST]
    ldr r0, =CURRENT
    str r1, [r0]

    b next_case
    .balign 4
@ Code is read-only, everything else may be read and written; only code executes, of what is there.
mpu_regions:
    .word 0x00000002, CODE - 32 + 1
    .word CODE + 6, CODE + 0x1fffe0 + 1
    .word CODE + 0x200000 + 3, 0xdfffffe0 + 1
    .word 0xe0100000 + 3, 0xffffffe0 + 1

next_case:
    ldr r0, =CURRENT
    ldr r0, [r0]
    ldr r1, =HEADER
    ldr r1, [r1, #HEADER_END]
    cmp r0, r1
    beq finish

    ldr r2, [r0, #IN_TEMPLATE]
    ldr r3, =SCRATCH
    add r1, r3, #SCRATCH_BYTES
1:  ldmia r2!, {r4-r7}
    stmia r3!, {r4-r7}
    cmp r3, r1
    bne 1b
    ldr r1, [r0, #IN_POKES]
    ldr r2, [r0, #IN_POKES + 4]
    str r2, [r1]
    ldr r1, [r0, #IN_POKES + 8]
    ldr r2, [r0, #IN_POKES + 12]
    str r2, [r1]

    ldr r1, =CCR
    ldr r2, [r0, #IN_CCR]
    ldr r3, [r1]
    bic r3, r3, #0x18               @ UNALIGN_TRP, DIV_0_TRP
    orr r3, r3, r2
    str r3, [r1]
    bl allow_float
    add r1, r0, #IN_SINGLES
    vldmia r1, {s0-s31}
    ldr r1, [r0, #IN_FPSCR]
    vmsr fpscr, r1
    ldr r1, =CPACR
    ldr r2, [r0, #IN_CPACR]
    str r2, [r1]
    dsb
    isb
    clrex
    ldr r2, [r0, #IN_MONITOR]
    cbz r2, 2f
    ldrex r3, [r2]
2:  ldr r2, [r0, #IN_sp]
    msr psp, r2
    ldr r2, [r0, #IN_LIMIT]
    msr psplim, r2
    ldr r2, [r0, #IN_CONTROL]       @ SPSEL, and for some cases nPRIV.
    msr control, r2
    isb
    ldr r3, [r0, #IN_SPARE]
    ldr r2, =enter_table
    ldr r3, [r2, r3, lsl #2]
    ldr r1, [r0, #IN_APSR]
    msr apsr_nzcvqg, r1
    bx r3
    .ltorg

@ \s is the spare register. On entry to `enter` r0 is the input record, on exit \s is.
    .macro enter s
enter_\s:
    .ifnc \s, r0
    mov \s, r0
    .endif
    .irp r, r0, r1, r2, r3, r4, r5, r6, r7, r8, r9, r10, r11, r12, lr
    .ifnc \s, \r
    ldr.w \r, [\s, #IN_\r]
    .endif
    .endr
    ldr.w pc, [\s, #IN_CODE]
    .endm

@ Where the code of a case goes when it is done.
    .macro leave s
leave_\s:
    ldr.w \s, [\s, #IN_OUTPUT]
    .irp r, r0, r1, r2, r3, r4, r5, r6, r7, r8, r9, r10, r11, r12, sp, lr
    str.w \r, [\s, #OUT_\r]
    .endr
    .ifc \s, r0
    mrs r1, apsr
    str.w r1, [\s, #OUT_XPSR]
    .else
    mrs r0, apsr
    str.w r0, [\s, #OUT_XPSR]
    mov r0, \s
    .endif
    b.w after_case
    .endm

    .irp s, r0, r1, r2, r3, r4, r5, r6, r7, r8, r9, r10, r11, r12, lr
    enter \s
    leave \s
    .endr

@ r0: the output record.
after_case:
    mrs r1, control
    lsls r1, r1, #31                @ nPRIV
    beq 1f
    ldr r1, =SAFE_FRAME + 32
    mov sp, r1
ask_for_privilege:
    svc 0
1:  movs r1, #0
    msr control, r1
    isb
    msr psplim, r1
    mrs r2, primask
    mrs r3, basepri
    lsl r3, r3, #8
    orr r2, r2, r3
    mrs r3, faultmask
    orr r2, r2, r3, lsl #16
    str r2, [r0, #OUT_MASKS]
    msr basepri, r1
    msr primask, r1
    msr faultmask, r1
    ldr r1, =MAIN_STACK
    msr msp, r1

    bl allow_float
    add r1, r0, #OUT_S0
    vstmia r1, {s0-s31}
    vmrs r1, fpscr
    str r1, [r0, #OUT_FPSCR]

    ldr r3, =SCRATCH
    add r4, r3, #SCRATCH_BYTES
    movw r5, #0x9dc5
    movs r6, #0
    ldr r7, =0x01000193
3:  ldr r2, [r3], #4
    eor r5, r2, r5, ror #13
    mul r5, r5, r7
    add r6, r5, r6, ror #7
    cmp r3, r4
    bne 3b
    strd r5, r6, [r0, #OUT_DIGEST]

    ldr r0, =CURRENT
    ldr r1, [r0]
    add r1, r1, #IN_BYTES
    str r1, [r0]
    b next_case
    .ltorg

allow_float:
    ldr r1, =CPACR
    mov r2, #FLOAT_ACCESS
    str r2, [r1]
    dsb
    isb
    bx lr
    .ltorg

@ Every exception. The interrupted state is in the frame on the process stack, if that could be
@ written; the case is over.
exception:
    movs r0, #0
    msr psplim, r0
    tst lr, #4
    beq 1f
    mrs r0, psp
    ldr r1, =ask_for_privilege + 2
    ldr r2, =SAFE_FRAME
    cmp r0, r2
    bne 1f
    ldr r2, [r0, #24]
    cmp r1, r2
    bne 1f
    movs r1, #0
    msr control, r1
    bx lr
1:  ldr r0, =CURRENT
    ldr r0, [r0]
    ldr r0, [r0, #IN_OUTPUT]
    add r1, r0, #OUT_r4
    stmia r1, {r4-r11}
    mrs r1, ipsr
    str r1, [r0, #OUT_EXCEPTION]
    str lr, [r0, #OUT_EXC_RETURN]
    ldr r2, =CFSR
    ldr r3, [r2]
    str r3, [r0, #OUT_CFSR]
    str r3, [r2]
    lsls r1, r3, #24                @ MMARVALID
    bpl 1f
    ldr r2, =MMFAR
    ldr r1, [r2]
    str r1, [r0, #OUT_ADDRESS]
1:  lsls r1, r3, #16                @ BFARVALID
    bpl 1f
    ldr r2, =BFAR
    ldr r1, [r2]
    str r1, [r0, #OUT_ADDRESS]
1:  ldr r2, =HFSR
    ldr r3, [r2]
    str r3, [r0, #OUT_HFSR]
    str r3, [r2]
    tst lr, #4                      @ Not from the process stack: the harness itself failed.
    beq fatal
    mrs r1, psp
    str r1, [r0, #OUT_FRAME]
    ldr r2, =SCRATCH - SCRATCH_GUARD_BYTES
    subs r2, r1, r2
    cmp r2, #2 * SCRATCH_GUARD_BYTES
    bhs 2f
    ldmia r1, {r2-r9}               @ r0-r3, r12, lr, pc, xpsr
    stmia r0, {r2-r5}
    str r6, [r0, #OUT_r12]
    str r7, [r0, #OUT_lr]
    str r8, [r0, #OUT_PC]
    str r9, [r0, #OUT_XPSR]
    add r1, r1, #32
    tst r9, #0x200
    it ne
    addne r1, r1, #4
    str r1, [r0, #OUT_sp]
2:  ldr r1, =SAFE_FRAME
    str r0, [r1]
    ldr r2, =after_case
    str r2, [r1, #24]
    mov r2, #0x01000000
    str r2, [r1, #28]
    msr psp, r1
    bx lr

fatal:
    say_failed
finish:
    hand_over

    .balign 4
enter_table:
    .irp s, r0, r1, r2, r3, r4, r5, r6, r7, r8, r9, r10, r11, r12, lr
    .word enter_\s + 1
    .endr
