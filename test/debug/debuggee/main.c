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

volatile uint32_t turn_reader;
volatile uint32_t wake_reason;

__attribute__((noinline)) void turns_done(uint32_t turn)
{
    if (turn_reader != turn)
        turn_reader = turn;
}

__attribute__((noinline)) void work(uint32_t turn)
{
    for (uint32_t i = 0; i < 10; i++)
        buffer[i] = (uint8_t)(turn + i);
    measure(&latest);
    descend(7);
    turns = turn;
    turns_done(turn);
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

volatile uint32_t calls;
volatile uint32_t chosen;

enum { NO_FAULT, SECURE_MEMORY, UNDEFINED, NOTHING_THERE, NOT_CODE, UNALIGNED, IN_HANDLER, IN_FLOAT_HANDLER };
volatile uint32_t fault_wanted;

/* With `IN_FLOAT_HANDLER` its own floats make the chip save those of `main` first. */
void SVC_Handler(void)
{
    calls++;
    if (fault_wanted == IN_FLOAT_HANDLER)
        __asm volatile(".fpu fpv5-sp-d16\nvmov.f32 s0, #7.0\n" ::: "memory");
    if (fault_wanted >= IN_HANDLER)
        __asm volatile("udf #7");
}

/* An IT block, the first instruction of which has a label of its own. */
__attribute__((noinline)) uint32_t choose(uint32_t a, uint32_t b)
{
    uint32_t larger;
    __asm volatile("cmp %1, %2\n"
                   "   itee hi\n"
                   ".global in_it_block\n.thumb_func\nin_it_block:\n"
                   "   movhi %0, %1\n"
                   "   movls %0, %2\n"
                   "   nopls\n"
                   : "=&r"(larger)
                   : "r"(a), "r"(b)
                   : "cc");
    return larger;
}

__attribute__((noinline)) void float_unit(void)
{
    *(volatile uint32_t *)0xe000ed88u |= 0xfu << 20;
    __asm volatile(".fpu fpv5-sp-d16\n"
                   "dsb\nisb\n"
                   "vmov.f32 s16, #1.5\n"
                   "vmov.f32 s17, #-2.0\n");
}

__attribute__((noinline)) void fault(uint32_t which)
{
    if (which == SECURE_MEMORY)
        *(volatile uint32_t *)0x30000000u = which;
    if (which == UNDEFINED)
        __asm volatile("udf #7");
    if (which == NOTHING_THERE)
        *(volatile uint32_t *)0x4fff0000u = which;
    if (which == NOT_CODE)
        ((void (*)(void))0x40000001u)();
    if (which == UNALIGNED)
        __asm volatile("ldrd r2, r3, [%0]" ::"r"(0x20000001u) : "r2", "r3");
}

int main(void)
{
    volatile uint32_t *const systick = (volatile uint32_t *)0xe000e010u;
    systick[1] = 40000u;
    systick[2] = 0;
    systick[0] = 7u;
    float_unit();
    enum MvWakeReason reason;
    if (mvGetWakeReason(&reason) == MV_STATUS_OKAY)
        wake_reason = reason;
    for (uint32_t turn = 1;; turn++) {
        uint64_t now;
        if (mvGetMicroseconds(&now) != MV_STATUS_OKAY)
            return 1;
        in_ram();
        work(turn);
        chosen = choose(turn, 5);
        __asm volatile("vmov.f32 s0, #5.0\n"
                       "svc 1");
        if (fault_wanted)
            fault(fault_wanted);
        __asm volatile("wfi");
    }
}
