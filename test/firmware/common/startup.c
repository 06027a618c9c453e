/*
 * Vector table and reset handler of the test firmwares. Handlers that a firmware does not define
 * end in Unexpected_Handler, which is a fault to whoever looks.
 */
#include <stdint.h>

extern uint32_t stack_top, data_start, data_end, data_image, bss_start, bss_end;
int main(void);

void Unexpected_Handler(void)
{
    __asm volatile("udf #1");
}

void Reset_Handler(void)
{
    uint32_t *from = &data_image;
    for (uint32_t *to = &data_start; to < &data_end;) *to++ = *from++;
    for (uint32_t *to = &bss_start; to < &bss_end;) *to++ = 0;
    /* CP10 and CP11: the floating-point unit. */
    *(volatile uint32_t *)0xE000ED88 |= 0xFu << 20;
    __asm volatile("dsb\n isb");
    main();
    for (;;) {}
}

void HardFault_Handler(void)
{
    for (;;) {}
}

#define WEAK __attribute__((weak, alias("Unexpected_Handler")))
WEAK void SVC_Handler(void);
WEAK void PendSV_Handler(void);
WEAK void SysTick_Handler(void);
WEAK void EXTI4_Handler(void);
WEAK void EXTI13_Handler(void);
WEAK void TIM2_Handler(void);
WEAK void I2C1_EV_Handler(void);
WEAK void I2C1_ER_Handler(void);
WEAK void USART2_Handler(void);
WEAK void LPTIM1_Handler(void);

typedef void (*handler)(void);

#define IRQ(n) [16 + (n)]
__attribute__((section(".vectors"), used)) static const handler vectors[16 + 126] = {
    [0] = (handler)&stack_top,
    [1] = Reset_Handler,
    [2 ... 10] = HardFault_Handler,
    [11] = SVC_Handler,
    [12 ... 13] = HardFault_Handler,
    [14] = PendSV_Handler,
    [15] = SysTick_Handler,
    [16 + 0 ... 16 + 14] = Unexpected_Handler,
    IRQ(15) = EXTI4_Handler,
    [16 + 16 ... 16 + 23] = Unexpected_Handler,
    IRQ(24) = EXTI13_Handler,
    [16 + 25 ... 16 + 44] = Unexpected_Handler,
    IRQ(45) = TIM2_Handler,
    [16 + 46 ... 16 + 54] = Unexpected_Handler,
    IRQ(55) = I2C1_EV_Handler,
    IRQ(56) = I2C1_ER_Handler,
    [16 + 57 ... 16 + 61] = Unexpected_Handler,
    IRQ(62) = USART2_Handler,
    [16 + 63 ... 16 + 66] = Unexpected_Handler,
    IRQ(67) = LPTIM1_Handler,
    [16 + 68 ... 16 + 125] = Unexpected_Handler,
};
