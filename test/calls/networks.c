/*
 * Stays connected while the networks around it come and go: it loses the cable with a wrong Wi-Fi
 * password set, sets the right one, and is then handed from network to network. After each loss it
 * says, once connected again, how the networks had changed.
 */
#include <stdint.h>

#include "check.h"
#include "mv_network.h"
#include "mv_stm32u585.h"

#define SECOND 1000000u

static uint8_t log_buffer[2048] __attribute__((aligned(512)));
static struct MvConnection connection;

void TIM2_IRQHandler(void) {
}

void SysTick_Handler(void) {
}

static void join(const char *password) {
    const struct MvWifiConfig config = {.version = 1,
                                        .v1 = {.config_mode = MV_WIFICONFIGMODE_APPLYNOW,
                                               .wifi_ssid = mv_text("home"),
                                               .wifi_password = mv_text(password)}};
    OKAY(mvSetWifiConfig(&config));
}

static bool is_connected(void) {
    enum MvNetworkStatus status;
    OKAY(mvGetNetworkStatus(connection.network, &status));
    /* The application wants the network. */
    CHECK(status != MV_NETWORKSTATUS_DELIBERATELYOFFLINE);
    return status == MV_NETWORKSTATUS_CONNECTED;
}

static void wait_until_connected(bool wanted) {
    while (is_connected() != wanted) mv_wait_for_interrupt();
}

static void wait(uint32_t seconds) {
    uint64_t from, now;
    OKAY(mvGetMicroseconds(&from));
    do {
        mv_wait_for_interrupt();
        OKAY(mvGetMicroseconds(&now));
    } while (now - from < (uint64_t)seconds * SECOND);
}

int main(void) {
    uint32_t hclk_hz;
    static const char *const changes[] = {"the mobile network", "an outage", "the cable"};
    mv_expect(mvServerLoggingInit(log_buffer, sizeof log_buffer));
    mv_expect(mvGetHClk(&hclk_hz));
    mv_start_systick(hclk_hz, 4);
    connection = mv_connect(TIM2_IRQ);
    join("wrong");
    mv_log("connected; pull the cable");
    wait_until_connected(false);
    wait(60);
    CHECK(!is_connected());
    join("secret");
    wait_until_connected(true);
    mv_log("connected after the right password");
    for (uint32_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        wait_until_connected(false);
        wait_until_connected(true);
        mv_log("connected after %s", changes[i]);
    }
    check_done("networks");
    for (;;) mv_wait_for_interrupt();
}
