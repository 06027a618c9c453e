/*
 * Keeps a diary in the external flash: one line for each start of the application, which outlives
 * restarts, power cuts and updates. When a sector is full the diary goes on in the next one, and the
 * oldest is erased.
 */
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "mv_log.h"
#include "mv_stm32u585.h"
#include "mv_syscalls.h"

#define SECTOR_BYTES 4096u
#define SECTORS 2u
#define ENTRIES (SECTORS * SECTOR_BYTES / sizeof(struct Entry))
#define ENTRIES_PER_SECTOR (SECTOR_BYTES / sizeof(struct Entry))
#define ERASED 0xFFFFFFFFu

/* Its `check` is written with the rest and is wrong if power failed meanwhile. */
struct Entry {
    uint32_t number;
    uint32_t wake_reason;
    uint64_t microseconds;
    uint32_t reserved[11];
    uint32_t check;
};

static uint8_t log_buffer[4096] __attribute__((aligned(512)));

static uint32_t check_of(const struct Entry *entry) {
    const uint32_t *words = (const uint32_t *)entry;
    uint32_t sum = 0x12345678u;
    for (uint32_t i = 0; i < sizeof *entry / 4 - 1; i++) sum = (sum << 5 | sum >> 27) ^ words[i];
    return sum;
}

static uint32_t address_of(uint32_t index) {
    return (index % ENTRIES) * sizeof(struct Entry);
}

static bool read_entry(MvExternalFlashHandle flash, uint32_t index, struct Entry *entry) {
    uint8_t *bytes = (uint8_t *)entry;
    mv_expect(mvExternalFlashReadBlocking(flash, address_of(index), sizeof *entry, bytes));
    return entry->number != ERASED && entry->check == check_of(entry);
}

static bool is_erased(MvExternalFlashHandle flash, uint32_t index) {
    struct Entry entry, erased;
    memset(&erased, 0xFF, sizeof erased);
    read_entry(flash, index, &entry);
    return memcmp(&entry, &erased, sizeof entry) == 0;
}

/* Where the entry with the highest number is; its number, or 0 if there is none. */
static uint32_t find_last(MvExternalFlashHandle flash, uint32_t *last) {
    uint32_t highest = 0;
    struct Entry entry;
    for (uint32_t index = 0; index < ENTRIES; index++) {
        if (!read_entry(flash, index, &entry) || entry.number < highest) continue;
        highest = entry.number;
        *last = index;
    }
    return highest;
}

/* The next place after `last` that can be written; the sector that it begins is erased first. */
static uint32_t make_room(MvExternalFlashHandle flash, uint32_t last) {
    for (uint32_t index = last + 1;; index++) {
        if (index % ENTRIES_PER_SECTOR == 0)
            mv_expect(mvExternalFlashEraseBlocking(flash, address_of(index), SECTOR_BYTES));
        if (is_erased(flash, index)) return index;
    }
}

int main(void) {
    MvExternalFlashHandle flash;
    struct MvExternalFlashInfo info = {.version = 1};
    struct Entry entry = {0};
    enum MvWakeReason reason;
    uint32_t last = ENTRIES - 1;

    mv_expect(mvServerLoggingInit(log_buffer, sizeof log_buffer));
    mv_expect(mvExternalFlashOpen(&flash));
    mv_expect(mvExternalFlashGetInfo(flash, &info));
    mv_log("external flash: chip %06lx, %lu KiB are ours", (unsigned long)info.v1.chip_id,
           (unsigned long)(info.v1.size / 1024));

    mv_expect(mvGetWakeReason(&reason));
    entry.number = find_last(flash, &last) + 1;
    entry.wake_reason = reason;
    mv_expect(mvGetMicroseconds(&entry.microseconds));
    entry.check = check_of(&entry);
    uint32_t index = make_room(flash, last);
    mv_expect(mvExternalFlashWriteBlocking(flash, address_of(index), sizeof entry,
                                           (const uint8_t *)&entry));

    struct Entry stored;
    if (!read_entry(flash, index, &stored)) __builtin_trap();
    mv_log("start number %lu, for reason %lu, %lu us after the kernel's",
           (unsigned long)stored.number, (unsigned long)stored.wake_reason,
           (unsigned long)stored.microseconds);
    mv_expect(mvExternalFlashClose(&flash));
    for (;;) mv_wait_for_interrupt();
}
