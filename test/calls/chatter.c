/* Logs 500 lines a second, twice what is taken: for measurements. */
#include <stdint.h>

#include "mv_log.h"
#include "mv_stm32u585.h"

static uint8_t log_buffer[8192] __attribute__((aligned(512)));
static const uint8_t line[] = "a line of the length that a line of a log usually has, or so";

void SysTick_Handler(void) {
}

int main(void) {
    uint32_t hclk_hz;
    mv_expect(mvServerLoggingInit(log_buffer, sizeof log_buffer));
    mv_expect(mvGetHClk(&hclk_hz));
    mv_start_systick(hclk_hz, 500);
    for (;;) {
        mv_wait_for_interrupt();
        mvServerLog(line, sizeof line - 1);
    }
}
