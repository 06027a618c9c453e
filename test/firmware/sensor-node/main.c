/*
 * A sensor node: measures temperature, humidity and motion, shows them, remembers the extremes in
 * its EEPROM, and sleeps in between. A tap or the button wakes it and turns the display on for a
 * while; the log has a line for every reading.
 */
#include <string.h>

#include "../common/chip.h"
#include "../common/clock.h"
#include "sensors.h"

enum { SECONDS_BETWEEN_READINGS = 60, DISPLAY_SECONDS = 5 };

/* What scenarios look at. */
volatile uint32_t seconds, readings, taps, presses, failures, is_display_on;
volatile int32_t hottest_tenths;

static volatile uint32_t display_until;
static volatile int was_tapped, was_pressed;

static void log_text(const char *text)
{
    for (; *text; text++) {
        while (!(USART2_ISR & BIT(7))) {}
        USART2_TDR = (uint32_t)*text;
    }
}

static void log_number(int32_t value)
{
    char digits[12];
    int count = 0;
    if (value < 0) {
        log_text("-");
        value = -value;
    }
    do {
        digits[count++] = (char)('0' + value % 10);
        value /= 10;
    } while (value);
    while (count) {
        char text[2] = {digits[--count], 0};
        log_text(text);
    }
}

static void log_value(const char *name, int32_t value)
{
    log_text(name);
    log_number(value);
}

/* One second of sleep at a time: the tick is the only clock that runs. */
void SysTick_Handler(void)
{
    seconds++;
}

/* INT1 of the accelerometer, on PB4. */
void EXTI4_Handler(void)
{
    EXTI_RPR1 = BIT(4);
    was_tapped = 1;
}

void EXTI13_Handler(void)
{
    EXTI_RPR1 = BIT(13);
    was_pressed = 1;
}

static void start_wake_up_lines(void)
{
    RCC_APB3ENR |= BIT(1);
    pin_mode(PORT_B, 4, MODE_INPUT);
    pin_mode(PORT_C, 13, MODE_INPUT);
    EXTI_EXTICR(1) = (EXTI_EXTICR(1) & ~0xFFu) | PORT_B;
    EXTI_EXTICR(3) = (EXTI_EXTICR(3) & ~0xFF00u) | PORT_C << 8;
    EXTI_RTSR1 |= BIT(4) | BIT(13);
    EXTI_IMR1 |= BIT(4) | BIT(13);
    enable_interrupt(IRQ_EXTI4, 0x40);
    enable_interrupt(IRQ_EXTI13, 0x40);
}

static void take_reading(void)
{
    struct climate climate;
    if (!read_climate(&climate)) {
        failures++;
        log_text("sensor does not answer\r\n");
        return;
    }
    readings++;
    log_value("reading ", (int32_t)readings);
    log_value(": ", climate.celsius_tenths);
    log_value(" tenths C, ", climate.percent);
    log_value(" %, ", climate.hectopascal);
    log_text(" hPa\r\n");
    if (climate.celsius_tenths > hottest_tenths) {
        hottest_tenths = climate.celsius_tenths;
        if (!store_hottest(hottest_tenths)) failures++;
    }
    if (is_display_on) show_climate(&climate);
}

static void show_for_a_while(const char *why)
{
    struct climate climate;
    log_text(why);
    display_until = seconds + DISPLAY_SECONDS;
    is_display_on = 1;
    switch_display(1);
    if (read_climate(&climate)) show_climate(&climate);
}

int main(void)
{
    start_clock();
    RCC_AHB2ENR1 |= BIT(PORT_A) | BIT(PORT_B) | BIT(PORT_C) | BIT(PORT_D);
    RCC_APB1ENR1 |= BIT(17) | BIT(21);
    pin_mode(PORT_A, 5, MODE_OUTPUT);
    pin_alternate(PORT_D, 5, 7);
    USART2_BRR = (CPU_HZ + 57600) / 115200;
    USART2_CR1 = 9;
    start_sensors();
    start_wake_up_lines();
    hottest_tenths = recall_hottest();
    log_value("sensor node, hottest so far ", hottest_tenths);
    log_text(" tenths C\r\n");
    SYST_RVR = CPU_HZ - 1;
    SYST_CVR = 0;
    SYST_CSR = 7;
    uint32_t next = 0;
    for (;;) {
        if (seconds >= next) {
            pin_write(PORT_A, 5, 1);
            take_reading();
            pin_write(PORT_A, 5, 0);
            next += SECONDS_BETWEEN_READINGS;
        }
        if (was_tapped) {
            was_tapped = 0;
            taps++;
            clear_tap();
            show_for_a_while("tap\r\n");
        }
        if (was_pressed) {
            was_pressed = 0;
            presses++;
            show_for_a_while("button\r\n");
        }
        if (is_display_on && seconds >= display_until) {
            is_display_on = 0;
            switch_display(0);
        }
        /* What comes between the looks above and here is not slept through. */
        __asm volatile("cpsid i");
        if (!was_tapped && !was_pressed && seconds < next) __asm volatile("wfi");
        __asm volatile("cpsie i");
    }
}
