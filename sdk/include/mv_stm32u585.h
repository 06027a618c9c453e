/*
 * The few registers of the STM32U585 that the samples use, at their non-secure addresses (RM0456;
 * Armv8-M ARM for SysTick and NVIC). A project with its own device header does not need this one.
 */
#ifndef MV_STM32U585_H
#define MV_STM32U585_H

#include <stdint.h>

#include "mv_interrupts.h"

struct MvGpio {
    volatile uint32_t MODER, OTYPER, OSPEEDR, PUPDR, IDR, ODR, BSRR, LCKR, AFR[2], BRR;
};
#define GPIOA ((struct MvGpio *)0x42020000)

struct MvSysTick {
    volatile uint32_t CTRL, LOAD, VAL, CALIB;
};
#define SYSTICK ((struct MvSysTick *)0xE000E010)
#define SYSTICK_CTRL_ENABLE (1u << 0)
#define SYSTICK_CTRL_TICKINT (1u << 1)
#define SYSTICK_CTRL_CLKSOURCE (1u << 2)

#define NVIC_ISER ((volatile uint32_t *)0xE000E100)
#define NVIC_ICPR ((volatile uint32_t *)0xE000E280)

/* Registers of RCC, which an application reaches through mvPeriphPeek32 and mvPeriphPoke32 only. */
#define RCC_AHB2ENR1 0x46020C8Cu
#define RCC_AHB2ENR1_GPIOAEN (1u << 0)

/* Forgets what may be pending from before, then lets the interrupt in. */
static inline void mv_enable_interrupt(enum MvInterrupt irq) {
    NVIC_ICPR[irq / 32] = 1u << (irq % 32);
    NVIC_ISER[irq / 32] = 1u << (irq % 32);
}

/* An interrupt every 1/per_second seconds: SysTick_Handler. The counter has 24 bits. */
static inline void mv_start_systick(uint32_t hclk_hz, uint32_t per_second) {
    SYSTICK->LOAD = hclk_hz / per_second - 1;
    SYSTICK->VAL = 0;
    SYSTICK->CTRL = SYSTICK_CTRL_CLKSOURCE | SYSTICK_CTRL_TICKINT | SYSTICK_CTRL_ENABLE;
}

/* Sleeps until there is an interrupt. */
static inline void mv_wait_for_interrupt(void) {
    __asm volatile("wfi" ::: "memory");
}

#endif
