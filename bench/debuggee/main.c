/* What `npm run bench -- debug` steps through, on a device and in QEMU: nothing but code and SRAM. */
#include <stdint.h>

extern uint32_t stack_top[];
int main(void);

static void reset(void)
{
    main();
    for (;;)
        ;
}

static void stuck(void)
{
    for (;;)
        ;
}

__attribute__((section(".vectors"), used)) static void (*const vectors[16])(void) = {
    (void (*)(void))stack_top, reset, stuck, stuck, stuck, stuck, stuck, stuck,
    stuck, stuck, stuck, stuck, stuck, stuck, stuck, stuck,
};

uint8_t buffer[4096];
volatile uint32_t turns;
volatile uint32_t total;

__attribute__((noinline)) uint32_t descend(uint32_t depth)
{
    volatile uint32_t local = depth * 10;
    if (depth == 0)
        return local + 1;
    return descend(depth - 1) + local;
}

__attribute__((noinline)) uint32_t add(uint32_t a, uint32_t b)
{
    uint32_t sum = a + b;
    return sum;
}

__attribute__((noinline)) void tick(uint32_t count)
{
    total = count;
}

__attribute__((noinline)) void work(uint32_t turn)
{
    uint32_t first = turn + 1;
    uint32_t second = add(first, 2);
    total = second;
    descend(7);
    for (uint32_t i = 1; i <= 100; i++)
        tick(i);
    turns = turn;
}

int main(void)
{
    for (uint32_t turn = 1;; turn++)
        work(turn);
}
