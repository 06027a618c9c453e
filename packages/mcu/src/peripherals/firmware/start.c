/* Vector table and start-up: RAM is cleared, then main. */
#include "chip.h"

extern uint32_t stack_top, bss_start, bss_end;
int main(void);
void i2c1_event(void);
void spi1(void);

static void reset(void)
{
	for (uint32_t *word = &bss_start; word < &bss_end; word++)
		*word = 0;
	main();
	for (;;)
		;
}

static void stuck(void)
{
	for (;;)
		;
}

__attribute__((section(".vectors"), used)) void *const vectors[16 + 126] = {
	[0] = &stack_top, [1] = reset, [2 ... 15] = stuck,
	[16 + 55] = i2c1_event, [16 + 59] = spi1,
};
