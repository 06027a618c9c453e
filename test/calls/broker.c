/*
 * MQTT 3.1.1 and 5: connecting with all that can be wrong, subscriptions, messages of each quality of
 * service to itself, one that is too large, and the end. The test puts the address of its broker into
 * `broker_host` and `broker_port`.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "mv_network.h"
#include "mv_stm32u585.h"

#define TAG 1u
#define RECEIVE_BYTES 1024u
#define SEND_BYTES 4096u
#define LARGE 1500u

/* With room for others: a test writes them into the image. */
static const char broker_host[64] = "broker.test";
static const char broker_port[8] = "8883";

static uint8_t log_buffer[4096] __attribute__((aligned(512)));
static uint8_t receive_buffer[RECEIVE_BYTES] __attribute__((aligned(512)));
static uint8_t send_buffer[SEND_BYTES] __attribute__((aligned(512)));
static struct MvConnection connection;
static uint8_t payload[LARGE];

void TIM2_IRQHandler(void) {
}

void SysTick_Handler(void) {
}

static MvChannelHandle open_channel(void) {
    MvChannelHandle channel = 0;
    enum MvStatus status;
    while ((status = mv_open_channel(
                connection, MV_CHANNELTYPE_MQTT, TAG,
                (struct MvSizedStringBuffer){.data = receive_buffer, .size = RECEIVE_BYTES},
                (struct MvSizedStringBuffer){.data = send_buffer, .size = SEND_BYTES},
                &channel)) == MV_STATUS_RATELIMITED)
        mv_wait_for_interrupt();
    OKAY(status);
    return channel;
}

static struct MvMqttConnectRequest connect_request(enum MvMqttProtocolVersion version) {
    return (struct MvMqttConnectRequest){.protocol_version = version,
                                         .host = mv_text(broker_host),
                                         .port = (uint16_t)atoi(broker_port),
                                         .clientid = mv_text("calls-broker"),
                                         .keepalive = 60,
                                         .clean_start = 1};
}

/* Until the next thing to read is there; what it is. */
static enum MvMqttReadableDataType next_readable(MvChannelHandle channel) {
    enum MvMqttReadableDataType type;
    for (;;) {
        OKAY(mvMqttGetNextReadableDataType(channel, &type));
        if (type != MV_MQTTREADABLEDATATYPE_NONE) return type;
        CHECK(mv_next_event(TAG) != MV_EVENTTYPE_CHANNELNOTCONNECTED);
    }
}

static struct MvMqttConnectResponse connected(MvChannelHandle channel) {
    struct MvMqttConnectResponse response = {0};
    CHECK(next_readable(channel) == MV_MQTTREADABLEDATATYPE_CONNECTRESPONSE);
    OKAY(mvMqttReadConnectResponse(channel, &response));
    return response;
}

static void refused_connects(void) {
    struct MvSizedString certificates[9] = {0};
    struct MvTlsCredentials tls = {.cacert = {.num_certs = 9, .certs = certificates}};
    struct MvMqttWill will = {.payload = mv_text("x")};
    struct MvMqttConnectRequest request = connect_request(MV_MQTTPROTOCOLVERSION_V5);
    MvChannelHandle channel = open_channel();
    request.tls_credentials = &tls;
    ANSWERS(mvMqttRequestConnect(channel, &request), TOOMANYELEMENTS);
    for (uint32_t i = 0; i < 9; i++) certificates[i] = mv_text("x");
    tls.cacert.num_certs = 0;
    tls.clientcert.chain = (struct MvTlsCertificateChain){.num_certs = 1, .certs = certificates};
    ANSWERS(mvMqttRequestConnect(channel, &request), REQUIREDELEMENTMISSING);
    tls.clientcert.key = mv_text("key");
    request.authentication.method = MV_MQTTAUTHENTICATIONMETHOD_USERNAMEPASSWORD;
    ANSWERS(mvMqttRequestConnect(channel, &request), INVALIDAUTHENTICATION);
    request = connect_request(MV_MQTTPROTOCOLVERSION_V5);
    request.will = &will;
    ANSWERS(mvMqttRequestConnect(channel, &request), REQUIREDELEMENTMISSING);
    request.will = NULL;
    request.host.length = 0;
    ANSWERS(mvMqttRequestConnect(channel, &request), REQUIREDELEMENTMISSING);
    request.host = mv_text(broker_host);
    request.clientid.length = 0;
    ANSWERS(mvMqttRequestConnect(channel, &request), REQUIREDELEMENTMISSING);
    ANSWERS(mvMqttRequestConnect(channel, SECURE), PARAMETERFAULT);
    request.clientid = (struct MvSizedString){.data = SECURE, .length = 5};
    ANSWERS(mvMqttRequestConnect(channel, &request), LATEFAULT);
    OKAY(mvCloseChannel(&channel));
}

static void unreachable_broker(void) {
    struct MvMqttConnectRequest request = connect_request(MV_MQTTPROTOCOLVERSION_V5);
    MvChannelHandle channel = open_channel();
    request.host = mv_text("nowhere.invalid");
    OKAY(mvMqttRequestConnect(channel, &request));
    ANSWERS(mvMqttRequestConnect(channel, &request), REQUESTALREADYSENT);
    const enum MvMqttRequestState state = connected(channel).request_state;
    /* Where there is no name server at all, nobody can say that there is no such name. */
    CHECK(state == MV_MQTTREQUESTSTATE_NXDOMAIN || state == MV_MQTTREQUESTSTATE_SOCKETERROR);
    OKAY(mvCloseChannel(&channel));
}

static void subscribe(MvChannelHandle channel, bool is_version_5) {
    static const char *const topics[] = {"calls/0", "calls/+", "calls/#", "a", "b", "c", "d", "e"};
    struct MvMqttSubscription list[9];
    enum MvMqttRequestState state;
    uint32_t id, codes[8], count;
    struct MvMqttSubscribeResponse response = {.request_state = &state,
                                               .correlation_id = &id,
                                               .reason_codes = codes,
                                               .reason_codes_size = 4,
                                               .reason_codes_len = &count};
    for (uint32_t i = 0; i < 9; i++)
        list[i] = (struct MvMqttSubscription){.topic = mv_text(topics[i % 8]), .desired_qos = i % 3};
    struct MvMqttSubscribeRequest request = {
        .correlation_id = 77, .subscriptions = list, .num_subscriptions = 9};
    ANSWERS(mvMqttRequestSubscribe(channel, &request), TOOMANYELEMENTS);
    request.num_subscriptions = 8;
    /* The topic of the messages below, with the highest quality, once. */
    list[1].topic = mv_text("elsewhere/+");
    list[2].topic = mv_text("elsewhere/#");
    list[0].desired_qos = 2;
    OKAY(mvMqttRequestSubscribe(channel, &request));
    ANSWERS(mvMqttRequestSubscribe(channel, &request), RATELIMITED);
    CHECK(next_readable(channel) == MV_MQTTREADABLEDATATYPE_SUBSCRIBERESPONSE);
    ANSWERS(mvMqttReadSubscribeResponse(channel, &response), INVALIDBUFFERSIZE);
    response.reason_codes_size = sizeof codes;
    OKAY(mvMqttReadSubscribeResponse(channel, &response));
    CHECK(state == MV_MQTTREQUESTSTATE_REQUESTCOMPLETED && id == 77 && count == 8);
    CHECK(codes[0] == 2 && codes[1] == 1 && codes[3] == 0);
    (void)is_version_5;
}

static void publish(MvChannelHandle channel, uint32_t id, struct MvSizedString content) {
    const struct MvMqttPublishRequest request = {.correlation_id = id,
                                                 .topic = mv_text("calls/0"),
                                                 .payload = content,
                                                 .desired_qos = id % 3};
    OKAY(mvMqttRequestPublish(channel, &request));
}

static void receive(MvChannelHandle channel, uint32_t expected_qos) {
    uint8_t topic[16], content[64], retain = 9;
    uint32_t id, topic_length, length, qos;
    struct MvMqttMessage message = {
        .correlation_id = &id,
        .topic = {.data = topic, .size = 3, .length = &topic_length},
        .payload = {.data = content, .size = sizeof content, .length = &length},
        .qos = &qos,
        .retain = &retain};
    ANSWERS(mvMqttReceiveMessage(channel, &message), INVALIDBUFFERSIZE);
    message.topic.size = sizeof topic;
    OKAY(mvMqttReceiveMessage(channel, &message));
    CHECK(topic_length == 7 && memcmp(topic, "calls/0", 7) == 0);
    CHECK(length == 5 && memcmp(content, "hello", 5) == 0);
    CHECK(qos == expected_qos && retain == 0);
    if (qos > 0) OKAY(mvMqttAcknowledgeMessage(channel, id));
}

/* One of each quality to itself: an answer and a message, in whichever order. */
static void messages(MvChannelHandle channel) {
    for (uint32_t id = 0; id < 3; id++) {
        bool is_answered = false, is_here = false;
        publish(channel, id, mv_text("hello"));
        while (!is_answered || !is_here) {
            struct MvMqttPublishResponse response;
            const enum MvMqttReadableDataType type = next_readable(channel);
            if (type == MV_MQTTREADABLEDATATYPE_PUBLISHRESPONSE) {
                OKAY(mvMqttReadPublishResponse(channel, &response));
                CHECK(response.request_state == MV_MQTTREQUESTSTATE_REQUESTCOMPLETED);
                CHECK(response.correlation_id == id && response.reason_code == 0);
                is_answered = true;
            } else {
                CHECK(type == MV_MQTTREADABLEDATATYPE_MESSAGERECEIVED);
                receive(channel, id);
                is_here = true;
            }
        }
    }
}

static void too_large(MvChannelHandle channel) {
    enum MvMqttLostMessageReason reason;
    uint8_t topic[16];
    uint32_t topic_length, length;
    const struct MvMqttLostMessageInfo info = {
        .reason = &reason,
        .topic = {.data = topic, .size = sizeof topic, .length = &topic_length},
        .message_len = &length};
    publish(channel, 100, (struct MvSizedString){.data = payload, .length = LARGE});
    for (bool is_lost = false, is_answered = false; !is_lost || !is_answered;) {
        struct MvMqttPublishResponse response;
        if (next_readable(channel) == MV_MQTTREADABLEDATATYPE_PUBLISHRESPONSE) {
            OKAY(mvMqttReadPublishResponse(channel, &response));
            is_answered = true;
        } else {
            OKAY(mvMqttReceiveLostMessageInfo(channel, &info));
            CHECK(reason == MV_MQTTLOSTMESSAGEREASON_DEVICERECEIVEBUFFERTOOSMALL);
            CHECK(topic_length == 7 && length == LARGE);
            is_lost = true;
        }
    }
}

static void unsubscribe(MvChannelHandle channel, bool is_version_5) {
    struct MvSizedString topics[9];
    enum MvMqttRequestState state;
    uint32_t id, codes[8], count;
    const struct MvMqttUnsubscribeResponse response = {.request_state = &state,
                                                       .correlation_id = &id,
                                                       .reason_codes = codes,
                                                       .reason_codes_size = sizeof codes,
                                                       .reason_codes_len = &count};
    for (uint32_t i = 0; i < 9; i++) topics[i] = mv_text(i ? "never" : "calls/0");
    struct MvMqttUnsubscribeRequest request = {
        .correlation_id = 78, .topics = topics, .num_topics = 9};
    ANSWERS(mvMqttRequestUnsubscribe(channel, &request), TOOMANYELEMENTS);
    request.num_topics = 2;
    OKAY(mvMqttRequestUnsubscribe(channel, &request));
    ANSWERS(mvMqttRequestUnsubscribe(channel, &request), RATELIMITED);
    CHECK(next_readable(channel) == MV_MQTTREADABLEDATATYPE_UNSUBSCRIBERESPONSE);
    OKAY(mvMqttReadUnsubscribeResponse(channel, &response));
    CHECK(state == MV_MQTTREQUESTSTATE_REQUESTCOMPLETED && id == 78 && count == 2);
    CHECK(codes[0] == 0 && codes[1] == (is_version_5 ? 0x11 : 0));
}

static void session(enum MvMqttProtocolVersion version) {
    const struct MvMqttConnectRequest request = connect_request(version);
    const bool is_version_5 = version == MV_MQTTPROTOCOLVERSION_V5;
    struct MvMqttDisconnectResponse over;
    enum MvMqttReadableDataType type;
    MvChannelHandle channel = open_channel();
    OKAY(mvMqttGetNextReadableDataType(channel, &type));
    CHECK(type == MV_MQTTREADABLEDATATYPE_NONE);
    OKAY(mvMqttRequestConnect(channel, &request));
    const struct MvMqttConnectResponse response = connected(channel);
    CHECK(response.request_state == MV_MQTTREQUESTSTATE_REQUESTCOMPLETED);
    CHECK(response.reason_code == 0);
    subscribe(channel, is_version_5);
    messages(channel);
    too_large(channel);
    unsubscribe(channel, is_version_5);
    OKAY(mvMqttRequestDisconnect(channel));
    CHECK(next_readable(channel) == MV_MQTTREADABLEDATATYPE_DISCONNECTRESPONSE);
    OKAY(mvMqttReadDisconnectResponse(channel, &over));
    CHECK(over.request_state == MV_MQTTREQUESTSTATE_REQUESTCOMPLETED);
    OKAY(mvMqttGetNextReadableDataType(channel, &type));
    CHECK(type == MV_MQTTREADABLEDATATYPE_NONE);
    OKAY(mvCloseChannel(&channel));
}

int main(void) {
    uint32_t hclk_hz;
    mv_expect(mvServerLoggingInit(log_buffer, sizeof log_buffer));
    mv_expect(mvGetHClk(&hclk_hz));
    mv_start_systick(hclk_hz, 16);
    connection = mv_connect(TIM2_IRQ);
    refused_connects();
    unreachable_broker();
    session(MV_MQTTPROTOCOLVERSION_V3_1_1);
    session(MV_MQTTPROTOCOLVERSION_V5);
    check_done("broker");
    for (;;) mv_wait_for_interrupt();
}
