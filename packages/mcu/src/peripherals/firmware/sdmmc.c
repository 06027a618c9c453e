/*
 * Uses SDMMC1 and a card the way ST's HAL does: identification, four lines, reads and writes by
 * polling, interrupt and the internal DMA, erase, and the paths of errors. What each step found
 * stands in `result`, in the order of the test. The test takes the card out when told to.
 */
#include "chip.h"

struct sdmmc {
	reg POWER, CLKCR, ARG, CMD, RESPCMD, RESP1, RESP2, RESP3, RESP4, DTIMER, DLEN, DCTRL, DCOUNT;
	reg STA, ICR, MASK, ACKTIME, gap0[3], IDMACTRL, IDMABSIZE, IDMABASE, gap1[2], IDMALA, IDMABA;
	reg gap2[5], FIFO;
};
#define SDMMC1 ((struct sdmmc *)0x420c8000)
#define GPIOD ((struct gpio *)0x42020c00)

enum { CCRCFAIL = 1, DCRCFAIL = 2, CTIMEOUT = 4, DTIMEOUT = 8, CMDREND = 64, CMDSENT = 128 };
enum { DATAEND = 256, TXFIFOHE = 1 << 14, RXFIFOHF = 1 << 15, BUSYD0 = 1 << 20 };
enum { CPSMEN = 1 << 12, TRANS = 1 << 6, STOP = 1 << 7 };
enum { NONE = 0, SHORT = 1 << 8, LONG = 3 << 8, STATIC = 0x1fe00fff };

static uint32_t rca;

/* As SDMMC_SendCommand and the responses behind it: 0, or the flag of what went wrong. */
static uint32_t command(uint32_t index, uint32_t argument, uint32_t response)
{
	SDMMC1->ARG = argument;
	SDMMC1->CMD = (SDMMC1->CMD & (TRANS | STOP)) | index | response | CPSMEN;
	wait(&SDMMC1->STA, response ? CCRCFAIL | CTIMEOUT | CMDREND : CMDSENT);
	uint32_t failed = SDMMC1->STA & (CCRCFAIL | CTIMEOUT);
	SDMMC1->ICR = CCRCFAIL | CTIMEOUT | CMDREND | CMDSENT;
	return failed;
}

static void start(void)
{
	RCC_CR |= 1 << 12; /* HSI48, which SDMMC takes by way of ICLK. */
	RCC_AHB2ENR1 |= 1 << 2 | 1 << 3 | 1 << 27;
	for (int pin = 8; pin <= 12; pin++)
		alternate(GPIOC, pin, 12);
	alternate(GPIOD, 2, 12);
	SDMMC1->CLKCR = 60; /* 400 kHz */
	SDMMC1->POWER = 3;
	SDMMC1->DTIMER = 0xffffffff;
}

static void identify(void)
{
	command(0, 0, NONE);
	note(command(8, 0x1aa, SHORT));
	note(SDMMC1->RESP1);
	uint32_t conditions = 0;
	for (int patience = 1000; !(conditions & 0x80000000) && patience > 0; patience--) {
		command(55, 0, SHORT);
		command(41, 0xc1100000, SHORT);
		conditions = SDMMC1->RESP1;
	}
	note(conditions);
	note(command(2, 0, LONG));
	note(SDMMC1->RESP1 >> 24);
	command(3, 0, SHORT);
	rca = SDMMC1->RESP1 & 0xffff0000;
	note(command(9, rca, LONG));
	note(command(7, rca, SHORT));
	command(55, rca, SHORT);
	note(command(6, 2, SHORT));
	SDMMC1->CLKCR = 1 | 1 << 14 | 1 << 17; /* 24 MHz, four lines, flow control */
	command(13, rca, SHORT);
	note(SDMMC1->RESP1 >> 9 & 15);
	note(command(16, 512, SHORT));
}

static void data(uint32_t bytes, int to_card, uint32_t start_command, uint32_t block)
{
	SDMMC1->DCTRL = 0;
	SDMMC1->DLEN = bytes;
	SDMMC1->DCTRL = 9 << 4 | (to_card ? 0 : 2);
	SDMMC1->CMD |= TRANS;
	note(command(start_command, block * 512, SHORT));
}

static uint32_t finish(void)
{
	wait(&SDMMC1->STA, DATAEND | DCRCFAIL | DTIMEOUT);
	uint32_t flags = SDMMC1->STA & (DATAEND | DCRCFAIL | DTIMEOUT);
	SDMMC1->CMD &= ~(uint32_t)TRANS;
	SDMMC1->ICR = STATIC;
	return flags;
}

static uint32_t words[256];

static void by_polling(void)
{
	for (uint32_t i = 0; i < 256; i++)
		words[i] = i * 0x01010101;
	data(1024, 1, 25, 4);
	for (int i = 0; i < 256; i += 8) {
		wait(&SDMMC1->STA, TXFIFOHE);
		for (int k = 0; k < 8; k++)
			SDMMC1->FIFO = words[i + k];
	}
	note(finish());
	SDMMC1->CMD |= STOP;
	note(command(12, 0, SHORT));
	SDMMC1->CMD &= ~(uint32_t)STOP;
	data(512, 0, 17, 5);
	for (int i = 0; i < 128; i += 8) {
		wait(&SDMMC1->STA, RXFIFOHF);
		for (int k = 0; k < 8; k++)
			words[i + k] = SDMMC1->FIFO;
	}
	note(finish());
	note(words[0]);
	note(words[127]);
}

static volatile uint32_t interrupt_flags;

void sdmmc1(void)
{
	interrupt_flags = SDMMC1->STA & (DATAEND | DCRCFAIL | DTIMEOUT);
	SDMMC1->MASK = 0;
	SDMMC1->ICR = DATAEND;
}

static void by_dma(void)
{
	*(reg *)0xe000e108 = 1 << (78 - 64);
	for (int i = 0; i < 256; i++)
		words[i] = 0;
	SDMMC1->IDMABASE = (uint32_t)words;
	SDMMC1->IDMACTRL = 1;
	SDMMC1->MASK = DATAEND | DCRCFAIL | DTIMEOUT;
	data(1024, 0, 18, 4);
	for (int patience = 1000000; !interrupt_flags && patience > 0; patience--)
		;
	SDMMC1->CMD &= ~(uint32_t)TRANS;
	note(interrupt_flags);
	SDMMC1->CMD |= STOP;
	command(12, 0, SHORT);
	SDMMC1->CMD &= ~(uint32_t)STOP;
	note(words[0]);
	note(words[255]);
	note(words[128]);
	SDMMC1->ICR = STATIC;
}

static void erase(void)
{
	command(32, 4 * 512, SHORT);
	command(33, 5 * 512, SHORT);
	note(command(38, 0, SHORT));
	for (int patience = 100000; (SDMMC1->STA & BUSYD0) && patience > 0; patience--)
		;
	data(512, 0, 17, 5);
	note(finish());
	note(words[0]);
}

/* As the test commands: damaged, silent, taken out. */
static void errors(void)
{
	result[100] = 1;
	while (result[100] != 2)
		;
	data(512, 0, 17, 0);
	note(finish());
	result[100] = 3;
	while (result[100] != 4)
		;
	SDMMC1->DTIMER = 10000;
	data(512, 0, 17, 0);
	note(finish());
	result[100] = 5;
	while (result[100] != 6)
		;
	note(command(13, rca, SHORT));
}

int main(void)
{
	start();
	identify();
	by_polling();
	by_dma();
	erase();
	errors();
	result[0] = 0x600d;
	return 0;
}
