/*
 * Asks for the network, and logs each change of its state as the microvisor reports it: a record in a
 * notification buffer, and an interrupt.
 */
#include <stdint.h>
#include <stdio.h>

#include "mv_stm32u585.h"
#include "mv_syscalls.h"

#define RECORDS 8u
#define NETWORK_TAG 1u

static uint8_t log_buffer[4096] __attribute__((aligned(512)));
static struct MvNotification records[RECORDS];
static volatile uint32_t interrupts;

/* The timer itself is not used, so its interrupt is free for notifications. System calls are not
 * allowed here: the work is done in main. */
void TIM2_IRQHandler(void) {
    interrupts++;
}

static void expect(enum MvStatus status) {
    if (status != MV_STATUS_OKAY) __builtin_trap();
}

static void log_line(const char *text, int length) {
    enum MvStatus status = mvServerLog((const uint8_t *)text, (uint16_t)length);
    if (status == MV_STATUS_INVALIDBUFFERSIZE || status == MV_STATUS_LOGGINGDISABLEDBYSERVER) return;
    expect(status);
}

static const char *name_of(enum MvNetworkStatus status) {
    switch (status) {
        case MV_NETWORKSTATUS_DELIBERATELYOFFLINE: return "deliberately offline";
        case MV_NETWORKSTATUS_CONNECTED: return "connected";
        case MV_NETWORKSTATUS_CONNECTING: return "connecting";
        case MV_NETWORKSTATUS_DISCONNECTEDWITHLINKUP: return "disconnected, link up";
        default: return "unknown";
    }
}

static void log_network(const char *cause, MvNetworkHandle network) {
    char line[96];
    uint64_t microseconds;
    enum MvNetworkStatus status;
    expect(mvGetMicroseconds(&microseconds));
    expect(mvGetNetworkStatus(network, &status));
    int length = snprintf(line, sizeof line, "%s at %lu ms: network %s", cause,
                          (unsigned long)(microseconds / 1000), name_of(status));
    log_line(line, length);
}

/* Handles the records from `next` on, marks them as free, and says where the following one will be. */
static uint32_t take_records(uint32_t next, MvNetworkHandle network) {
    while (*(volatile enum MvEventType *)&records[next].event_type != MV_EVENTTYPE_NOEVENT) {
        if (records[next].event_type == MV_EVENTTYPE_NETWORKSTATUSCHANGED &&
            records[next].tag == NETWORK_TAG)
            log_network("notification", network);
        records[next].event_type = MV_EVENTTYPE_NOEVENT;
        next = (next + 1) % RECORDS;
    }
    return next;
}

int main(void) {
    const struct MvNotificationSetup setup = {
        .irq = TIM2_IRQ, .buffer = records, .buffer_size = sizeof records};
    MvNotificationHandle center;
    MvNetworkHandle network;

    expect(mvServerLoggingInit(log_buffer, sizeof log_buffer));
    expect(mvSetupNotifications(&setup, &center));
    mv_enable_interrupt(TIM2_IRQ);

    const struct MvRequestNetworkParams request = {
        .version = 1, .v1 = {.notification_handle = center, .notification_tag = NETWORK_TAG}};
    expect(mvRequestNetwork(&request, &network));
    log_network("start", network);

    for (uint32_t next = 0, handled = 0;;) {
        /* Interrupts are held back between the look and the sleep; a pending one still ends it. */
        __asm volatile("cpsid i" ::: "memory");
        if (interrupts == handled) mv_wait_for_interrupt();
        __asm volatile("cpsie i\n\tisb" ::: "memory");
        handled = interrupts;
        next = take_records(next, network);
    }
}
