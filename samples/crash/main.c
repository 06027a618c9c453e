/*
 * Runs for ten seconds, then jumps to where there is no code. The microvisor stops the application
 * alone, reports where it was, and starts it again; the device stays reachable all the time.
 */
#include <stdint.h>

#include "mv_log.h"
#include "mv_stm32u585.h"
#include "mv_syscalls.h"

#define SECONDS 10u

static uint8_t log_buffer[1024] __attribute__((aligned(512)));
static volatile uint32_t ticks;

void SysTick_Handler(void) {
    ticks++;
}

static const char *name_of(enum MvWakeReason reason) {
    switch (reason) {
        case MV_WAKEREASON_APPLICATIONCRASH: return "it crashed";
        case MV_WAKEREASON_APPLICATIONUPDATE: return "it was updated";
        case MV_WAKEREASON_COLDBOOT: return "the device was switched on";
        default: return "of something else";
    }
}

/* Fetches an instruction from the memory of the microvisor: a SecureFault. */
static __attribute__((noinline)) void jump_to_nowhere(void) {
    ((void (*)(void))0x0C000001)();
}

int main(void) {
    uint32_t hclk_hz;
    enum MvWakeReason reason;

    mv_expect(mvServerLoggingInit(log_buffer, sizeof log_buffer));
    mv_expect(mvGetWakeReason(&reason));
    mv_expect(mvGetHClk(&hclk_hz));
    mv_start_systick(hclk_hz, 10);

    mv_log("crash started because %s", name_of(reason));
    for (uint32_t second = 0; second < SECONDS; second++) {
        mv_log("%u seconds left", (unsigned)(SECONDS - second));
        while (ticks < (second + 1) * 10) mv_wait_for_interrupt();
    }
    jump_to_nowhere();
}
