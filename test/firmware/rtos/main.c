/*
 * Eight tasks on the kernel: a blinking light, a log, a console, a thermometer with its display on a
 * shared bus, two that compute in floating point and check that nobody disturbs them, and two that
 * need one mutex from both ends of the priorities while a third hogs the processor between them.
 */
#include <string.h>

#include "../common/chip.h"
#include "../common/clock.h"
#include "drivers.h"
#include "kernel.h"

enum { THERMOMETER = 0x18, DISPLAY = 0x70 };

struct message {
    char text[40];
};

QUEUE(log_queue, struct message, 8);
static struct mutex bus, resource;

/* What scenarios look at. */
volatile uint32_t blinks, presses, readings, bus_failures, float_rounds[2], float_errors;
volatile uint32_t longest_wait_ms, lent_priority, console_lines;
volatile int32_t temperature_sixteenths;

static char *put_text(char *at, const char *text)
{
    while (*text) *at++ = *text++;
    *at = 0;
    return at;
}

static char *put_number(char *at, int32_t value)
{
    char digits[12];
    int count = 0;
    uint32_t left = value < 0 ? (uint32_t)-value : (uint32_t)value;
    if (value < 0) *at++ = '-';
    do {
        digits[count++] = (char)('0' + left % 10);
        left /= 10;
    } while (left);
    while (count) *at++ = digits[--count];
    *at = 0;
    return at;
}

static void say(const char *text, int32_t value, const char *unit)
{
    struct message message;
    put_text(put_number(put_text(message.text, text), value), unit);
    queue_send(&log_queue, &message, 100);
}

static void logger(void *unused)
{
    (void)unused;
    struct message message;
    for (;;) {
        queue_receive(&log_queue, &message, FOREVER);
        serial_write(message.text);
        serial_write("\r\n");
    }
}

static void blinker(void *unused)
{
    (void)unused;
    uint32_t moment = kernel_ticks();
    for (;;) {
        pin_write(PORT_A, 5, blinks++ % 2 == 0);
        task_sleep_until(&moment, 250);
    }
}

/* A line with `status` is answered; the button is told of. */
static void console(void *unused)
{
    (void)unused;
    char line[16];
    uint32_t length = 0;
    for (;;) {
        uint8_t byte;
        if (semaphore_take(&button_pressed, 0)) say("button ", (int32_t)++presses, "");
        if (!serial_read(&byte, 20)) continue;
        if (byte != '\n' && byte != '\r') {
            if (length < sizeof line - 1) line[length++] = (char)byte;
            continue;
        }
        line[length] = 0;
        length = 0;
        console_lines++;
        if (!strcmp(line, "status")) say("readings ", (int32_t)readings, "");
        else say("unknown command, ", (int32_t)strlen(line), " characters");
    }
}

static const uint8_t segments[10] = {0x3F, 0x06, 0x5B, 0x4F, 0x66, 0x6D, 0x7D, 0x07, 0x7F, 0x6F};

/* Tens, ones with the point, tenths, and a C. */
static void show(int32_t sixteenths)
{
    int32_t tenths = sixteenths * 10 / 16;
    uint8_t rows[11] = {0};
    rows[1] = segments[tenths / 100 % 10];
    rows[3] = segments[tenths / 10 % 10] | 0x80;
    rows[7] = segments[tenths % 10];
    rows[9] = 0x39;
    mutex_lock(&bus);
    if (!i2c_transfer(DISPLAY, rows, sizeof rows, NULL, 0)) bus_failures++;
    mutex_unlock(&bus);
}

static void thermometer(void *unused)
{
    (void)unused;
    static const uint8_t commands[] = {0x21, 0x81, 0xEF};
    uint32_t moment = kernel_ticks();
    mutex_lock(&bus);
    for (uint32_t i = 0; i < sizeof commands; i++) i2c_transfer(DISPLAY, &commands[i], 1, NULL, 0);
    mutex_unlock(&bus);
    for (;;) {
        static const uint8_t ambient = 5;
        uint8_t bytes[2];
        mutex_lock(&bus);
        int is_read = i2c_transfer(THERMOMETER, &ambient, 1, bytes, 2);
        mutex_unlock(&bus);
        if (is_read) {
            uint32_t raw = (uint32_t)(bytes[0] & 0x1F) << 8 | bytes[1];
            int32_t now = (int32_t)(raw << 19) >> 19;
            if (now != temperature_sixteenths) say("temperature ", now * 10 / 16, " tenths");
            temperature_sixteenths = now;
            readings++;
            show(now);
        } else {
            bus_failures++;
        }
        task_sleep_until(&moment, 100);
    }
}

/* Sums a series again and again; the sum is the same unless somebody spoils the registers. */
static void floats(void *argument)
{
    uint32_t which = (uint32_t)argument;
    float first = 0;
    for (;;) {
        float sum = 0, sign = 1;
        for (int i = 0; i < 2000; i++) {
            sum += sign / (float)(which ? i * i + 1 : 2 * i + 1);
            sign = -sign;
        }
        if (float_rounds[which]++ == 0) first = sum;
        else if (sum != first) float_errors++;
        if (float_rounds[which] == 1) say(which ? "series one x1000 " : "pi/4 x1000 ", (int32_t)(sum * 1000), "");
        if (float_rounds[which] % 8 == 0) task_sleep(2);
    }
}

/* Holds the resource for a while of work; without inheritance the others would keep it from working. */
static void low(void *unused)
{
    (void)unused;
    for (;;) {
        mutex_lock(&resource);
        uint32_t start = kernel_ticks();
        while (kernel_ticks() - start < 5) {
            if (task_priority() > lent_priority) lent_priority = task_priority();
        }
        mutex_unlock(&resource);
        task_sleep(10);
    }
}

static void high(void *unused)
{
    (void)unused;
    uint32_t moment = kernel_ticks();
    for (;;) {
        task_sleep_until(&moment, 33);
        uint32_t start = kernel_ticks();
        mutex_lock(&resource);
        uint32_t waited = kernel_ticks() - start;
        mutex_unlock(&resource);
        if (waited > longest_wait_ms) longest_wait_ms = waited;
    }
}

#define TASK(function, argument, priority)                                                         \
    do {                                                                                           \
        static uint32_t stack[256];                                                                \
        task_create(#function, function, (void *)(argument), priority, stack, 256);                \
    } while (0)

int main(void)
{
    start_clock();
    RCC_AHB2ENR1 |= BIT(PORT_A);
    pin_mode(PORT_A, 5, MODE_OUTPUT);
    serial_start();
    i2c_start();
    button_start();
    TASK(high, 0, 6);
    TASK(blinker, 0, 5);
    TASK(console, 0, 4);
    TASK(thermometer, 0, 4);
    TASK(logger, 0, 3);
    TASK(floats, 0, 2);
    TASK(floats, 1, 2);
    TASK(low, 0, 1);
    say("kernel with ", 8, " tasks");
    kernel_start(CPU_HZ);
}
