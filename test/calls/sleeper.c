/*
 * Goes through every way to sleep and to wake, one after the other: what it has done so far stands in
 * the backup registers, which outlive them all. It speaks over the serial log, since most of the time it
 * has no network. Deploy it with a check-in time, and press the button when it asks for that.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "mv_log.h"
#include "mv_stm32u585.h"

#define REG(address) (*(volatile uint32_t *)(address))
#define PWR_WUCR1 REG(0x46020814)
#define PWR_WUCR3 REG(0x4602081C)
#define PWR_WUSR REG(0x46020844)
#define PWR_WUSCR REG(0x46020848)
#define PWR_SR REG(0x46020838)
#define RTC_WUTR REG(0x46007814)
#define RTC_CR REG(0x46007818)
#define RTC_WPR REG(0x46007824)
#define RTC_SR REG(0x46007850)
#define RTC_SCR REG(0x4600785C)
#define RTC_CR_WUCKSEL_SECONDS 4u
#define RTC_CR_WUTE (1u << 10)
#define RTC_CR_WUTIE (1u << 14)
#define WUTF (1u << 2)
#define BACKUP(n) REG(0x46007D00 + 4 * (n))
#define USART2_BASE 0x40004400u
#define GPIOD ((struct MvGpio *)0x42020C00)

#define STAGE BACKUP(0)
#define CHECKS BACKUP(1)
#define FAILURES BACKUP(2)
#define WALL_SECONDS BACKUP(3)
#define CHECK(condition) check(condition, __LINE__, #condition)
#define SECOND 1000000u

enum { FROM_POWER_ON, FROM_RTC, FROM_PIN, FROM_CHECK_IN, FROM_SHUTDOWN };

static struct MvNotification records[8];
static MvNotificationHandle center;

void TIM2_IRQHandler(void) {
}

void SysTick_Handler(void) {
}

void RTC_IRQHandler(void) {
    RTC_SCR = WUTF;
    RTC_CR &= ~RTC_CR_WUTE;
}

static void start_serial(void) {
    uint32_t pclk1_hz;
    mv_expect(mvGetPClk1(&pclk1_hz));
    mv_expect(mvPeriphPoke32(0x46020C9C, 1u << 17, 1u << 17));
    mv_expect(mvPeriphPoke32(0x46020C8C, 1u << 3 | 1u << 2, 1u << 3 | 1u << 2));
    GPIOD->AFR[0] = (GPIOD->AFR[0] & ~(0xFu << 20)) | (7u << 20);
    GPIOD->MODER = (GPIOD->MODER & ~(3u << 10)) | (2u << 10);
    REG(USART2_BASE + 0x0C) = pclk1_hz / 115200;
    REG(USART2_BASE) = 1u | 1u << 3;
}

static void say(const char *text) {
    for (; *text; text++) {
        while (!(REG(USART2_BASE + 0x1C) & 1u << 7)) continue;
        REG(USART2_BASE + 0x28) = (uint8_t)*text;
    }
    while (!(REG(USART2_BASE + 0x1C) & 1u << 6)) continue;
}

static void check(bool is_good, int line, const char *what) {
    char text[120];
    CHECKS++;
    if (is_good) return;
    FAILURES++;
    snprintf(text, sizeof text, "FAILED line %d: %s\r\n", line, what);
    say(text);
}

static enum MvWakeReason wake_reason(void) {
    enum MvWakeReason reason;
    CHECK(mvGetWakeReason(&reason) == MV_STATUS_OKAY);
    return reason;
}

static uint64_t microseconds(void) {
    uint64_t now;
    CHECK(mvGetMicroseconds(&now) == MV_STATUS_OKAY);
    return now;
}

/* 0 while it is not known. */
static uint32_t wall_seconds(void) {
    uint64_t now;
    return mvGetWallTime(&now) == MV_STATUS_OKAY ? (uint32_t)(now / SECOND) : 0;
}

static void wake_by_rtc_in(uint32_t seconds) {
    RTC_WPR = 0xCA;
    RTC_WPR = 0x53;
    RTC_CR &= ~RTC_CR_WUTE;
    RTC_SCR = WUTF;
    RTC_WUTR = seconds - 1;
    RTC_CR = RTC_CR_WUTE | RTC_CR_WUTIE | RTC_CR_WUCKSEL_SECONDS;
}

/* The next start is that of `stage`. */
static void sleep_deeply(uint32_t stage, enum MvDeepSleepMode mode) {
    WALL_SECONDS = wall_seconds();
    STAGE = stage;
    enum MvStatus status;
    while ((status = mvDeepSleep(mode)) == MV_STATUS_MICROVISORBUSY) mv_wait_for_interrupt();
    CHECK(status == MV_STATUS_OKAY);
    for (;;) continue;
}

static enum MvNetworkStatus network_status(void) {
    const struct MvRequestNetworkParams request = {.version = 1,
                                                   .v1 = {.notification_handle = center}};
    MvNetworkHandle network;
    enum MvNetworkStatus status;
    CHECK(mvRequestNetwork(&request, &network) == MV_STATUS_OKAY);
    CHECK(mvGetNetworkStatus(network, &status) == MV_STATUS_OKAY);
    CHECK(mvReleaseNetwork(&network) == MV_STATUS_OKAY);
    return status;
}

static void refused_while_connected(void) {
    for (uint32_t mode = 0; mode <= MV_POWERSAVINGMODE_STOP3; mode++)
        CHECK(mvPowerSave((enum MvPowerSavingMode)mode) == MV_STATUS_MICROVISORBUSY);
    CHECK(mvDeepSleep(MV_DEEPSLEEPMODE_STANDBY) == MV_STATUS_MICROVISORBUSY);
    CHECK(mvDeepSleep(MV_DEEPSLEEPMODE_SHUTDOWN) == MV_STATUS_MICROVISORBUSY);
    CHECK(mvPowerSave((enum MvPowerSavingMode)5) == MV_STATUS_PARAMETERFAULT);
    CHECK(mvDeepSleep((enum MvDeepSleepMode)2) == MV_STATUS_PARAMETERFAULT);
}

static void save_power(void) {
    mv_enable_interrupt(RTC_IRQ);
    for (uint32_t mode = 0; mode <= MV_POWERSAVINGMODE_STOP3; mode++) {
        enum MvStatus status;
        SYSTICK->CTRL = 0;
        wake_by_rtc_in(2);
        const uint64_t before = microseconds();
        while ((status = mvPowerSave((enum MvPowerSavingMode)mode)) == MV_STATUS_MICROVISORBUSY)
            continue;
        CHECK(status == MV_STATUS_OKAY);
        const uint64_t slept = microseconds() - before;
        CHECK(slept > 19 * SECOND / 10 && slept < 21 * SECOND / 10);
        CHECK(!(RTC_SR & WUTF));
    }
    NVIC_ICPR[0] = 1u << RTC_IRQ;
    *(volatile uint32_t *)0xE000E180 = 1u << RTC_IRQ;
}

static void from_power_on(void) {
    while (!wall_seconds()) mv_wait_for_interrupt();
    refused_while_connected();
    CHECK(network_status() == MV_NETWORKSTATUS_CONNECTED);
    save_power();
    say("save\r\n");
    wake_by_rtc_in(5);
    sleep_deeply(FROM_RTC, MV_DEEPSLEEPMODE_STANDBY);
}

static void from_rtc(void) {
    CHECK(wake_reason() == MV_WAKEREASON_DEEPSLEEPAPPLICATIONRTC);
    CHECK(PWR_SR & 1u << 2);
    const uint32_t slept = wall_seconds() - WALL_SECONDS;
    CHECK(slept >= 4 && slept <= 6);
    CHECK(microseconds() < SECOND);
    RTC_SCR = WUTF;
    RTC_WPR = 0xCA;
    RTC_WPR = 0x53;
    RTC_CR &= ~RTC_CR_WUTE;
    PWR_WUCR3 = 1u << 2;
    PWR_WUCR1 = 1u << 1;
    say("press\r\n");
    sleep_deeply(FROM_PIN, MV_DEEPSLEEPMODE_STANDBY);
}

static void from_pin(void) {
    CHECK(wake_reason() == MV_WAKEREASON_DEEPSLEEPAPPLICATION);
    CHECK(PWR_WUSR == 1u << 1);
    PWR_WUCR1 = 0;
    PWR_WUSCR = 1u << 1;
    CHECK(wall_seconds() >= WALL_SECONDS);
    say("pin\r\n");
    sleep_deeply(FROM_CHECK_IN, MV_DEEPSLEEPMODE_STANDBY);
}

static void from_check_in(void) {
    enum MvNetworkReason reasons;
    uint32_t count;
    CHECK(wake_reason() == MV_WAKEREASON_DEEPSLEEPCHECKIN);
    CHECK(mvGetNetworkReasons(&reasons, &count) == MV_STATUS_OKAY);
    CHECK(reasons == MV_NETWORKREASON_MINIMUMCHECKINEXPIRED && count == 0);
    say("check-in\r\n");
    wake_by_rtc_in(5);
    sleep_deeply(FROM_SHUTDOWN, MV_DEEPSLEEPMODE_SHUTDOWN);
}

static void from_shutdown(void) {
    enum MvNetworkReason reasons;
    uint32_t count;
    char text[60];
    CHECK(wake_reason() == MV_WAKEREASON_COLDBOOT);
    CHECK(wall_seconds() == 0);
    CHECK(mvGetNetworkReasons(&reasons, &count) == MV_STATUS_OKAY);
    CHECK(reasons & MV_NETWORKREASON_RTCNOTSET && reasons & MV_NETWORKREASON_COLDBOOTCONNECTION);
    CHECK(!(PWR_SR & 1u << 2));
    snprintf(text, sizeof text, "sleeper: %lu checks, %lu failed\r\n", (unsigned long)CHECKS,
             (unsigned long)FAILURES);
    say(text);
    for (;;) mv_wait_for_interrupt();
}

int main(void) {
    const struct MvNotificationSetup setup = {
        .irq = TIM2_IRQ, .buffer = records, .buffer_size = sizeof records};
    uint32_t hclk_hz;
    start_serial();
    mv_expect(mvSetupNotifications(&setup, &center));
    mv_enable_interrupt(TIM2_IRQ);
    mv_expect(mvGetHClk(&hclk_hz));
    mv_start_systick(hclk_hz, 16);
    switch (STAGE) {
        case FROM_RTC: from_rtc(); break;
        case FROM_PIN: from_pin(); break;
        case FROM_CHECK_IN: from_check_in(); break;
        case FROM_SHUTDOWN: from_shutdown(); break;
        default: from_power_on();
    }
}
