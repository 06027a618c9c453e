/*
 * Clock tree, SysTick, a PWM, a serial port by DMA, a button's interrupt, DMA errors and the watchdog,
 * set up as ST's drivers do. With WORK it only computes, for measurements: LOAD adds four timers
 * with interrupts and a serial port that DMA feeds for ever.
 */
#include <stdint.h>

#define REG(address) (*(volatile uint32_t *)(address))
#define RCC(offset) REG(0x46020c00 + (offset))
#define GPDMA(channel, offset) REG(0x40020050 + 0x80 * (channel) + (offset))
#define GPIOA(offset) REG(0x42020000 + (offset))
#define GPIOC(offset) REG(0x42020800 + (offset))
#define USART1(offset) REG(0x40013800 + (offset))
#define TIM(n, offset) REG(0x40000000 + 0x400 * ((n) - 2) + (offset))
#define EXTI(offset) REG(0x46022000 + (offset))
#define NVIC_ISER(n) REG(0xe000e100 + 4 * (n))

extern uint32_t stack_top;
int main(void);

__attribute__((section(".bss.result"))) volatile uint32_t results[16];
static const char text[] = "sixteen letters!";

static void stuck(void)
{
	for (;;)
		;
}

static void systick(void)
{
	results[1]++;
}

static void dma0(void)
{
	results[2] = GPDMA(0, 0x10);
	GPDMA(0, 0x0c) = 0x7f00;
#ifdef WORK
	GPDMA(0, 0x48) = sizeof text - 1;
	GPDMA(0, 0x4c) = (uint32_t)text;
	GPDMA(0, 0x14) = 1 | 1 << 8;
#endif
}

static void button(void)
{
	EXTI(0x0c) = 1 << 13;
	results[3]++;
}

static void timer(int n)
{
	TIM(n, 0x10) = ~1u;
	results[8 + n]++;
}
static void tim2(void) { timer(2); }
static void tim3(void) { timer(3); }
static void tim4(void) { timer(4); }
static void tim6(void) { timer(6); }

__attribute__((section(".vectors"), used)) void *const vectors[16 + 126] = {
	[0] = &stack_top, [1] = main, [2 ... 14] = stuck, [15] = systick,
	[16 + 24] = button, [16 + 29] = dma0,
	[16 + 45] = tim2, [16 + 46] = tim3, [16 + 47] = tim4, [16 + 49] = tim6,
};

static void clocks(void)
{
	RCC(0x94) |= 1 << 2;
	REG(0x4602080c) |= 3 << 16;
	while (!(REG(0x4602080c) & (1 << 15)))
		;
	RCC(0x28) = 1 | 1 << 18;
	RCC(0x34) = 79 | 1 << 24;
	RCC(0x00) |= 1 << 24;
	while (!(RCC(0x00) & (1 << 25)))
		;
	RCC(0x1c) |= 3;
	while ((RCC(0x1c) >> 2 & 3) != 3)
		;
	RCC(0x88) |= 1;
	RCC(0x8c) |= 1 | 1 << 2;
	RCC(0x9c) |= 1 | 1 << 1 | 1 << 2 | 1 << 4;
	RCC(0xa4) |= 1 << 14;
}

static void serial(uint32_t mode)
{
	GPIOA(0x24) = 7 << 4;
	GPIOA(0x00) = (GPIOA(0x00) & ~(3u << 18)) | 2u << 18;
	USART1(0x0c) = (160000000 + 57600) / 115200;
	USART1(0x08) = 1 << 7;
	USART1(0x00) = 1 | 1 << 3;
	GPDMA(0, 0x40) = 1 << 3;
	GPDMA(0, 0x44) = 25 | 1 << 10;
	GPDMA(0, 0x48) = sizeof text - 1;
	GPDMA(0, 0x4c) = (uint32_t)text;
	GPDMA(0, 0x50) = 0x40013828;
	GPDMA(0, 0x14) = mode;
}

#ifdef WORK
static void load(void)
{
	for (int n = 2; n <= 6; n++) {
		if (n == 5)
			continue;
		TIM(n, 0x2c) = 159999 >> (n == 6 ? 2 : 0);
		TIM(n, 0x0c) = 1;
		TIM(n, 0x00) = 1;
	}
	NVIC_ISER(1) = 1 << 13 | 1 << 14 | 1 << 15 | 1 << 17;
	NVIC_ISER(0) = 1u << 29;
	serial(1 | 1 << 8);
}

int main(void)
{
	clocks();
#ifdef LOAD
	load();
#endif
	for (uint32_t a = 1, b = 3;; a += b, b = b * 1664525 + 1013904223 + (a >> 3)) {
		results[0] = a;
	}
}
#else

int main(void)
{
	for (int n = 0; n < 16; n++)
		results[n] = 0;
	clocks();

	GPIOC(0x20) = 2 << 24;
	GPIOC(0x00) = (GPIOC(0x00) & ~(3u << 12 | 3u << 26)) | 2u << 12;
	TIM(3, 0x2c) = 160000000 / 38000 - 1;
	TIM(3, 0x34) = 160000000 / 38000 / 3;
	TIM(3, 0x18) = 6 << 4 | 1 << 3;
	TIM(3, 0x20) = 1;
	TIM(3, 0x14) = 1;
	TIM(3, 0x00) = 1 | 1 << 7;

	EXTI(0x6c) = 2 << 8;
	EXTI(0x00) = 1 << 13;
	EXTI(0x80) = 1 << 13;
	NVIC_ISER(0) = 1u << 24 | 1u << 29;

	REG(0xe000e014) = 160000 - 1;
	REG(0xe000e018) = 0;
	REG(0xe000e010) = 7;

	serial(1 | 1 << 8);
	while (results[1] < 20)
		;

	/* To where nothing is: a data transfer error ends the channel. */
	GPDMA(1, 0x40) = 2 | 1 << 3 | 2 << 16 | 1 << 19;
	GPDMA(1, 0x44) = 1 << 9;
	GPDMA(1, 0x48) = 16;
	GPDMA(1, 0x4c) = (uint32_t)results;
	GPDMA(1, 0x50) = 0x70000000;
	GPDMA(1, 0x14) = 1;
	while (!(GPDMA(1, 0x10) & 1))
		;
	results[4] = GPDMA(1, 0x10);

	REG(0x40003000) = 0x5555;
	REG(0x40003008) = 31;
	REG(0x40003000) = 0xcccc;
	results[0] = 0x600d;
	for (;;)
		;
}
#endif
