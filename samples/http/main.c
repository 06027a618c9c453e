/*
 * Fetches a page over HTTPS every ten seconds, and logs what came back. The cloud does the request;
 * the device only sends it what to ask and gets the answer.
 */
#include <stdint.h>
#include <string.h>

#include "mv_log.h"
#include "mv_network.h"
#include "mv_stm32u585.h"

#define TAG 1u
#define TICKS_PER_SECOND 16u
#define PERIOD_SECONDS 10u

/* With room for another one: a test writes it into the image. */
static const char url[128] = "https://example.com/";

static uint8_t log_buffer[4096] __attribute__((aligned(512)));
static uint8_t receive_buffer[4096] __attribute__((aligned(512)));
static uint8_t send_buffer[1024] __attribute__((aligned(512)));
static volatile uint32_t ticks;

/* The timer itself is not used, so its interrupt is free for notifications. */
void TIM2_IRQHandler(void) {
}

void SysTick_Handler(void) {
    ticks++;
}

static void log_headers(MvChannelHandle channel, uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        /* The call tells no length: the line ends where the zeros begin. */
        char line[120] = {0};
        mv_expect(mvReadHttpResponseHeader(channel, i, (uint8_t *)line, sizeof line - 1));
        mv_log("header: %s", line);
    }
}

static void log_body(MvChannelHandle channel, uint32_t length) {
    char text[81] = {0};
    mv_expect(mvReadHttpResponseBody(channel, 0, (uint8_t *)text, sizeof text - 1));
    mv_log("body, %lu bytes: %s", (unsigned long)length, text);
}

static void log_response(MvChannelHandle channel) {
    struct MvHttpResponseData response;
    enum MvStatus status = mvReadHttpResponseData(channel, &response);
    if (status != MV_STATUS_OKAY) {
        enum MvClosureReason reason;
        mv_expect(mvGetChannelClosureReason(channel, &reason));
        mv_log("no response: status %u, closure reason %u", (unsigned)status, (unsigned)reason);
        return;
    }
    mv_log("result %u, HTTP status %lu", (unsigned)response.result,
           (unsigned long)response.status_code);
    if (response.result != MV_HTTPRESULT_OK) return;
    log_headers(channel, response.num_headers);
    log_body(channel, response.body_length);
}

static void fetch(struct MvConnection connection) {
    const struct MvSizedString accept = mv_text("Accept: text/*");
    const struct MvHttpHeader header = {.length = accept.length, .data = accept.data};
    const struct MvHttpRequest request = {.method = mv_text("GET"),
                                          .url = mv_text(url),
                                          .num_headers = 1,
                                          .headers = &header,
                                          .timeout_ms = 10000};
    MvChannelHandle channel;
    enum MvStatus status = mv_open_channel(
        connection, MV_CHANNELTYPE_HTTP, TAG,
        (struct MvSizedStringBuffer){.data = receive_buffer, .size = sizeof receive_buffer},
        (struct MvSizedStringBuffer){.data = send_buffer, .size = sizeof send_buffer}, &channel);
    if (status != MV_STATUS_OKAY) {
        mv_log("no channel: status %u", (unsigned)status);
        return;
    }
    status = mvSendHttpRequest(channel, &request);
    if (status == MV_STATUS_OKAY) {
        /* Readable, or closed: reading tells which. */
        mv_next_event(TAG);
        log_response(channel);
    } else {
        mv_log("request refused: status %u", (unsigned)status);
    }
    /* A channel carries one request. */
    mv_expect(mvCloseChannel(&channel));
}

int main(void) {
    uint32_t hclk_hz;
    mv_expect(mvServerLoggingInit(log_buffer, sizeof log_buffer));
    mv_expect(mvGetHClk(&hclk_hz));
    mv_start_systick(hclk_hz, TICKS_PER_SECOND);
    const struct MvConnection connection = mv_connect(TIM2_IRQ);
    mv_log("http: fetching %s", url);
    for (;;) {
        const uint32_t began = ticks;
        fetch(connection);
        while (ticks - began < PERIOD_SECONDS * TICKS_PER_SECOND) mv_wait_for_interrupt();
    }
}
