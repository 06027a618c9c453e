/* The first steps of an application that talks to the world: see mv_network.h. */
#include "mv_network.h"

#include <string.h>

#include "mv_log.h"
#include "mv_stm32u585.h"

#define RECORDS 32u
#define NETWORK_TAG 0xffffffffu

static struct MvNotification records[RECORDS];
static uint32_t next_record;

static volatile enum MvEventType *event_of(uint32_t record) {
    return &records[record].event_type;
}

struct MvConnection mv_connect(enum MvInterrupt irq) {
    const struct MvNotificationSetup setup = {
        .irq = irq, .buffer = records, .buffer_size = sizeof records};
    struct MvConnection connection;
    mv_expect(mvSetupNotifications(&setup, &connection.center));
    mv_enable_interrupt(irq);
    const struct MvRequestNetworkParams request = {
        .version = 1,
        .v1 = {.notification_handle = connection.center, .notification_tag = NETWORK_TAG}};
    mv_expect(mvRequestNetwork(&request, &connection.network));
    for (;;) {
        enum MvNetworkStatus status;
        mv_expect(mvGetNetworkStatus(connection.network, &status));
        if (status == MV_NETWORKSTATUS_CONNECTED) return connection;
        mv_next_event(NETWORK_TAG);
    }
}

enum MvEventType mv_next_event(uint32_t tag) {
    for (;;) {
        /* Interrupts are held back between the look and the sleep; a pending one still ends it. */
        __asm volatile("cpsid i" ::: "memory");
        if (*event_of(next_record) == MV_EVENTTYPE_NOEVENT) mv_wait_for_interrupt();
        __asm volatile("cpsie i\n\tisb" ::: "memory");
        while (*event_of(next_record) != MV_EVENTTYPE_NOEVENT) {
            enum MvEventType event = *event_of(next_record);
            uint32_t its_tag = records[next_record].tag;
            *event_of(next_record) = MV_EVENTTYPE_NOEVENT;
            next_record = (next_record + 1) % RECORDS;
            if (its_tag == tag) return event;
        }
    }
}

enum MvStatus mv_open_channel(struct MvConnection connection, enum MvChannelType type, uint32_t tag,
                              struct MvSizedStringBuffer receive, struct MvSizedStringBuffer send,
                              MvChannelHandle *channel) {
    const struct MvOpenChannelParams params = {
        .version = 1,
        .v1 = {.notification_handle = connection.center,
               .notification_tag = tag,
               .network_handle = connection.network,
               .receive_buffer = receive.data,
               .receive_buffer_len = receive.size,
               .send_buffer = send.data,
               .send_buffer_len = send.size,
               .channel_type = type,
               .endpoint = {.data = (const uint8_t *)"", .length = 0}}};
    return mvOpenChannel(&params, channel);
}

struct MvSizedString mv_text(const char *text) {
    return (struct MvSizedString){.data = (const uint8_t *)text, .length = strlen(text)};
}
