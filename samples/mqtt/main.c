/*
 * Connects to an MQTT broker, says hello on a topic of its own, and sends back whatever arrives on
 * another. The cloud speaks MQTT with the broker; the device acknowledges each message itself.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mv_log.h"
#include "mv_network.h"

#define TAG 1u
#define SID_LENGTH 34u

/* Host and port, with room for others: a test writes them into the image. */
static const char broker_host[128] = "test.mosquitto.org";
static const char broker_port[8] = "8886";

static uint8_t log_buffer[4096] __attribute__((aligned(512)));
static uint8_t receive_buffer[4096] __attribute__((aligned(512)));
static uint8_t send_buffer[2048] __attribute__((aligned(512)));
static char sid[SID_LENGTH + 1];
static char topic_in[64], topic_out[64];

/* The timer itself is not used, so its interrupt is free for notifications. */
void TIM2_IRQHandler(void) {
}

static void publish(MvChannelHandle channel, struct MvSizedString payload) {
    static uint32_t correlation_id;
    const struct MvMqttPublishRequest request = {.correlation_id = ++correlation_id,
                                                 .topic = mv_text(topic_out),
                                                 .payload = payload,
                                                 .desired_qos = 1};
    enum MvStatus status = mvMqttRequestPublish(channel, &request);
    if (status != MV_STATUS_OKAY) mv_log("not published: status %u", (unsigned)status);
}

static void connected(MvChannelHandle channel) {
    struct MvMqttConnectResponse response;
    mv_expect(mvMqttReadConnectResponse(channel, &response));
    mv_log("connect: state %u, reason %lu", (unsigned)response.request_state,
           (unsigned long)response.reason_code);
    if (response.request_state != MV_MQTTREQUESTSTATE_REQUESTCOMPLETED || response.reason_code)
        return;
    const struct MvMqttSubscription subscription = {.topic = mv_text(topic_in), .desired_qos = 1};
    const struct MvMqttSubscribeRequest request = {
        .correlation_id = 1, .subscriptions = &subscription, .num_subscriptions = 1};
    mv_expect(mvMqttRequestSubscribe(channel, &request));
}

static void subscribed(MvChannelHandle channel) {
    enum MvMqttRequestState state;
    uint32_t correlation_id, reason, count;
    const struct MvMqttSubscribeResponse response = {.request_state = &state,
                                                     .correlation_id = &correlation_id,
                                                     .reason_codes = &reason,
                                                     .reason_codes_size = sizeof reason,
                                                     .reason_codes_len = &count};
    mv_expect(mvMqttReadSubscribeResponse(channel, &response));
    mv_log("listening on %s", topic_in);
    publish(channel, mv_text("hello"));
}

static void received(MvChannelHandle channel) {
    static uint8_t topic[64], payload[1024];
    uint32_t correlation_id, topic_length, length, qos;
    uint8_t retain;
    const struct MvMqttMessage message = {
        .correlation_id = &correlation_id,
        .topic = {.data = topic, .size = sizeof topic, .length = &topic_length},
        .payload = {.data = payload, .size = sizeof payload, .length = &length},
        .qos = &qos,
        .retain = &retain};
    mv_expect(mvMqttReceiveMessage(channel, &message));
    mv_log("received: %.*s", (int)length, (const char *)payload);
    if (qos > 0) mv_expect(mvMqttAcknowledgeMessage(channel, correlation_id));
    publish(channel, (struct MvSizedString){.data = payload, .length = length});
}

/* False once the session is over. */
static int handle(MvChannelHandle channel) {
    enum MvMqttReadableDataType type;
    struct MvMqttPublishResponse published;
    struct MvMqttDisconnectResponse over;
    while (mvMqttGetNextReadableDataType(channel, &type) == MV_STATUS_OKAY) {
        switch (type) {
            case MV_MQTTREADABLEDATATYPE_NONE: return 1;
            case MV_MQTTREADABLEDATATYPE_CONNECTRESPONSE: connected(channel); break;
            case MV_MQTTREADABLEDATATYPE_SUBSCRIBERESPONSE: subscribed(channel); break;
            case MV_MQTTREADABLEDATATYPE_MESSAGERECEIVED: received(channel); break;
            case MV_MQTTREADABLEDATATYPE_PUBLISHRESPONSE:
                mv_expect(mvMqttReadPublishResponse(channel, &published));
                break;
            case MV_MQTTREADABLEDATATYPE_DISCONNECTRESPONSE:
                mv_expect(mvMqttReadDisconnectResponse(channel, &over));
                mv_log("the session is over: state %u", (unsigned)over.request_state);
                return 0;
            default: return 0;
        }
    }
    return 0;
}

int main(void) {
    mv_expect(mvServerLoggingInit(log_buffer, sizeof log_buffer));
    mv_expect(mvGetDeviceId((uint8_t *)sid, SID_LENGTH));
    snprintf(topic_in, sizeof topic_in, "microvisor/%s/in", sid);
    snprintf(topic_out, sizeof topic_out, "microvisor/%s/out", sid);
    const struct MvConnection connection = mv_connect(TIM2_IRQ);
    const struct MvMqttConnectRequest request = {.protocol_version = MV_MQTTPROTOCOLVERSION_V5,
                                                 .host = mv_text(broker_host),
                                                 .port = (uint16_t)atoi(broker_port),
                                                 .clientid = mv_text(sid),
                                                 .keepalive = 60,
                                                 .clean_start = 1};
    MvChannelHandle channel;
    mv_expect(mv_open_channel(
        connection, MV_CHANNELTYPE_MQTT, TAG,
        (struct MvSizedStringBuffer){.data = receive_buffer, .size = sizeof receive_buffer},
        (struct MvSizedStringBuffer){.data = send_buffer, .size = sizeof send_buffer}, &channel));
    mv_expect(mvMqttRequestConnect(channel, &request));
    while (mv_next_event(TAG) != MV_EVENTTYPE_CHANNELNOTCONNECTED && handle(channel)) continue;
    mv_log("mqtt: done");
    mv_expect(mvCloseChannel(&channel));
    for (;;) mv_next_event(TAG);
}
