/*
 * Starts the independent watchdog, feeds it for a while, and then forgets it. At the next start the
 * log says why the chip was reset.
 */
#include "../common/chip.h"
#include "../common/clock.h"

#define RCC_CSR REG(0x46020CF4)
#define IWDG_KR REG(0x40003000)
#define IWDG_PR REG(0x40003004)
#define IWDG_RLR REG(0x40003008)

static volatile uint32_t milliseconds;

void SysTick_Handler(void)
{
    milliseconds++;
}

static void log_text(const char *text)
{
    for (; *text; text++) {
        while (!(USART2_ISR & BIT(7))) {}
        USART2_TDR = (uint32_t)*text;
    }
}

int main(void)
{
    start_clock();
    RCC_AHB2ENR1 |= BIT(PORT_D);
    RCC_APB1ENR1 |= BIT(17);
    pin_alternate(PORT_D, 5, 7);
    USART2_BRR = (CPU_HZ + 57600) / 115200;
    USART2_CR1 = 9;
    log_text(RCC_CSR & BIT(29) ? "the watchdog bit\n" : "power came up\n");
    RCC_CSR |= BIT(23);
    SYST_RVR = CPU_HZ / 1000 - 1;
    SYST_CVR = 0;
    SYST_CSR = 7;
    IWDG_KR = 0xCCCC;
    IWDG_KR = 0x5555;
    IWDG_PR = 0;    /* 32 kHz by 4 */
    IWDG_RLR = 799; /* 100 ms */
    IWDG_KR = 0xAAAA;
    while (milliseconds < 500) {
        if (milliseconds % 50 == 0) IWDG_KR = 0xAAAA;
        __asm volatile("wfi");
    }
    log_text("forgetting it\n");
    for (;;) __asm volatile("wfi");
}
