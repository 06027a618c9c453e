/*
 * Uses OCTOSPI2 and a NOR flash the way ST's HAL does: reset, identification, status polling, page
 * program, reads by polling, interrupt, DMA and memory-mapped, errors and abort. The flash is a
 * W25Q64 on port 2. What each step found stands in `result`, in the order of the test.
 */
#include "chip.h"

struct octospi {
	reg CR, gap0, DCR1, DCR2, DCR3, DCR4, gap1[2], SR, FCR, gap2[6], DLR, gap3, AR, gap4, DR;
	reg gap5[11], PSMKR, gap6, PSMAR, gap7, PIR, gap8[27], CCR, gap9, TCR, gap10, IR, gap11[3], ABR;
	reg gap12[3], LPTR;
};
#define OCTOSPI2 ((struct octospi *)0x420d2400)
#define MAPPED ((volatile uint32_t *)0x70000000)
#define GPIOF ((struct gpio *)0x42021400)
#define GPIOI ((struct gpio *)0x42022000)
#define RCC_AHB2ENR2 (*(reg *)0x46020c90)

enum { TEF = 1, TCF = 2, FTF = 4, SMF = 8, TOF = 16, BUSY = 32 };
enum { EN = 1, ABORT = 2, DMAEN = 4, TCIE = 1 << 17, TEIE = 1 << 16, APMS = 1 << 22 };
enum { WRITE = 0, READ = 1 << 28, POLL = 2 << 28, MAP = 3 << 28 };
enum { LINE1 = 1, LINE4 = 3, ADDRESS24 = 2 << 12 };

static volatile uint32_t interrupts;

void octospi2(void)
{
	interrupts |= OCTOSPI2->SR & (TEF | TCF);
	OCTOSPI2->FCR = TEF | TCF;
}

static void start(void)
{
	RCC_AHB2ENR1 |= 1 << 5 | 1 << 8 | 1 << 21;
	RCC_AHB2ENR2 |= 1 << 8;
	for (int pin = 0; pin <= 4; pin++)
		alternate(GPIOF, pin, 5);
	alternate(GPIOI, 5, 5);
	OCTOSPI2->DCR1 = 22 << 16 | 1 << 8;
	OCTOSPI2->DCR2 = 1;
	OCTOSPI2->CR = EN;
}

/* As HAL_OSPI_Command: functional mode 0, communication, instruction, then the address. */
static void command(uint32_t code, uint32_t ccr, uint32_t dummy, uint32_t length, uint32_t address)
{
	while (OCTOSPI2->SR & BUSY)
		;
	OCTOSPI2->CR &= ~(3u << 28);
	if (length)
		OCTOSPI2->DLR = length - 1;
	OCTOSPI2->TCR = dummy;
	OCTOSPI2->CCR = ccr;
	OCTOSPI2->IR = code;
	if (ccr >> 8 & 7)
		OCTOSPI2->AR = address;
	if (!(ccr >> 24 & 7)) {
		wait(&OCTOSPI2->SR, TCF);
		OCTOSPI2->FCR = TCF;
	}
}

/* As HAL_OSPI_Receive: read mode, and the last register again to set it off. */
static void begin_read(uint32_t mode)
{
	OCTOSPI2->CR = (OCTOSPI2->CR & ~(3u << 28)) | mode;
	if (OCTOSPI2->CCR >> 8 & 7)
		OCTOSPI2->AR = OCTOSPI2->AR;
	else
		OCTOSPI2->IR = OCTOSPI2->IR;
}

static int receive(uint8_t *into, int length)
{
	begin_read(READ);
	for (int i = 0; i < length; i++) {
		if (!wait(&OCTOSPI2->SR, FTF | TCF))
			return 0;
		into[i] = *(volatile uint8_t *)&OCTOSPI2->DR;
	}
	int done = wait(&OCTOSPI2->SR, TCF);
	OCTOSPI2->FCR = TCF;
	return done;
}

static int transmit(const uint8_t *from, int length)
{
	for (int i = 0; i < length; i++) {
		if (!wait(&OCTOSPI2->SR, FTF))
			return 0;
		*(volatile uint8_t *)&OCTOSPI2->DR = from[i];
	}
	int done = wait(&OCTOSPI2->SR, TCF);
	OCTOSPI2->FCR = TCF;
	return done;
}

/* As HAL_OSPI_AutoPolling on a status register. */
static int poll_status(uint32_t mask, uint32_t match)
{
	command(0x05, LINE1 | LINE1 << 24, 0, 1, 0);
	OCTOSPI2->PSMAR = match;
	OCTOSPI2->PSMKR = mask;
	OCTOSPI2->PIR = 0x10;
	OCTOSPI2->CR |= APMS;
	begin_read(POLL);
	int matched = 0;
	for (int patience = 0; patience < 40 && !matched; patience++)
		matched = wait(&OCTOSPI2->SR, SMF);
	OCTOSPI2->FCR = SMF;
	return matched;
}

static uint32_t word_of(const uint8_t *bytes)
{
	return bytes[0] | bytes[1] << 8 | bytes[2] << 16 | (uint32_t)bytes[3] << 24;
}

static void identify(void)
{
	uint8_t id[4] = { 0 };
	command(0x66, LINE1, 0, 0, 0);
	command(0x99, LINE1, 0, 0, 0);
	command(0x9f, LINE1 | LINE1 << 24, 0, 3, 0);
	note((uint32_t)receive(id, 3));
	note(word_of(id));
	command(0x5a, LINE1 | LINE1 << 8 | ADDRESS24 | LINE1 << 24, 8, 4, 0);
	receive(id, 4);
	note(word_of(id));
}

static void program(void)
{
	uint8_t page[64];
	for (int i = 0; i < 64; i++)
		page[i] = (uint8_t)(0x40 + i);
	command(0x06, LINE1, 0, 0, 0);
	note((uint32_t)poll_status(2, 2));
	command(0x20, LINE1 | LINE1 << 8 | ADDRESS24, 0, 0, 0x1000);
	note((uint32_t)poll_status(1, 0));
	command(0x06, LINE1, 0, 0, 0);
	command(0x32, LINE1 | LINE1 << 8 | ADDRESS24 | LINE4 << 24, 0, 64, 0x1000);
	note((uint32_t)transmit(page, 64));
	note((uint32_t)poll_status(1, 0));
}

static void read_back(void)
{
	static uint8_t data[64];
	command(0xeb, LINE1 | LINE4 << 8 | ADDRESS24 | LINE4 << 24, 6, 64, 0x1000);
	note((uint32_t)receive(data, 64));
	note(word_of(data + 60));
	/* Too few dummy clocks shift the data. */
	command(0xeb, LINE1 | LINE4 << 8 | ADDRESS24 | LINE4 << 24, 5, 4, 0x1000);
	receive(data, 4);
	note(word_of(data));
	/* By DMA, in words. */
	for (int i = 0; i < 64; i++)
		data[i] = 0;
	command(0x03, LINE1 | LINE1 << 8 | ADDRESS24 | LINE1 << 24, 0, 64, 0x1000);
	dma(0, 41, 0, &OCTOSPI2->DR, data, 64, 2);
	OCTOSPI2->CR |= 3 << 8;
	begin_read(READ);
	OCTOSPI2->CR |= DMAEN;
	note((uint32_t)dma_finish(0));
	OCTOSPI2->CR &= ~(uint32_t)(DMAEN | 31 << 8);
	OCTOSPI2->FCR = TCF;
	note(word_of(data + 60));
}

static void by_interrupt(void)
{
	uint8_t status;
	*(reg *)0xe000e10c = 1 << (120 - 96);
	OCTOSPI2->CR |= TCIE | TEIE;
	command(0x05, LINE1 | LINE1 << 24, 0, 1, 0);
	begin_read(READ);
	for (int patience = 10000; !(interrupts & TCF) && patience > 0; patience--)
		;
	status = *(volatile uint8_t *)&OCTOSPI2->DR;
	note(interrupts << 8 | status);
	interrupts = 0;
	/* Beyond the device. */
	command(0x03, LINE1 | LINE1 << 8 | ADDRESS24 | LINE1 << 24, 0, 4, 0x800000);
	note(interrupts);
	OCTOSPI2->CR &= ~(uint32_t)(TCIE | TEIE);
}

static void mapped(void)
{
	command(0x6b, LINE1 | LINE1 << 8 | ADDRESS24 | LINE4 << 24, 8, 0, 0);
	OCTOSPI2->CR = (OCTOSPI2->CR & ~(3u << 28)) | MAP;
	note(MAPPED[0x1000 / 4]);
	note(*((volatile uint8_t *)MAPPED + 0x103f));
	note(OCTOSPI2->SR & BUSY);
	OCTOSPI2->CR |= ABORT;
	note((uint32_t)wait(&OCTOSPI2->SR, TCF));
	note(OCTOSPI2->SR & BUSY);
	OCTOSPI2->FCR = TCF;
}

int main(void)
{
	RCC_AHB1ENR |= 1;
	start();
	identify();
	program();
	read_back();
	by_interrupt();
	mapped();
	result[0] = 0x600d;
	return 0;
}
