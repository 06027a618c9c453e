/* The clock of the test firmwares: HSI16 as system clock, every bus at 16 MHz. */
#ifndef CLOCK_H
#define CLOCK_H

#include "chip.h"

enum { CPU_HZ = 16000000 };

static inline void start_clock(void)
{
    RCC_CR |= BIT(8);
    while (!(RCC_CR & BIT(10))) {}
    RCC_CFGR1 = (RCC_CFGR1 & ~3u) | 1;
    while ((RCC_CFGR1 >> 2 & 3) != 1) {}
}

#endif
