/* Vector table and start-up: RAM is cleared, then main. Handlers that a program lacks are stuck. */
#include "chip.h"

extern uint32_t stack_top, bss_start, bss_end;
int main(void);

static void reset(void)
{
	for (uint32_t *word = &bss_start; word < &bss_end; word++)
		*word = 0;
	main();
	for (;;)
		;
}

void stuck(void)
{
	for (;;)
		;
}

#define HANDLER __attribute__((weak, alias("stuck")))
HANDLER void wwdg(void);
HANDLER void pvd(void);
HANDLER void rtc(void);
HANDLER void adc1(void);
HANDLER void dac1(void);
HANDLER void fdcan1_it0(void);
HANDLER void tim1_break(void);
HANDLER void tim2(void);
HANDLER void i2c1_event(void);
HANDLER void i2c1_error(void);
HANDLER void spi1(void);
HANDLER void usart1(void);
HANDLER void lpuart1(void);
HANDLER void lptim1(void);
HANDLER void comp(void);
HANDLER void otg_fs(void);
HANDLER void crs(void);
HANDLER void sdmmc1(void);
HANDLER void sai1(void);
HANDLER void aes(void);
HANDLER void hash(void);
HANDLER void pka(void);
HANDLER void icache(void);
HANDLER void dcache1(void);
HANDLER void adc4(void);
HANDLER void lpdma1_ch0(void);
HANDLER void dma2d(void);
HANDLER void octospi2(void);
HANDLER void cordic(void);
HANDLER void fmac(void);

__attribute__((section(".vectors"), used)) void *const vectors[16 + 126] = {
	[0] = &stack_top, [1] = reset, [2 ... 141] = stuck,
	[16 + 0] = wwdg, [16 + 1] = pvd, [16 + 2] = rtc, [16 + 37] = adc1, [16 + 38] = dac1,
	[16 + 39] = fdcan1_it0, [16 + 41] = tim1_break, [16 + 45] = tim2, [16 + 55] = i2c1_event,
	[16 + 56] = i2c1_error, [16 + 59] = spi1, [16 + 61] = usart1, [16 + 66] = lpuart1,
	[16 + 67] = lptim1, [16 + 72] = comp, [16 + 73] = otg_fs, [16 + 74] = crs, [16 + 78] = sdmmc1,
	[16 + 90] = sai1, [16 + 93] = aes, [16 + 96] = hash, [16 + 97] = pka, [16 + 107] = icache,
	[16 + 111] = dcache1, [16 + 113] = adc4, [16 + 114] = lpdma1_ch0, [16 + 118] = dma2d,
	[16 + 120] = octospi2, [16 + 123] = cordic, [16 + 124] = fmac,
};
