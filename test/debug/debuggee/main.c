/* The application that the debugger's tests look into: a bit of everything that GDB has words for. */
#include <stdint.h>

#include "mv_syscalls.h"

struct sample {
    int32_t temperature;
    uint32_t count;
    const char *unit;
};

volatile uint32_t ticks;
volatile uint32_t turns;
volatile int32_t total;
volatile float ratio;
volatile uint32_t interrupts;
struct sample latest = {.unit = "C"};
uint8_t buffer[64];

/* Eight frames deep. */
__attribute__((noinline)) int32_t descend(int32_t depth)
{
    volatile int32_t local = depth * 10;
    if (depth == 0)
        return local + 1;
    int32_t below = descend(depth - 1);
    return below + local;
}

__attribute__((noinline)) int32_t add(int32_t a, int32_t b)
{
    int32_t sum = a + b;
    total = sum;
    return sum;
}

__attribute__((noinline)) void measure(struct sample *sample)
{
    sample->count++;
    sample->temperature = add(sample->temperature, 3);
    ratio = (float)sample->temperature / 2.0f;
}

__attribute__((noinline)) void work(uint32_t turn)
{
    for (uint32_t i = 0; i < 10; i++)
        buffer[i] = (uint8_t)(turn + i);
    measure(&latest);
    descend(7);
    turns = turn;
}

/* In SRAM, for breakpoints there. */
__attribute__((noinline, section(".data.ramfunc"), long_call)) void in_ram(void)
{
    ticks++;
    ticks++;
}

void SysTick_Handler(void)
{
    interrupts++;
}

volatile uint32_t fault_wanted;

int main(void)
{
    volatile uint32_t *const systick = (volatile uint32_t *)0xe000e010u;
    systick[1] = 40000u;
    systick[2] = 0;
    systick[0] = 7u;
    for (uint32_t turn = 1;; turn++) {
        uint64_t now;
        if (mvGetMicroseconds(&now) != MV_STATUS_OKAY)
            return 1;
        in_ram();
        work(turn);
        if (fault_wanted)
            *(volatile uint32_t *)0x30000000u = turn;
        __asm volatile("wfi");
    }
}
