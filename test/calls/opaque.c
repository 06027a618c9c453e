/*
 * Opaque channels: their buffers, bytes to an endpoint and back through buffers that are much too
 * small for them, lines to the log, the limits on opening, and the ends.
 */
#include <stdint.h>
#include <string.h>

#include "check.h"
#include "mv_network.h"
#include "mv_stm32u585.h"

#define TAG 1u
#define TOTAL 3000u
#define RECEIVE_BYTES 16u
#define SEND_BYTES 512u

static uint8_t log_buffer[4096] __attribute__((aligned(512)));
static uint8_t send_buffers[5][SEND_BYTES] __attribute__((aligned(512)));
static uint8_t receive_buffers[5][32] __attribute__((aligned(512)));
static uint32_t ticks;

void TIM2_IRQHandler(void) {
}

void SysTick_Handler(void) {
    ticks++;
}

/* Its receive buffer is neither aligned nor a multiple of anything. */
static struct MvOpenChannelParams params(struct MvConnection connection, uint32_t number,
                                         const char *endpoint) {
    return (struct MvOpenChannelParams){
        .version = 1,
        .v1 = {.notification_handle = connection.center,
               .notification_tag = TAG + number,
               .network_handle = connection.network,
               .receive_buffer = receive_buffers[number] + 3,
               .receive_buffer_len = RECEIVE_BYTES,
               .send_buffer = send_buffers[number],
               .send_buffer_len = SEND_BYTES,
               .channel_type = MV_CHANNELTYPE_OPAQUEBYTES,
               .endpoint = mv_text(endpoint)}};
}

/* Eight opens a second are allowed, whether they succeed or not. */
static void calm_down(void) {
    for (uint32_t began = ticks; ticks - began < 12;) mv_wait_for_interrupt();
}

static void refusals(struct MvConnection connection) {
    struct MvOpenChannelParams wrong = params(connection, 0, "nowhere");
    MvChannelHandle channel;
    ANSWERS(mvOpenChannel(&wrong, &channel), UNKNOWNCHANNELENDPOINT);
    wrong = params(connection, 0, "");
    ANSWERS(mvOpenChannel(&wrong, &channel), UNKNOWNCHANNELENDPOINT);
    wrong = params(connection, 0, "echo");
    wrong.v1.send_buffer += 8;
    ANSWERS(mvOpenChannel(&wrong, &channel), INVALIDBUFFERALIGNMENT);
    wrong = params(connection, 0, "echo");
    wrong.v1.send_buffer_len = 500;
    ANSWERS(mvOpenChannel(&wrong, &channel), INVALIDBUFFERSIZE);
    wrong = params(connection, 0, "echo");
    wrong.v1.receive_buffer_len = 0;
    ANSWERS(mvOpenChannel(&wrong, &channel), INVALIDBUFFERSIZE);
    wrong = params(connection, 0, "echo");
    wrong.v1.receive_buffer = SECURE;
    ANSWERS(mvOpenChannel(&wrong, &channel), PARAMETERFAULT);
    wrong = params(connection, 0, "echo");
    wrong.v1.channel_type = (enum MvChannelType)9;
    ANSWERS(mvOpenChannel(&wrong, &channel), UNKNOWNCHANNELTYPE);
    wrong = params(connection, 0, "echo");
    wrong.version = 2;
    ANSWERS(mvOpenChannel(&wrong, &channel), UNSUPPORTEDSTRUCTUREVERSION);
    calm_down();
}

static uint8_t byte_at(uint32_t index) {
    return (uint8_t)(index * 31 + (index >> 8));
}

/* As much as fits; how much that was. */
static uint32_t write_more(MvChannelHandle channel, uint32_t sent) {
    uint8_t piece[700];
    uint32_t length = TOTAL - sent < sizeof piece ? TOTAL - sent : sizeof piece, written = 0;
    for (uint32_t i = 0; i < length; i++) piece[i] = byte_at(sent + i);
    OKAY(mvWriteChannelStream(channel, piece, length, &written));
    CHECK(written <= SEND_BYTES && written <= length);
    return written;
}

static uint32_t read_more(MvChannelHandle channel, uint32_t received, const uint8_t *buffer) {
    uint8_t *at;
    uint32_t length;
    OKAY(mvReadChannel(channel, &at, &length));
    CHECK(length <= RECEIVE_BYTES);
    if (length == 0) return 0;
    CHECK(at >= buffer && at + length <= buffer + RECEIVE_BYTES);
    uint32_t wrong = 0;
    for (uint32_t i = 0; i < length; i++) wrong += at[i] != byte_at(received + i);
    CHECK(wrong == 0);
    OKAY(mvReadChannelComplete(channel, length));
    return length;
}

static void echo(struct MvConnection connection) {
    const struct MvOpenChannelParams open = params(connection, 0, "echo");
    MvChannelHandle channel, stale;
    enum MvClosureReason reason;
    uint32_t sent = 0, received = 0, available, space_events = 0;
    OKAY(mvOpenChannel(&open, &channel));
    stale = channel;
    OKAY(mvWriteChannel(channel, send_buffers[1], 0, &available));
    CHECK(available == SEND_BYTES);
    ANSWERS(mvWriteChannel(channel, send_buffers[1], SEND_BYTES + 1, &available), INVALIDBUFFERSIZE);
    CHECK(available == SEND_BYTES);
    ANSWERS(mvWriteChannel(channel, SECURE, 4, &available), PARAMETERFAULT);
    sent += write_more(channel, sent);
    CHECK(sent == SEND_BYTES);
    while (received < TOTAL) {
        const enum MvEventType event = mv_next_event(TAG);
        CHECK(event == MV_EVENTTYPE_CHANNELDATAREADABLE || event == MV_EVENTTYPE_CHANNELDATAWRITESPACE);
        if (event == MV_EVENTTYPE_CHANNELDATAWRITESPACE) space_events++;
        for (uint32_t count; (count = read_more(channel, received, receive_buffers[0] + 3));)
            received += count;
        while (sent < TOTAL) {
            const uint32_t count = write_more(channel, sent);
            if (count == 0) break;
            sent += count;
        }
    }
    CHECK(sent == TOTAL && space_events > 0);
    OKAY(mvGetChannelClosureReason(channel, &reason));
    CHECK(reason == MV_CLOSUREREASON_NONE);
    OKAY(mvCloseChannel(&channel));
    CHECK(channel == 0);
    ANSWERS(mvCloseChannel(&channel), INVALIDHANDLE);
    ANSWERS(mvReadChannelComplete(stale, 1), INVALIDHANDLE);
}

static void lines_for_the_log(struct MvConnection connection) {
    const struct MvOpenChannelParams open = params(connection, 0, "log");
    static const char text[] = "a line through a channel\nanother one\nand one without an end";
    MvChannelHandle channel;
    uint32_t available;
    OKAY(mvOpenChannel(&open, &channel));
    OKAY(mvWriteChannel(channel, (const uint8_t *)text, sizeof text - 1, &available));
    CHECK(available == SEND_BYTES - (sizeof text - 1));
    /* Taken all the same. */
    ANSWERS(mvWriteChannel(channel, (const uint8_t *)"!", 1, SECURE), LATEFAULT);
    for (;;) {
        OKAY(mvWriteChannel(channel, (const uint8_t *)"", 0, &available));
        if (available == SEND_BYTES) break;
        mv_wait_for_interrupt();
    }
    OKAY(mvCloseChannel(&channel));
}

static void limits(struct MvConnection connection) {
    MvChannelHandle channels[4], another;
    calm_down();
    for (uint32_t i = 0; i < 4; i++) {
        const struct MvOpenChannelParams open = params(connection, i, "echo");
        OKAY(mvOpenChannel(&open, &channels[i]));
    }
    const struct MvOpenChannelParams open = params(connection, 4, "echo");
    ANSWERS(mvOpenChannel(&open, &another), TOOMANYCHANNELS);
    OKAY(mvCloseChannel(&channels[0]));
    for (uint32_t i = 5; i < 8; i++) {
        OKAY(mvOpenChannel(&open, &channels[0]));
        OKAY(mvCloseChannel(&channels[0]));
    }
    ANSWERS(mvOpenChannel(&open, &another), RATELIMITED);
    calm_down();
    OKAY(mvOpenChannel(&open, &channels[0]));
    for (uint32_t i = 0; i < 4; i++) OKAY(mvCloseChannel(&channels[i]));
}

int main(void) {
    uint32_t hclk_hz;
    mv_expect(mvServerLoggingInit(log_buffer, sizeof log_buffer));
    mv_expect(mvGetHClk(&hclk_hz));
    mv_start_systick(hclk_hz, 10);
    const struct MvConnection connection = mv_connect(TIM2_IRQ);
    refusals(connection);
    echo(connection);
    lines_for_the_log(connection);
    limits(connection);
    check_done("opaque");
    for (;;) mv_wait_for_interrupt();
}
