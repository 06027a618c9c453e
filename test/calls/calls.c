/*
 * Makes every system call that needs no channel, as an application would, and logs what was not as it
 * should be: one line for each group, and one at the end.
 */
#include <stdint.h>
#include <string.h>

#include "check.h"
#include "mv_stm32u585.h"
#include "mv_syscalls.h"

static uint8_t log_buffer[4096] __attribute__((aligned(512)));
static struct MvNotification records[4];
static volatile uint32_t notified, usart_interrupts, masked_interrupts;
static volatile enum MvStatus status_in_handler, old_call_in_handler;
void TIM2_IRQHandler(void) {
    notified++;
    if (notified > 1) return;
    enum MvWakeReason reason;
    uint32_t hz;
    status_in_handler = mvGetWakeReason(&reason);
    old_call_in_handler = mvGetHClk(&hz);
}

void USART2_IRQHandler(void) {
    usart_interrupts++;
    *(volatile uint32_t *)0x40004400 = 1;
}

static void device(void) {
    uint8_t id[36];
    uint32_t sysclk, hclk, pclk1, pclk2, enabled;
    uint64_t before, after, wall;
    memset(id, '?', sizeof id);
    OKAY(mvNoOp());
    OKAY(mvGetDeviceId(id, 34));
    CHECK(id[0] == 'U' && id[1] == 'V' && id[33] != '?' && id[34] == '?');
    ANSWERS(mvGetDeviceId(id, 36), INVALIDBUFFERSIZE);
    OKAY(mvGetSysClk(&sysclk));
    OKAY(mvGetHClk(&hclk));
    OKAY(mvGetPClk1(&pclk1));
    OKAY(mvGetPClk2(&pclk2));
    CHECK(sysclk >= hclk && hclk >= pclk1 && hclk >= pclk2 && pclk1 > 0 && pclk2 > 0);
    ANSWERS(mvGetHClk(SECURE), PARAMETERFAULT);
    ANSWERS(mvGetHClk(FLASH_ADDRESS), PARAMETERFAULT);
    ANSWERS(mvGetHClk((uint32_t *)0xFFFFFFFE), PARAMETERFAULT);
    ANSWERS(mvGetHClk((uint32_t *)0x42020000), PARAMETERFAULT);
    OKAY(mvGetMicroseconds(&before));
    OKAY(mvGetMicroseconds(&after));
    CHECK(after > before && after - before < 20);
    OKAY(mvGetWallTime(&wall));
    CHECK(wall > 1700000000000000u);
    OKAY(mvPeriphPoke32(0x46020CA4, 1u << 14, 1u << 14));
    OKAY(mvPeriphPeek32(0x46020CA4, &enabled));
    CHECK(enabled & 1u << 14);
    ANSWERS(mvPeriphPeek32(0x46020CA5, &enabled), PERIPHERALACCESSFAULT);
    ANSWERS(mvPeriphPoke32(0x46020C00, 1, 1), PERIPHERALACCESSFAULT);
    OKAY(mvSystemLedEnable(0));
    OKAY(mvSystemLedEnable(1));
    ANSWERS(mvPowerSave(MV_POWERSAVINGMODE_STOP2), MICROVISORBUSY);
    ANSWERS(mvDeepSleep(MV_DEEPSLEEPMODE_STANDBY), MICROVISORBUSY);
    ANSWERS(mvDeepSleep((enum MvDeepSleepMode)2), PARAMETERFAULT);
    ANSWERS(mvRestart((enum MvRestartMode)7), PARAMETERFAULT);
    ANSWERS(mvTestingComplete(0), UNAVAILABLE);
    ANSWERS(mvTestLoggingInit(log_buffer, 512), UNAVAILABLE);
    ANSWERS(mvTestLog(id, 1), UNAVAILABLE);
}

static MvNotificationHandle notifications(void) {
    struct MvNotificationSetup setup = {
        .irq = TIM5_IRQ, .buffer = records, .buffer_size = sizeof records};
    MvNotificationHandle center = 0, other = 0;
    ANSWERS(mvSetupNotifications(&setup, &center), INVALIDINTERRUPT);
    setup.irq = TIM2_IRQ;
    OKAY(mvSetupNotifications(&setup, &center));
    CHECK(center != 0);
    ANSWERS(mvSetupNotifications(&setup, &other), BUFFERALREADYINUSE);
    mv_enable_interrupt(TIM2_IRQ);
    for (uint32_t i = 0; i < 6; i++) OKAY(mvTempTriggerNotification(center, 0x77, i));
    CHECK(notified == 6);
    CHECK(records[0].tag == 4 && records[1].tag == 5 && records[2].tag == 2);
    CHECK(records[1].event_type == 0x77 && records[1].microseconds > records[2].microseconds);
    CHECK(status_in_handler == MV_STATUS_UNAVAILABLE);
    CHECK(old_call_in_handler == MV_STATUS_OKAY);
    ANSWERS(mvTempTriggerNotification((MvNotificationHandle)1, 1, 1), INVALIDHANDLE);
    return center;
}

static void network(MvNotificationHandle center) {
    struct MvRequestNetworkParams request = {
        .version = 1, .v1 = {.notification_handle = center, .notification_tag = 9}};
    MvNetworkHandle one, two;
    enum MvNetworkStatus status;
    enum MvNetworkReason reasons;
    uint32_t count;
    OKAY(mvGetNetworkReasons(&reasons, &count));
    CHECK(count == 0 && reasons & MV_NETWORKREASON_NEVERUSEDNETWORKAPI);
    OKAY(mvRequestNetwork(&request, &one));
    OKAY(mvRequestNetwork(&request, &two));
    OKAY(mvGetNetworkStatus(two, &status));
    CHECK(status == MV_NETWORKSTATUS_CONNECTED);
    OKAY(mvGetNetworkReasons(&reasons, &count));
    CHECK(count == 2 && reasons & MV_NETWORKREASON_USINGNETWORK);
    CHECK(!(reasons & MV_NETWORKREASON_NEVERUSEDNETWORKAPI));
    OKAY(mvReleaseNetwork(&two));
    CHECK(two == 0);
    ANSWERS(mvReleaseNetwork(&two), INVALIDHANDLE);
    request.version = 2;
    ANSWERS(mvRequestNetwork(&request, &two), UNSUPPORTEDSTRUCTUREVERSION);

    const struct MvOpenSystemNotificationParams source = {
        .notification_handle = center,
        .notification_source = MV_SYSTEMNOTIFICATIONSOURCE_UPDATE};
    MvSystemEventHandle events;
    OKAY(mvOpenSystemNotification(&source, &events));
    OKAY(mvCloseSystemNotification(&events));
    ANSWERS(mvCloseSystemNotification(&events), INVALIDHANDLE);
}

static void fast_interrupts(void) {
    volatile uint32_t *cr1 = (volatile uint32_t *)0x40004400;
    volatile uint32_t *vtor = (volatile uint32_t *)0xE000ED08;
    const uint32_t table = *vtor;
    OKAY(mvPeriphPoke32(0x46020C9C, 1u << 17, 1u << 17));
    ANSWERS(mvEnableFastInterrupt(USART2_IRQ), INVALIDINTERRUPT);
    ANSWERS(mvSetFastInterrupt(TIM2_IRQ), INVALIDINTERRUPT);
    ANSWERS(mvSetFastInterrupt(RNG_IRQ), INVALIDINTERRUPT);
    *vtor = 0x0C000000;
    ANSWERS(mvSetFastInterrupt(USART2_IRQ), INVALIDVECTOR);
    *vtor = table;
    OKAY(mvSetFastInterrupt(USART2_IRQ));
    *cr1 = 0x89;
    CHECK(usart_interrupts == 0);
    NVIC_ISER[USART2_IRQ / 32] = 1u << (USART2_IRQ % 32);
    CHECK(usart_interrupts == 0);
    OKAY(mvEnableFastInterrupt(USART2_IRQ));
    CHECK(usart_interrupts == 1);
    /* It does not wait for what masks others. */
    __asm volatile("cpsid i" ::: "memory");
    *cr1 = 0x89;
    __asm volatile("dsb\n\tisb" ::: "memory");
    masked_interrupts = usart_interrupts;
    __asm volatile("cpsie i" ::: "memory");
    CHECK(masked_interrupts == 2);
    OKAY(mvDisableAllFastInterrupts());
    *cr1 = 0x89;
    CHECK(usart_interrupts == 2);
    OKAY(mvEnableAllFastInterrupts());
    CHECK(usart_interrupts == 3);
    OKAY(mvDisableFastInterrupt(USART2_IRQ));
    OKAY(mvClearFastInterrupt(USART2_IRQ));
    ANSWERS(mvClearFastInterrupt(USART2_IRQ), INVALIDINTERRUPT);
}

static void wifi(void) {
    uint8_t ssid[32], encryption = 9;
    uint32_t length = 99;
    struct MvWifiConfig config = {
        .version = 1,
        .v1 = {.config_mode = MV_WIFICONFIGMODE_APPLYNOW,
               .wifi_ssid = {.data = (const uint8_t *)"home", .length = 4},
               .wifi_password = {.data = (const uint8_t *)"secret", .length = 6}}};
    struct MvWifiConfigOut out = {
        .version = 1,
        .v1 = {.ssid = {.data = ssid, .size = sizeof ssid, .length = &length},
               .has_encryption = &encryption}};
    OKAY(mvSetWifiConfig(&config));
    OKAY(mvGetWifiConfig(&out));
    CHECK(length == 4 && memcmp(ssid, "home", 4) == 0 && encryption == 1);
    config.v1.wifi_ssid.length = 33;
    ANSWERS(mvSetWifiConfig(&config), INPUTTOOLONG);
    config.v1.config_mode = MV_WIFICONFIGMODE_CLEARNOW;
    OKAY(mvSetWifiConfig(&config));
    OKAY(mvGetWifiConfig(&out));
    CHECK(length == 0 && encryption == 0);
}

static void external_flash(void) {
    static uint8_t written[300], read[300];
    MvExternalFlashHandle flash, stale;
    struct MvExternalFlashInfo info = {.version = 1};
    for (uint32_t i = 0; i < sizeof written; i++) written[i] = (uint8_t)(i * 7);
    OKAY(mvExternalFlashOpen(&flash));
    stale = flash;
    OKAY(mvExternalFlashGetInfo(flash, &info));
    CHECK(info.v1.size == 4 * 1024 * 1024 && info.v1.num_handles == 1);
    OKAY(mvExternalFlashEraseBlocking(flash, 8192, 4096));
    OKAY(mvExternalFlashWriteBlocking(flash, 8192 + 200, sizeof written, written));
    OKAY(mvExternalFlashReadBlocking(flash, 8192 + 200, sizeof read, read));
    CHECK(memcmp(written, read, sizeof read) == 0);
    ANSWERS(mvExternalFlashReadBlocking(flash, info.v1.size - 1, 2, read), ADDRESSOUTOFRANGE);
    ANSWERS(mvExternalFlashEraseBlocking(flash, 100, 4096), INVALIDBUFFERALIGNMENT);
    ANSWERS(mvExternalFlashReadBlocking(flash, 0, 16, SECURE), PARAMETERFAULT);
    OKAY(mvExternalFlashClose(&flash));
    CHECK(flash == 0);
    ANSWERS(mvExternalFlashReadBlocking(stale, 0, 16, read), INVALIDHANDLE);
}

int main(void) {
    uint8_t byte = 'x';
    ANSWERS(mvServerLog(&byte, 1), UNAVAILABLE);
    ANSWERS(mvServerLoggingInit(log_buffer + 8, 512), INVALIDBUFFERALIGNMENT);
    ANSWERS(mvServerLoggingInit(log_buffer, 500), INVALIDBUFFERSIZE);
    mv_expect(mvServerLoggingInit(log_buffer, sizeof log_buffer));
    ANSWERS(mvServerLog(log_buffer, 1025), LOGMESSAGETOOLONG);
    device();
    MvNotificationHandle center = notifications();
    network(center);
    fast_interrupts();
    wifi();
    external_flash();
    OKAY(mvCloseNotifications(&center));
    check_done("calls");
    for (;;) mv_wait_for_interrupt();
}
