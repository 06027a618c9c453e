/*
 * Asks for the network, and logs each change of its state as the microvisor reports it: a record in a
 * notification buffer, and an interrupt.
 */
#include <stdint.h>

#include "mv_log.h"
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
    uint64_t microseconds;
    enum MvNetworkStatus status;
    mv_expect(mvGetMicroseconds(&microseconds));
    mv_expect(mvGetNetworkStatus(network, &status));
    mv_log("%s at %lu ms: network %s", cause, (unsigned long)(microseconds / 1000),
           name_of(status));
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

    mv_expect(mvServerLoggingInit(log_buffer, sizeof log_buffer));
    mv_expect(mvSetupNotifications(&setup, &center));
    mv_enable_interrupt(TIM2_IRQ);

    const struct MvRequestNetworkParams request = {
        .version = 1, .v1 = {.notification_handle = center, .notification_tag = NETWORK_TAG}};
    mv_expect(mvRequestNetwork(&request, &network));
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
