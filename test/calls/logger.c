/*
 * Logging: what is refused, a buffer that is full because more is posted than may leave, and the cloud's
 * word that it wants no log. It goes on once the cloud has taken the word back.
 */
#include <stdint.h>
#include <string.h>

#include "check.h"
#include "mv_stm32u585.h"

static uint8_t log_buffer[1024] __attribute__((aligned(512)));
static uint8_t line[1025];

void SysTick_Handler(void) {
}

/* Until a line is answered so; how many were before. */
static uint32_t post_until(enum MvStatus wanted, uint32_t length) {
    for (uint32_t count = 0;; count++) {
        const enum MvStatus status = mvServerLog(line, (uint16_t)length);
        if (status == wanted) return count;
        if (count % 4 == 3) mv_wait_for_interrupt();
    }
}

int main(void) {
    uint32_t hclk_hz;
    uint64_t wall;
    memset(line, '.', sizeof line);
    ANSWERS(mvServerLog(line, 1), UNAVAILABLE);
    ANSWERS(mvServerLoggingInit(log_buffer + 1, 512), INVALIDBUFFERALIGNMENT);
    ANSWERS(mvServerLoggingInit(log_buffer, 0), INVALIDBUFFERSIZE);
    ANSWERS(mvServerLoggingInit(log_buffer, 513), INVALIDBUFFERSIZE);
    ANSWERS(mvServerLoggingInit(SECURE, 512), PARAMETERFAULT);
    ANSWERS(mvServerLoggingInit(FLASH_ADDRESS, 512), PARAMETERFAULT);
    OKAY(mvServerLoggingInit(log_buffer, sizeof log_buffer));
    ANSWERS(mvServerLog(line, 1025), LOGMESSAGETOOLONG);
    ANSWERS(mvServerLog(line, 1020), INVALIDBUFFERSIZE);
    ANSWERS(mvServerLog(SECURE, 10), PARAMETERFAULT);
    mv_expect(mvGetHClk(&hclk_hz));
    mv_start_systick(hclk_hz, 100);
    while (mvGetWallTime(&wall) != MV_STATUS_OKAY) mv_wait_for_interrupt();
    /* 256 may leave at once, and as many a second: 400 a second are too many. */
    CHECK(post_until(MV_STATUS_INVALIDBUFFERSIZE, 20) > 100);
    post_until(MV_STATUS_OKAY, 20);
    mv_log("logger: waits to be silenced");
    post_until(MV_STATUS_LOGGINGDISABLEDBYSERVER, 20);
    post_until(MV_STATUS_OKAY, 20);
    for (uint32_t i = 0; i < 300; i++) mv_wait_for_interrupt();
    check_done("logger");
    for (;;) mv_wait_for_interrupt();
}
