/*
 * Fetches two values that were set for this device in the cloud: a Config of the device and a Secret
 * of the account. It logs the first, and of the second only how long it is.
 */
#include <stdint.h>

#include "mv_log.h"
#include "mv_network.h"

#define TAG 1u
#define ITEMS 2u

static uint8_t log_buffer[4096] __attribute__((aligned(512)));
static uint8_t receive_buffer[2560] __attribute__((aligned(512)));
static uint8_t send_buffer[512] __attribute__((aligned(512)));

/* The timer itself is not used, so its interrupt is free for notifications. */
void TIM2_IRQHandler(void) {
}

static MvChannelHandle request_values(struct MvConnection connection) {
    const struct MvConfigKeyToFetch keys[ITEMS] = {
        {.scope = MV_CONFIGKEYFETCHSCOPE_DEVICE,
         .store = MV_CONFIGKEYFETCHSTORE_CONFIG,
         .key = mv_text("colour")},
        {.scope = MV_CONFIGKEYFETCHSCOPE_ACCOUNT,
         .store = MV_CONFIGKEYFETCHSTORE_SECRET,
         .key = mv_text("token")},
    };
    const struct MvConfigKeyFetchParams request = {.num_items = ITEMS, .keys_to_fetch = keys};
    MvChannelHandle channel;
    mv_expect(mv_open_channel(
        connection, MV_CHANNELTYPE_CONFIGFETCH, TAG,
        (struct MvSizedStringBuffer){.data = receive_buffer, .size = sizeof receive_buffer},
        (struct MvSizedStringBuffer){.data = send_buffer, .size = sizeof send_buffer}, &channel));
    mv_expect(mvSendConfigFetchRequest(channel, &request));
    return channel;
}

/* Fills `value` with a text that ends in a zero, and gives its length or, below 0, why there is none. */
static int32_t read_value(MvChannelHandle channel, uint32_t index, char *value, uint32_t size) {
    enum MvConfigKeyFetchResult result;
    uint32_t length;
    const struct MvConfigResponseReadItemParams params = {
        .item_index = index,
        .result = &result,
        .buf = {.data = (uint8_t *)value, .size = size - 1, .length = &length}};
    mv_expect(mvReadConfigResponseItem(channel, &params));
    if (result != MV_CONFIGKEYFETCHRESULT_OK) return -(int32_t)result;
    value[length] = '\0';
    return (int32_t)length;
}

static void log_values(MvChannelHandle channel) {
    struct MvConfigResponseData response;
    char value[256];
    enum MvStatus status = mvReadConfigFetchResponseData(channel, &response);
    if (status != MV_STATUS_OKAY || response.result != MV_CONFIGFETCHRESULT_OK) {
        mv_log("no values: status %u", (unsigned)status);
        return;
    }
    int32_t length = read_value(channel, 0, value, sizeof value);
    if (length < 0) mv_log("colour is not set (%ld)", (long)-length);
    else mv_log("colour is %s", value);
    length = read_value(channel, 1, value, sizeof value);
    if (length < 0) mv_log("token is not set (%ld)", (long)-length);
    else mv_log("token has %ld bytes", (long)length);
}

int main(void) {
    mv_expect(mvServerLoggingInit(log_buffer, sizeof log_buffer));
    const struct MvConnection connection = mv_connect(TIM2_IRQ);
    MvChannelHandle channel = request_values(connection);
    /* Readable, or closed: reading tells which. */
    mv_next_event(TAG);
    log_values(channel);
    mv_expect(mvCloseChannel(&channel));
    for (;;) mv_next_event(TAG);
}
