/*
 * Config fetch: both scopes and both stores, what is not set, what does not fit, and all that is
 * refused. The test sets `size` to 5 for the device and `word` to `swordfish` as a Secret of the account.
 */
#include <stdint.h>
#include <string.h>

#include "check.h"
#include "mv_network.h"
#include "mv_stm32u585.h"

#define TAG 1u
#define KEYS_MAX 32u

static uint8_t log_buffer[4096] __attribute__((aligned(512)));
static uint8_t receive_buffer[1024] __attribute__((aligned(512)));
static uint8_t send_buffer[4096] __attribute__((aligned(512)));
static struct MvConfigKeyToFetch keys[KEYS_MAX + 1];
static struct MvConnection connection;

void TIM2_IRQHandler(void) {
}

void SysTick_Handler(void) {
}

static MvChannelHandle open_channel(uint32_t receive_bytes) {
    MvChannelHandle channel = 0;
    enum MvStatus status;
    while ((status = mv_open_channel(
                connection, MV_CHANNELTYPE_CONFIGFETCH, TAG,
                (struct MvSizedStringBuffer){.data = receive_buffer, .size = receive_bytes},
                (struct MvSizedStringBuffer){.data = send_buffer, .size = sizeof send_buffer},
                &channel)) == MV_STATUS_RATELIMITED)
        mv_wait_for_interrupt();
    OKAY(status);
    return channel;
}

static struct MvConfigKeyToFetch key(enum MvConfigKeyFetchScope scope,
                                     enum MvConfigKeyFetchStore store, const char *name) {
    return (struct MvConfigKeyToFetch){.scope = scope, .store = store, .key = mv_text(name)};
}

static void refusals(void) {
    struct MvConfigKeyFetchParams request = {.num_items = KEYS_MAX + 1, .keys_to_fetch = keys};
    MvChannelHandle channel = open_channel(sizeof receive_buffer);
    struct MvConfigResponseData response;
    for (uint32_t i = 0; i <= KEYS_MAX; i++)
        keys[i] = key(MV_CONFIGKEYFETCHSCOPE_DEVICE, MV_CONFIGKEYFETCHSTORE_CONFIG, "size");
    ANSWERS(mvSendConfigFetchRequest(channel, &request), TOOMANYCONFIGKEYS);
    request.num_items = 1;
    keys[0].scope = (enum MvConfigKeyFetchScope)2;
    ANSWERS(mvSendConfigFetchRequest(channel, &request), UNKNOWNCONFIGSCOPE);
    keys[0].scope = MV_CONFIGKEYFETCHSCOPE_DEVICE;
    keys[0].store = (enum MvConfigKeyFetchStore)2;
    ANSWERS(mvSendConfigFetchRequest(channel, &request), UNKNOWNCONFIGSTORE);
    keys[0] = key(MV_CONFIGKEYFETCHSCOPE_DEVICE, MV_CONFIGKEYFETCHSTORE_CONFIG, "si\tze");
    ANSWERS(mvSendConfigFetchRequest(channel, &request), INVALIDCONFIGKEY);
    keys[0].key.data = SECURE;
    ANSWERS(mvSendConfigFetchRequest(channel, &request), LATEFAULT);
    ANSWERS(mvSendConfigFetchRequest(channel, SECURE), PARAMETERFAULT);
    ANSWERS(mvReadConfigFetchResponseData(channel, &response), RESPONSENOTPRESENT);
    OKAY(mvCloseChannel(&channel));
}

static enum MvStatus read_item(MvChannelHandle channel, uint32_t index, uint8_t *value,
                               uint32_t *length, enum MvConfigKeyFetchResult *result) {
    const struct MvConfigResponseReadItemParams params = {
        .item_index = index,
        .result = result,
        .buf = {.data = value, .size = 16, .length = length}};
    return mvReadConfigResponseItem(channel, &params);
}

static void fetch(void) {
    struct MvConfigKeyFetchParams request = {.num_items = 5, .keys_to_fetch = keys};
    MvChannelHandle channel = open_channel(sizeof receive_buffer);
    struct MvConfigResponseData response;
    enum MvConfigKeyFetchResult result;
    uint8_t value[16];
    uint32_t length;
    keys[0] = key(MV_CONFIGKEYFETCHSCOPE_DEVICE, MV_CONFIGKEYFETCHSTORE_CONFIG, "size");
    keys[1] = key(MV_CONFIGKEYFETCHSCOPE_ACCOUNT, MV_CONFIGKEYFETCHSTORE_SECRET, "word");
    keys[2] = key(MV_CONFIGKEYFETCHSCOPE_ACCOUNT, MV_CONFIGKEYFETCHSTORE_CONFIG, "size");
    keys[3] = key(MV_CONFIGKEYFETCHSCOPE_DEVICE, MV_CONFIGKEYFETCHSTORE_SECRET, "size");
    keys[4] = keys[0];
    OKAY(mvSendConfigFetchRequest(channel, &request));
    ANSWERS(mvSendConfigFetchRequest(channel, &request), REQUESTALREADYSENT);
    CHECK(mv_next_event(TAG) == MV_EVENTTYPE_CHANNELDATAREADABLE);
    OKAY(mvReadConfigFetchResponseData(channel, &response));
    CHECK(response.result == MV_CONFIGFETCHRESULT_OK && response.num_items == 5);
    for (uint32_t i = 0; i < 5; i += 4) {
        OKAY(read_item(channel, i, value, &length, &result));
        CHECK(result == MV_CONFIGKEYFETCHRESULT_OK && length == 1 && value[0] == '5');
    }
    OKAY(read_item(channel, 1, value, &length, &result));
    CHECK(result == MV_CONFIGKEYFETCHRESULT_OK && length == 9 && !memcmp(value, "swordfish", 9));
    for (uint32_t i = 2; i < 4; i++) {
        OKAY(read_item(channel, i, value, &length, &result));
        CHECK(result == MV_CONFIGKEYFETCHRESULT_KEYNOTFOUND && length == 0);
    }
    ANSWERS(read_item(channel, 5, value, &length, &result), INDEXINVALID);
    ANSWERS(read_item(channel, 0, SECURE, &length, &result), PARAMETERFAULT);
    OKAY(mvCloseChannel(&channel));
}

/* `long` has more characters than the buffer has bytes. */
static void too_large(void) {
    const struct MvConfigKeyFetchParams request = {.num_items = 1, .keys_to_fetch = keys};
    MvChannelHandle channel = open_channel(512);
    struct MvConfigResponseData response;
    keys[0] = key(MV_CONFIGKEYFETCHSCOPE_DEVICE, MV_CONFIGKEYFETCHSTORE_CONFIG, "long");
    OKAY(mvSendConfigFetchRequest(channel, &request));
    CHECK(mv_next_event(TAG) == MV_EVENTTYPE_CHANNELDATAREADABLE);
    OKAY(mvReadConfigFetchResponseData(channel, &response));
    CHECK(response.result == MV_CONFIGFETCHRESULT_RESPONSETOOLARGE && response.num_items == 0);
    OKAY(mvCloseChannel(&channel));
}

int main(void) {
    uint32_t hclk_hz;
    mv_expect(mvServerLoggingInit(log_buffer, sizeof log_buffer));
    mv_expect(mvGetHClk(&hclk_hz));
    mv_start_systick(hclk_hz, 16);
    connection = mv_connect(TIM2_IRQ);
    refusals();
    fetch();
    too_large();
    check_done("values");
    for (;;) mv_wait_for_interrupt();
}
