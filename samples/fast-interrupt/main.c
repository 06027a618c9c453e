/*
 * Sends text without a gap at 921600 baud, a byte every 10.9 microseconds, while the application is
 * busy with system calls: the transmitter's interrupt is a fast one, which does not wait for them.
 * The longest gap between two bytes is measured and logged.
 */
#include <stdbool.h>
#include <stdint.h>

#include "mv_log.h"
#include "mv_stm32u585.h"
#include "mv_syscalls.h"

#define USART2_BASE 0x40004400u
#define USART_CR1 ((volatile uint32_t *)(USART2_BASE + 0x00))
#define USART_BRR ((volatile uint32_t *)(USART2_BASE + 0x0C))
#define USART_TDR ((volatile uint32_t *)(USART2_BASE + 0x28))
#define CR1_UE (1u << 0)
#define CR1_TE (1u << 3)
#define CR1_TXEIE (1u << 7)

#define RCC_APB1ENR1 0x46020C9Cu
#define RCC_APB1ENR1_USART2EN (1u << 17)
#define BAUD 921600u
#define LOG_PIN 5u /* PD5: USART2_TX is alternate function 7 */
#define GPIOD ((struct MvGpio *)0x42020C00)
#define RCC_AHB2ENR1_GPIODEN (1u << 3)

/* Cycles since the start: DWT_CYCCNT (Armv8-M ARM, "Data Watchpoint and Trace"). */
#define DEMCR ((volatile uint32_t *)0xE000EDFC)
#define DEMCR_TRCENA (1u << 24)
#define DWT_CTRL ((volatile uint32_t *)0xE0001000)
#define DWT_CYCCNT ((volatile uint32_t *)0xE0001004)

static const char text[] = "A fast interrupt waits for nobody.\r\n";
static uint8_t log_buffer[4096] __attribute__((aligned(512)));
static volatile uint32_t ticks, sent, last_at, longest;

void SysTick_Handler(void) {
    ticks++;
}

/* Short, without loops, without system calls: what a fast interrupt may do. */
void USART2_IRQHandler(void) {
    uint32_t now = *DWT_CYCCNT;
    if (sent > 0 && now - last_at > longest) longest = now - last_at;
    last_at = now;
    if (sent < sizeof text - 1) *USART_TDR = (uint8_t)text[sent++];
    else *USART_CR1 &= ~CR1_TXEIE;
}

static void start_serial(void) {
    uint32_t pclk1_hz;
    mv_expect(mvGetPClk1(&pclk1_hz));
    mv_expect(mvPeriphPoke32(RCC_APB1ENR1, RCC_APB1ENR1_USART2EN, RCC_APB1ENR1_USART2EN));
    mv_expect(mvPeriphPoke32(RCC_AHB2ENR1, RCC_AHB2ENR1_GPIODEN, RCC_AHB2ENR1_GPIODEN));
    GPIOD->AFR[0] = (GPIOD->AFR[0] & ~(0xFu << (4 * LOG_PIN))) | (7u << (4 * LOG_PIN));
    GPIOD->MODER = (GPIOD->MODER & ~(3u << (2 * LOG_PIN))) | (2u << (2 * LOG_PIN));
    *USART_BRR = pclk1_hz / BAUD;
    *USART_CR1 = CR1_UE | CR1_TE;
}

static void start_counting(void) {
    *DEMCR |= DEMCR_TRCENA;
    *DWT_CTRL |= 1;
}

int main(void) {
    uint32_t sysclk_hz, hclk_hz;
    mv_expect(mvServerLoggingInit(log_buffer, sizeof log_buffer));
    mv_expect(mvGetSysClk(&sysclk_hz));
    mv_expect(mvGetHClk(&hclk_hz));
    mv_start_systick(hclk_hz, 10);
    start_counting();
    start_serial();
    mv_expect(mvSetFastInterrupt(USART2_IRQ));
    mv_expect(mvEnableFastInterrupt(USART2_IRQ));

    for (uint32_t round = 1;; round++) {
        uint64_t now;
        uint32_t calls = 0;
        sent = longest = 0;
        *USART_CR1 |= CR1_TXEIE;
        for (; *USART_CR1 & CR1_TXEIE; calls++) mv_expect(mvGetMicroseconds(&now));
        mv_log("round %lu: %lu bytes and %lu system calls, at most %lu ns from byte to byte",
               (unsigned long)round, (unsigned long)sent, (unsigned long)calls,
               (unsigned long)((uint64_t)longest * 1000000000u / sysclk_hz));
        for (uint32_t until = ticks + 10; (int32_t)(ticks - until) < 0;) mv_wait_for_interrupt();
    }
}
