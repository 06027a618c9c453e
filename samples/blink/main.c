/*
 * Blinks the user LED and logs a line each second.
 *
 * Change MESSAGE, deploy again, and see the new one take over.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

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

/* What cannot go on stops here: the microvisor reports the crash and starts the application anew. */
static void expect(enum MvStatus status) {
    if (status != MV_STATUS_OKAY) __builtin_trap();
}

/* Logs a line, and says how many did not fit since the last one that did. */
static void log_line(const char *text) {
    static unsigned lost;
    char line[128];
    int length = lost == 0 ? snprintf(line, sizeof line, "%s", text)
                           : snprintf(line, sizeof line, "%s (%u lines lost)", text, lost);
    enum MvStatus status = mvServerLog((const uint8_t *)line, (uint16_t)length);
    if (status == MV_STATUS_INVALIDBUFFERSIZE || status == MV_STATUS_LOGGINGDISABLEDBYSERVER) {
        lost++;
        return;
    }
    expect(status);
    lost = 0;
}

static void start_led(void) {
    expect(mvPeriphPoke32(RCC_AHB2ENR1, RCC_AHB2ENR1_GPIOAEN, RCC_AHB2ENR1_GPIOAEN));
    GPIOA->MODER = (GPIOA->MODER & ~(3u << (2 * LED_PIN))) | (1u << (2 * LED_PIN));
}

static void set_led(bool on) {
    GPIOA->BSRR = on ? 1u << LED_PIN : 1u << (LED_PIN + 16);
}

static void wait_until(uint32_t tick) {
    while ((int32_t)(ticks - tick) < 0) mv_wait_for_interrupt();
}

int main(void) {
    char text[96];
    uint32_t hclk_hz;
    enum MvWakeReason reason;

    expect(mvServerLoggingInit(log_buffer, sizeof log_buffer));
    expect(mvGetHClk(&hclk_hz));
    expect(mvGetWakeReason(&reason));
    start_led();
    mv_start_systick(hclk_hz, TICKS_PER_SECOND);

    snprintf(text, sizeof text, "blink %s started, wake reason %u", VERSION, (unsigned)reason);
    log_line(text);
    for (uint32_t second = 0;; second++) {
        uint32_t now = second * TICKS_PER_SECOND;
        wait_until(now);
        set_led(true);
        snprintf(text, sizeof text, "%s, second %lu", MESSAGE, (unsigned long)second);
        log_line(text);
        wait_until(now + TICKS_PER_SECOND / 2);
        set_led(false);
    }
}
