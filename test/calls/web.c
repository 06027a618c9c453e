/*
 * HTTP: every method, what comes back, all that is refused before and after sending, and the limits.
 * The test puts the address of its server into `server`.
 */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "check.h"
#include "mv_network.h"
#include "mv_stm32u585.h"

#define TAG 1u
#define RECEIVE_BYTES 2048u
#define SEND_BYTES 1024u
#define TIMEOUT_MS 5000u

/* With room for another one: a test writes it into the image. */
static const char server[64] = "https://web.test";

static uint8_t log_buffer[4096] __attribute__((aligned(512)));
static uint8_t receive_buffer[RECEIVE_BYTES] __attribute__((aligned(512)));
static uint8_t send_buffer[SEND_BYTES] __attribute__((aligned(512)));
static struct MvConnection connection;

void TIM2_IRQHandler(void) {
}

void SysTick_Handler(void) {
}

/* Waits where eight opens a second were too many. */
static MvChannelHandle open_channel(void) {
    MvChannelHandle channel = 0;
    enum MvStatus status;
    do {
        status = mv_open_channel(
            connection, MV_CHANNELTYPE_HTTP, TAG,
            (struct MvSizedStringBuffer){.data = receive_buffer, .size = RECEIVE_BYTES},
            (struct MvSizedStringBuffer){.data = send_buffer, .size = SEND_BYTES}, &channel);
        if (status == MV_STATUS_RATELIMITED) mv_wait_for_interrupt();
    } while (status == MV_STATUS_RATELIMITED);
    OKAY(status);
    return channel;
}

static struct MvHttpRequest request_of(const char *method, const char *path) {
    static char url[128];
    snprintf(url, sizeof url, "%s%s", server, path);
    return (struct MvHttpRequest){
        .method = mv_text(method), .url = mv_text(url), .timeout_ms = TIMEOUT_MS};
}

static struct MvHttpResponseData answer_to(MvChannelHandle channel,
                                           const struct MvHttpRequest *request) {
    struct MvHttpResponseData response = {0};
    OKAY(mvSendHttpRequest(channel, request));
    ANSWERS(mvSendHttpRequest(channel, request), REQUESTALREADYSENT);
    CHECK(mv_next_event(TAG) == MV_EVENTTYPE_CHANNELDATAREADABLE);
    OKAY(mvReadHttpResponseData(channel, &response));
    ANSWERS(mvSendHttpRequest(channel, request), REQUESTALREADYSENT);
    return response;
}

/* What comes of a request: its result, or with OK the status. */
static uint32_t outcome_of(struct MvHttpRequest request) {
    MvChannelHandle channel = open_channel();
    const struct MvHttpResponseData response = answer_to(channel, &request);
    uint8_t byte;
    if (response.result != MV_HTTPRESULT_OK) {
        CHECK(response.num_headers == 0 && response.body_length == 0);
        ANSWERS(mvReadHttpResponseHeader(channel, 0, &byte, 1), INDEXINVALID);
    }
    OKAY(mvCloseChannel(&channel));
    return response.result == MV_HTTPRESULT_OK ? response.status_code : response.result;
}

static void methods(void) {
    static const char *const all[] = {"GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"};
    for (uint32_t i = 0; i < sizeof all / sizeof *all; i++) {
        struct MvHttpRequest request = request_of(all[i], "/any");
        const bool has_body = i == 2 || i == 3 || i == 5;
        if (has_body) request.body = mv_text("some content");
        MvChannelHandle channel = open_channel();
        const struct MvHttpResponseData response = answer_to(channel, &request);
        CHECK(response.result == MV_HTTPRESULT_OK && response.status_code == 200);
        char body[16] = {0};
        if (i == 1) {
            CHECK(response.body_length == 0);
        } else {
            CHECK(response.body_length == strlen(all[i]));
            OKAY(mvReadHttpResponseBody(channel, 0, (uint8_t *)body, sizeof body - 1));
            CHECK(strcmp(body, all[i]) == 0);
        }
        OKAY(mvCloseChannel(&channel));
    }
}

static bool has_header(MvChannelHandle channel, uint32_t count, const char *wanted) {
    for (uint32_t i = 0; i < count; i++) {
        char line[100] = {0};
        OKAY(mvReadHttpResponseHeader(channel, i, (uint8_t *)line, sizeof line - 1));
        if (strcmp(line, wanted) == 0) return true;
    }
    return false;
}

static void reading(void) {
    const struct MvHttpRequest request = request_of("GET", "/plain");
    struct MvHttpResponseData response;
    struct MvMqttConnectResponse other;
    MvChannelHandle channel = open_channel();
    uint8_t body[8];
    ANSWERS(mvReadHttpResponseData(channel, &response), RESPONSENOTPRESENT);
    ANSWERS(mvReadHttpResponseBody(channel, 0, body, 1), RESPONSENOTPRESENT);
    ANSWERS(mvReadHttpResponseHeader(channel, 0, body, 1), RESPONSENOTPRESENT);
    ANSWERS(mvMqttReadConnectResponse(channel, &other), INVALIDHANDLE);
    response = answer_to(channel, &request);
    CHECK(response.body_length == 10);
    CHECK(has_header(channel, response.num_headers, "x-served-by: the outside"));
    ANSWERS(mvReadHttpResponseHeader(channel, response.num_headers, body, 1), INDEXINVALID);
    for (uint32_t round = 0; round < 2; round++) {
        memset(body, '~', sizeof body);
        OKAY(mvReadHttpResponseBody(channel, 0, body, 5));
        CHECK(memcmp(body, "01234~~~", 8) == 0);
        OKAY(mvReadHttpResponseBody(channel, 5, body, 8));
        CHECK(memcmp(body, "56789~~~", 8) == 0);
    }
    ANSWERS(mvReadHttpResponseBody(channel, 11, body, 1), OFFSETINVALID);
    ANSWERS(mvReadHttpResponseBody(channel, 0, SECURE, 4), PARAMETERFAULT);
    OKAY(mvCloseChannel(&channel));
}

static void refused_before_sending(void) {
    struct MvHttpHeader headers[33];
    struct MvHttpRequest request = request_of("GET", "/plain");
    MvChannelHandle channel = open_channel();
    for (uint32_t i = 0; i < 33; i++)
        headers[i] = (struct MvHttpHeader){.length = 4, .data = (const uint8_t *)"a: b"};
    request.headers = headers;
    request.num_headers = 33;
    ANSWERS(mvSendHttpRequest(channel, &request), TOOMANYELEMENTS);
    request.num_headers = 32;
    request.body = (struct MvSizedString){.data = receive_buffer, .length = SEND_BYTES};
    ANSWERS(mvSendHttpRequest(channel, &request), INVALIDBUFFERSIZE);
    request.body = (struct MvSizedString){.data = SECURE, .length = 4};
    ANSWERS(mvSendHttpRequest(channel, &request), LATEFAULT);
    ANSWERS(mvSendHttpRequest(channel, SECURE), PARAMETERFAULT);
    OKAY(mvCloseChannel(&channel));
    request.body = (struct MvSizedString){0};
    CHECK(outcome_of(request) == 200);
}

static void refused_by_the_cloud(void) {
    struct MvHttpHeader header = {.length = 8, .data = (const uint8_t *)"no colon"};
    struct MvHttpRequest request = request_of("GET", "/plain");
    CHECK(outcome_of(request_of("GET", "/missing")) == 404);
    request.url = mv_text("http://web.test/plain");
    CHECK(outcome_of(request) == MV_HTTPRESULT_UNSUPPORTEDURISCHEME);
    CHECK(outcome_of(request_of("TRACE", "/plain")) == MV_HTTPRESULT_UNSUPPORTEDMETHOD);
    request = request_of("GET", "/plain");
    request.headers = &header;
    request.num_headers = 1;
    CHECK(outcome_of(request) == MV_HTTPRESULT_INVALIDHEADERS);
    request.num_headers = 0;
    request.timeout_ms = 4999;
    CHECK(outcome_of(request) == MV_HTTPRESULT_INVALIDTIMEOUT);
    request.timeout_ms = 10001;
    CHECK(outcome_of(request) == MV_HTTPRESULT_INVALIDTIMEOUT);
    CHECK(outcome_of(request_of("GET", "/large")) == MV_HTTPRESULT_RESPONSETOOLARGE);
    CHECK(outcome_of(request_of("GET", "/slow")) == MV_HTTPRESULT_REQUESTFAILED);
    request = request_of("GET", "/plain");
    request.url = mv_text("https://nowhere.invalid/");
    CHECK(outcome_of(request) == MV_HTTPRESULT_REQUESTFAILED);
}

int main(void) {
    uint32_t hclk_hz;
    mv_expect(mvServerLoggingInit(log_buffer, sizeof log_buffer));
    mv_expect(mvGetHClk(&hclk_hz));
    mv_start_systick(hclk_hz, 16);
    connection = mv_connect(TIM2_IRQ);
    methods();
    reading();
    refused_before_sending();
    refused_by_the_cloud();
    check_done("web");
    for (;;) mv_wait_for_interrupt();
}
