/*
 * Does one thing after the other over the network, each until it has succeeded, however often the
 * connection breaks off: a request, a fetch, an MQTT session with a message to itself, an echo. What a
 * channel that was cut short says is checked; in the end it logs what came of it.
 */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "check.h"
#include "mv_network.h"
#include "mv_stm32u585.h"

#define BUFFER_BYTES 1024u

static uint8_t log_buffer[4096] __attribute__((aligned(512)));
static uint8_t receive_buffer[BUFFER_BYTES] __attribute__((aligned(512)));
static uint8_t send_buffer[BUFFER_BYTES] __attribute__((aligned(512)));
static struct MvConnection connection;
static MvChannelHandle channel;
/* Another one for each channel: what is left of an old one is passed over. */
static uint32_t tag;
static uint32_t acknowledged, cut_short;

void TIM2_IRQHandler(void) {
}

void SysTick_Handler(void) {
}

/* False while there is no network. */
static bool open_channel(enum MvChannelType type, const char *endpoint) {
    const struct MvOpenChannelParams params = {
        .version = 1,
        .v1 = {.notification_handle = connection.center,
               .notification_tag = ++tag,
               .network_handle = connection.network,
               .receive_buffer = receive_buffer,
               .receive_buffer_len = BUFFER_BYTES,
               .send_buffer = send_buffer,
               .send_buffer_len = BUFFER_BYTES,
               .channel_type = type,
               .endpoint = mv_text(endpoint)}};
    const enum MvStatus status = mvOpenChannel(&params, &channel);
    CHECK(status == MV_STATUS_OKAY || status == MV_STATUS_NETWORKNOTCONNECTED ||
          status == MV_STATUS_RATELIMITED);
    if (status != MV_STATUS_OKAY) mv_wait_for_interrupt();
    return status == MV_STATUS_OKAY;
}

/* Frees the channel; false if it had been cut short. */
static bool finish(bool is_done) {
    enum MvClosureReason reason;
    OKAY(mvGetChannelClosureReason(channel, &reason));
    CHECK(reason == MV_CLOSUREREASON_NONE || reason == MV_CLOSUREREASON_NETWORKDISCONNECTED);
    CHECK(is_done || reason == MV_CLOSUREREASON_NETWORKDISCONNECTED);
    OKAY(mvCloseChannel(&channel));
    if (!is_done) cut_short++;
    return is_done;
}

/* Only a channel that is closed refuses. */
static bool goes(enum MvStatus status) {
    CHECK(status == MV_STATUS_OKAY || status == MV_STATUS_CHANNELCLOSED);
    return status == MV_STATUS_OKAY;
}

/* Until there is something to read; false once the channel is closed with nothing left in it. */
static bool has_news(void) {
    return mv_next_event(tag) != MV_EVENTTYPE_CHANNELNOTCONNECTED;
}

static bool request(void) {
    const struct MvHttpRequest get = {
        .method = mv_text("GET"), .url = mv_text("https://web.test/"), .timeout_ms = 10000};
    struct MvHttpResponseData response = {0};
    if (!open_channel(MV_CHANNELTYPE_HTTP, "")) return false;
    enum MvStatus status = mvSendHttpRequest(channel, &get);
    while (goes(status) && (status = mvReadHttpResponseData(channel, &response)) != MV_STATUS_OKAY) {
        if (status != MV_STATUS_RESPONSENOTPRESENT || !has_news()) break;
        status = MV_STATUS_OKAY;
    }
    const bool is_done = response.status_code == 200;
    CHECK(is_done || response.status_code == 0);
    return finish(is_done);
}

static bool fetch(void) {
    const struct MvConfigKeyToFetch key = {.scope = MV_CONFIGKEYFETCHSCOPE_DEVICE,
                                           .store = MV_CONFIGKEYFETCHSTORE_CONFIG,
                                           .key = mv_text("size")};
    const struct MvConfigKeyFetchParams params = {.num_items = 1, .keys_to_fetch = &key};
    struct MvConfigResponseData response = {0};
    if (!open_channel(MV_CHANNELTYPE_CONFIGFETCH, "")) return false;
    enum MvStatus status = mvSendConfigFetchRequest(channel, &params);
    while (goes(status) &&
           (status = mvReadConfigFetchResponseData(channel, &response)) != MV_STATUS_OKAY) {
        if (status != MV_STATUS_RESPONSENOTPRESENT || !has_news()) break;
        status = MV_STATUS_OKAY;
    }
    return finish(response.num_items == 1);
}

/* The next thing to read; NONE once the channel is closed. */
static enum MvMqttReadableDataType next_readable(void) {
    enum MvMqttReadableDataType type = MV_MQTTREADABLEDATATYPE_NONE;
    for (;;) {
        if (!goes(mvMqttGetNextReadableDataType(channel, &type)))
            return MV_MQTTREADABLEDATATYPE_NONE;
        if (type != MV_MQTTREADABLEDATATYPE_NONE) return type;
        has_news();
    }
}

static bool connected(void) {
    const struct MvMqttConnectRequest connect = {.protocol_version = MV_MQTTPROTOCOLVERSION_V5,
                                                 .host = mv_text("broker.test"),
                                                 .port = 8883,
                                                 .clientid = mv_text("worker"),
                                                 .keepalive = 60,
                                                 .clean_start = 1};
    struct MvMqttConnectResponse response;
    if (!goes(mvMqttRequestConnect(channel, &connect))) return false;
    if (next_readable() != MV_MQTTREADABLEDATATYPE_CONNECTRESPONSE) return false;
    OKAY(mvMqttReadConnectResponse(channel, &response));
    CHECK(response.request_state == MV_MQTTREQUESTSTATE_REQUESTCOMPLETED);
    return response.request_state == MV_MQTTREQUESTSTATE_REQUESTCOMPLETED;
}

static bool subscribed(void) {
    const struct MvMqttSubscription subscription = {.topic = mv_text("work"), .desired_qos = 1};
    const struct MvMqttSubscribeRequest subscribe = {
        .correlation_id = 1, .subscriptions = &subscription, .num_subscriptions = 1};
    enum MvMqttRequestState state;
    uint32_t id, reason, count;
    const struct MvMqttSubscribeResponse response = {.request_state = &state,
                                                     .correlation_id = &id,
                                                     .reason_codes = &reason,
                                                     .reason_codes_size = sizeof reason,
                                                     .reason_codes_len = &count};
    if (!goes(mvMqttRequestSubscribe(channel, &subscribe))) return false;
    if (next_readable() != MV_MQTTREADABLEDATATYPE_SUBSCRIBERESPONSE) return false;
    OKAY(mvMqttReadSubscribeResponse(channel, &response));
    return state == MV_MQTTREQUESTSTATE_REQUESTCOMPLETED;
}

static void receive(void) {
    uint8_t topic[8], content[8], retain;
    uint32_t id, topic_length, length, qos;
    const struct MvMqttMessage message = {
        .correlation_id = &id,
        .topic = {.data = topic, .size = sizeof topic, .length = &topic_length},
        .payload = {.data = content, .size = sizeof content, .length = &length},
        .qos = &qos,
        .retain = &retain};
    OKAY(mvMqttReceiveMessage(channel, &message));
    CHECK(length == 4 && qos == 1);
    goes(mvMqttAcknowledgeMessage(channel, id));
}

/* A message that it gets back itself. */
static bool exchanged(void) {
    const struct MvMqttPublishRequest publish = {.correlation_id = 2,
                                                 .topic = mv_text("work"),
                                                 .payload = mv_text("done"),
                                                 .desired_qos = 1};
    bool is_answered = false, is_back = false;
    if (!goes(mvMqttRequestPublish(channel, &publish))) return false;
    while (!is_answered || !is_back) {
        struct MvMqttPublishResponse response;
        const enum MvMqttReadableDataType type = next_readable();
        if (type == MV_MQTTREADABLEDATATYPE_PUBLISHRESPONSE) {
            OKAY(mvMqttReadPublishResponse(channel, &response));
            is_answered = true;
            acknowledged++;
        } else if (type == MV_MQTTREADABLEDATATYPE_MESSAGERECEIVED) {
            receive();
            is_back = true;
        } else {
            return false;
        }
    }
    return true;
}

static bool talk(void) {
    if (!open_channel(MV_CHANNELTYPE_MQTT, "")) return false;
    return finish(connected() && subscribed() && exchanged());
}

static bool echo(void) {
    static const uint8_t text[200] = "what comes back";
    uint32_t written, received = 0;
    if (!open_channel(MV_CHANNELTYPE_OPAQUEBYTES, "echo")) return false;
    if (goes(mvWriteChannel(channel, text, sizeof text, &written))) {
        while (received < sizeof text) {
            uint8_t *at;
            uint32_t length;
            if (!goes(mvReadChannel(channel, &at, &length))) break;
            if (length == 0) {
                has_news();
                continue;
            }
            CHECK(memcmp(at, text + received, length) == 0);
            received += length;
            if (!goes(mvReadChannelComplete(channel, length))) break;
        }
    }
    return finish(received == sizeof text);
}

static void until(bool (*work)(void)) {
    while (!work()) continue;
}

int main(void) {
    uint32_t hclk_hz;
    mv_expect(mvServerLoggingInit(log_buffer, sizeof log_buffer));
    mv_expect(mvGetHClk(&hclk_hz));
    mv_start_systick(hclk_hz, 16);
    connection = mv_connect(TIM2_IRQ);
    until(request);
    until(fetch);
    until(talk);
    until(echo);
    mv_log("%lu acknowledged, %lu cut short", (unsigned long)acknowledged,
           (unsigned long)cut_short);
    check_done("worker");
    /* The line above may have been on its way when a connection broke off. */
    for (uint32_t i = 1;; i++) {
        mv_wait_for_interrupt();
        if (i % 64 == 0) check_done("worker");
    }
}
