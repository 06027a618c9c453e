/*
 * From reset to main: the vector table at the start of the image, the C library's memory, and a place
 * for every interrupt that the application does not handle.
 *
 * The microvisor reads the first two words of the table, the initial stack pointer and the address of
 * Reset_Handler, and starts there with the application's memory cleared.
 */
#include <stdint.h>

#include "mv_interrupts.h"

extern uint32_t mv_stack_top[];
extern uint32_t mv_data_start[], mv_data_end[], mv_data_image[];
extern uint32_t mv_bss_start[], mv_bss_end[];
extern void __libc_init_array(void);
extern int main(void);

void Reset_Handler(void);
void Default_Handler(void);

#define EXCEPTION(name) void name##_Handler(void) __attribute__((weak, alias("Default_Handler")));
EXCEPTION(NMI) EXCEPTION(HardFault) EXCEPTION(MemManage) EXCEPTION(BusFault) EXCEPTION(UsageFault)
EXCEPTION(SecureFault) EXCEPTION(SVC) EXCEPTION(DebugMon) EXCEPTION(PendSV) EXCEPTION(SysTick)

#define HANDLER(name) void name##_IRQHandler(void) __attribute__((weak, alias("Default_Handler")));
MV_INTERRUPTS(HANDLER)

typedef void (*Vector)(void);

#define VECTOR(name) name##_IRQHandler,
__attribute__((section(".vectors"), used)) static const struct {
    uint32_t *stack_top;
    Vector exceptions[15];
    Vector interrupts[MV_INTERRUPT_COUNT];
} vectors = {
    .stack_top = mv_stack_top,
    .exceptions = {Reset_Handler, NMI_Handler, HardFault_Handler, MemManage_Handler,
                   BusFault_Handler, UsageFault_Handler, SecureFault_Handler, 0, 0, 0, SVC_Handler,
                   DebugMon_Handler, 0, PendSV_Handler, SysTick_Handler},
    .interrupts = {MV_INTERRUPTS(VECTOR)},
};

void Reset_Handler(void) {
    const uint32_t *from = mv_data_image;
    for (uint32_t *to = mv_data_start; to < mv_data_end;) *to++ = *from++;
    for (uint32_t *to = mv_bss_start; to < mv_bss_end;) *to++ = 0;
    __libc_init_array();
    main();
    for (;;) __asm volatile("wfi");
}

/* An interrupt without a handler. An undefined instruction here becomes a HardFault, which the
 * microvisor reports with this address. */
void Default_Handler(void) {
    __asm volatile("udf #0");
}
