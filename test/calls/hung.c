/* A fast interrupt whose handler does not end: the microvisor stops the application for it. */
#include <stdint.h>

#include "mv_log.h"
#include "mv_stm32u585.h"

#define CR1 ((volatile uint32_t *)0x40004400)
#define CR1_SEND 0x89u

static uint8_t log_buffer[1024] __attribute__((aligned(512)));

void USART2_IRQHandler(void) {
    for (;;) __asm volatile("nop");
}

int main(void) {
    mv_expect(mvServerLoggingInit(log_buffer, sizeof log_buffer));
    mv_log("about to hang");
    mv_expect(mvPeriphPoke32(0x46020C9C, 1u << 17, 1u << 17));
    mv_expect(mvSetFastInterrupt(USART2_IRQ));
    mv_expect(mvEnableFastInterrupt(USART2_IRQ));
    *CR1 = CR1_SEND;
    for (;;) __asm volatile("nop");
}
