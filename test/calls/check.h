/* Checks of the test applications: what is not as it should be is told by line, and all are counted. */
#ifndef CHECK_H
#define CHECK_H

#include <stdbool.h>
#include <stdint.h>

#include "mv_log.h"

#define CHECK(condition) check(condition, __LINE__, #condition)
#define OKAY(call) ANSWERS(call, OKAY)
#define ANSWERS(call, status) CHECK((call) == MV_STATUS_##status)
/* Addresses that no pointer may have: secure SRAM, and flash as an output. */
#define SECURE ((void *)0x20080000)
#define FLASH_ADDRESS ((void *)0x08000000)

static uint32_t checks, failures;

static void check(bool is_good, int line, const char *what) {
    checks++;
    if (is_good) return;
    failures++;
    mv_log("FAILED line %d: %s", line, what);
}

/* The last line of an application's log. */
static inline void check_done(const char *name) {
    mv_log("%s: %lu checks, %lu failed", name, (unsigned long)checks, (unsigned long)failures);
}

#endif
