/*
 * Lives on a battery: says once that it is there, gives the network up, and goes into Standby. The
 * microvisor wakes the device when it has to look for updates; then all begins anew.
 *
 * Deploy it with a check-in time. Without one a device means to stay connected and never sleeps.
 */
#include <stdint.h>

#include "mv_log.h"
#include "mv_stm32u585.h"
#include "mv_syscalls.h"

#define RECORDS 8u
#define NETWORK_TAG 1u

static uint8_t log_buffer[1024] __attribute__((aligned(512)));
static struct MvNotification records[RECORDS];
static volatile uint32_t interrupts;

/* The timer itself is not used. */
void TIM2_IRQHandler(void) {
    interrupts++;
}

static const char *name_of(enum MvWakeReason reason) {
    switch (reason) {
        case MV_WAKEREASON_COLDBOOT: return "power came";
        case MV_WAKEREASON_APPLICATIONUPDATE: return "it is new";
        case MV_WAKEREASON_DEEPSLEEPCHECKIN: return "a check-in is due";
        case MV_WAKEREASON_DEEPSLEEPAPPLICATIONRTC: return "its alarm rang";
        default: return "of something else";
    }
}

/* Sleeps until the next notification, unless one has come since `seen` was read. */
static void wait_for_news(uint32_t seen) {
    __asm volatile("cpsid i" ::: "memory");
    if (interrupts == seen) mv_wait_for_interrupt();
    __asm volatile("cpsie i\n\tisb" ::: "memory");
}

static void wait_until_connected(MvNetworkHandle network) {
    for (;;) {
        uint32_t seen = interrupts;
        enum MvNetworkStatus status;
        mv_expect(mvGetNetworkStatus(network, &status));
        if (status == MV_NETWORKSTATUS_CONNECTED) return;
        wait_for_news(seen);
    }
}

int main(void) {
    const struct MvNotificationSetup setup = {
        .irq = TIM2_IRQ, .buffer = records, .buffer_size = sizeof records};
    MvNotificationHandle center;
    MvNetworkHandle network;
    MvSystemEventHandle events;
    enum MvWakeReason reason;

    mv_expect(mvServerLoggingInit(log_buffer, sizeof log_buffer));
    mv_expect(mvSetupNotifications(&setup, &center));
    mv_enable_interrupt(TIM2_IRQ);
    mv_expect(mvGetWakeReason(&reason));

    /* This tells of the network also while it is not requested. */
    const struct MvOpenSystemNotificationParams source = {
        .notification_handle = center,
        .notification_tag = NETWORK_TAG,
        .notification_source = MV_SYSTEMNOTIFICATIONSOURCE_NETWORK};
    mv_expect(mvOpenSystemNotification(&source, &events));

    const struct MvRequestNetworkParams request = {
        .version = 1, .v1 = {.notification_handle = center, .notification_tag = NETWORK_TAG}};
    mv_expect(mvRequestNetwork(&request, &network));
    wait_until_connected(network);
    mv_log("awake because %s", name_of(reason));
    mv_expect(mvReleaseNetwork(&network));

    /* The microvisor may need the network a little longer, for an update for instance. */
    for (;;) {
        uint32_t seen = interrupts;
        enum MvStatus status = mvDeepSleep(MV_DEEPSLEEPMODE_STANDBY);
        if (status != MV_STATUS_MICROVISORBUSY) mv_expect(status);
        wait_for_news(seen);
    }
}
