/* Asks for a reset of the whole chip, which is not an application's to ask for. */
#include <stdint.h>

#include "mv_log.h"

static uint8_t log_buffer[1024] __attribute__((aligned(512)));

int main(void) {
    mv_expect(mvServerLoggingInit(log_buffer, sizeof log_buffer));
    mv_log("about to reset");
    *(volatile uint32_t *)0xE000ED0C = 0x05FA0004;
    for (;;) __asm volatile("nop");
}
