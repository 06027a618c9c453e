/*
 * A test application of the factory: its three calls, on the bench and elsewhere. On the bench it fails
 * with the number 41 when it runs for the first time, and passes the second time; what it knows of that
 * stands in a backup register.
 */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "check.h"

#define RUNS (*(volatile uint32_t *)0x46007D10)

static uint8_t buffer[1024] __attribute__((aligned(512)));
static const uint8_t long_line[1100];

static void say(const char *text) {
    OKAY(mvTestLog((const uint8_t *)text, (uint16_t)strlen(text)));
}

int main(void) {
    char text[60];
    ANSWERS(mvTestLog((const uint8_t *)"x", 1), UNAVAILABLE);
    ANSWERS(mvTestLoggingInit(buffer + 8, 512), INVALIDBUFFERALIGNMENT);
    ANSWERS(mvTestLoggingInit(buffer, 500), INVALIDBUFFERSIZE);
    ANSWERS(mvTestLoggingInit(SECURE, 512), PARAMETERFAULT);
    OKAY(mvTestLoggingInit(buffer, 512));
    ANSWERS(mvTestLog(long_line, sizeof long_line), LOGMESSAGETOOLONG);
    ANSWERS(mvTestLog(long_line, 512), INVALIDBUFFERSIZE);
    ANSWERS(mvTestLog(SECURE, 4), PARAMETERFAULT);
    say("testing");
    snprintf(text, sizeof text, "factory: %lu checks, %lu failed", (unsigned long)checks,
             (unsigned long)failures);
    say(text);
    mvTestingComplete(failures ? 99 : RUNS++ ? 0 : 41);
    for (;;) continue;
}
