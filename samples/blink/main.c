/*
 * Blinks the user LED and logs a line each second.
 *
 * Change MESSAGE, deploy again, and see the new one take over.
 */
#include <stdbool.h>
#include <stdint.h>

#include "mv_log.h"
#include "mv_stm32u585.h"
#include "mv_syscalls.h"

#define VERSION "1.0.0"
#define MESSAGE "Hello from blink"

#define TICKS_PER_SECOND 100u
#define LED_PIN 5u

static uint8_t log_buffer[4096] __attribute__((aligned(512)));
static volatile uint32_t ticks;

void SysTick_Handler(void) {
    ticks++;
}

static void start_led(void) {
    mv_expect(mvPeriphPoke32(RCC_AHB2ENR1, RCC_AHB2ENR1_GPIOAEN, RCC_AHB2ENR1_GPIOAEN));
    GPIOA->MODER = (GPIOA->MODER & ~(3u << (2 * LED_PIN))) | (1u << (2 * LED_PIN));
}

static void set_led(bool on) {
    GPIOA->BSRR = on ? 1u << LED_PIN : 1u << (LED_PIN + 16);
}

static void wait_until(uint32_t tick) {
    while ((int32_t)(ticks - tick) < 0) mv_wait_for_interrupt();
}

int main(void) {
    uint32_t hclk_hz;
    enum MvWakeReason reason;

    mv_expect(mvServerLoggingInit(log_buffer, sizeof log_buffer));
    mv_expect(mvGetHClk(&hclk_hz));
    mv_expect(mvGetWakeReason(&reason));
    start_led();
    mv_start_systick(hclk_hz, TICKS_PER_SECOND);

    mv_log("blink %s started, wake reason %u", VERSION, (unsigned)reason);
    for (uint32_t second = 0;; second++) {
        uint32_t now = second * TICKS_PER_SECOND;
        wait_until(now);
        set_led(true);
        mv_log("%s, second %lu", MESSAGE, (unsigned long)second);
        wait_until(now + TICKS_PER_SECOND / 2);
        set_led(false);
    }
}
