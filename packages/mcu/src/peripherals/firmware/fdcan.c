/*
 * Uses FDCAN1 the way ST's HAL does: initialisation with its polls, filters, classical and FD
 * frames, transmit FIFO, reception by polling and interrupt, internal loop-back, bus off. What each
 * step found stands in `result`, in the order of the test, which sends frames when told to.
 */
#include "chip.h"

struct fdcan {
	reg CREL, ENDN, gap0, DBTP, TEST, RWD, CCCR, NBTP, TSCC, TSCV, TOCC, TOCV, gap1[4], ECR, PSR, TDCR;
	reg gap2, IR, IE, ILS, ILE, gap3[8], RXGFC, XIDAM, HPMS, gap4, RXF0S, RXF0A, RXF1S, RXF1A;
	reg gap5[8], TXBC, TXFQS, TXBRP, TXBAR, TXBCR, TXBTO, TXBCF, TXBTIE, TXBCIE, TXEFS, TXEFA;
	reg gap6[5], CKDIV;
};
#define FDCAN1 ((struct fdcan *)0x4000a400)
#define RAM ((reg *)0x4000ac00)
#define RCC_APB1ENR2 (*(reg *)0x46020ca0)

enum { INIT = 1, CCE = 2, CSR = 16, CSA = 8, MON = 32, TEST = 128, FDOE = 256, BRSE = 512 };
enum { FIFO0 = 0xb0 / 4, TRANSMIT = 0x278 / 4, ELEMENT = 18 };

static volatile uint32_t interrupts;

void fdcan1_it0(void)
{
	interrupts |= FDCAN1->IR & FDCAN1->IE;
	FDCAN1->IR = FDCAN1->IR;
}

static int until_is(reg *from, uint32_t mask, uint32_t value)
{
	for (int patience = 100000; patience > 0; patience--)
		if ((*from & mask) == value)
			return 1;
	return 0;
}

/* As HAL_FDCAN_Init: out of sleep, into initialisation, configuration open. */
static int init(uint32_t mode)
{
	FDCAN1->CCCR &= ~(uint32_t)CSR;
	if (!until_is(&FDCAN1->CCCR, CSA, 0))
		return 0;
	FDCAN1->CCCR |= INIT;
	if (!until_is(&FDCAN1->CCCR, INIT, INIT))
		return 0;
	FDCAN1->CCCR |= CCE;
	FDCAN1->CCCR |= FDOE | BRSE | mode;
	if (mode & TEST)
		FDCAN1->TEST |= 1 << 4;
	/* 16 MHz: 1 + 25 + 6 quanta are 500 kHz, 1 + 5 + 2 are 2 MHz. */
	FDCAN1->NBTP = 5 << 25 | 24 << 8 | 5;
	FDCAN1->DBTP = 1 << 4 | 4 << 8 | 1;
	FDCAN1->RXGFC = 2 << 4 | 2 << 2 | 1 << 16;
	for (int word = 0; word < 0x350 / 4; word++)
		RAM[word] = 0;
	/* One filter: 0x100 to 0x1ff into FIFO 0. */
	RAM[0] = 0u << 30 | 1 << 27 | 0x100 << 16 | 0x1ff;
	return 1;
}

static void go(void)
{
	FDCAN1->CCCR &= ~(uint32_t)INIT;
	note((uint32_t)until_is(&FDCAN1->PSR, 3 << 3, 1 << 3));
}

/* As HAL_FDCAN_AddMessageToTxFifoQ. */
static int send(uint32_t id, uint32_t control, uint32_t first, uint32_t second)
{
	if (FDCAN1->TXFQS & 1 << 21)
		return 0;
	uint32_t put = FDCAN1->TXFQS >> 16 & 3;
	reg *element = RAM + TRANSMIT + put * ELEMENT;
	element[0] = id << 18;
	element[1] = control;
	element[2] = first;
	element[3] = second;
	FDCAN1->TXBAR = 1u << put;
	return 1;
}

/* As HAL_FDCAN_GetRxMessage: identifier, and the first word. */
static uint32_t receive(uint32_t *word)
{
	if (!(FDCAN1->RXF0S & 15))
		return 0xffffffff;
	uint32_t get = FDCAN1->RXF0S >> 8 & 3;
	reg *element = RAM + FIFO0 + get * ELEMENT;
	uint32_t id = element[0] >> 18;
	*word = element[2];
	FDCAN1->RXF0A = get;
	return id;
}

static void tell(uint32_t what)
{
	result[100] = what;
	while (result[100] == what)
		;
}

static void loop_back(void)
{
	uint32_t word = 0;
	note((uint32_t)init(TEST | MON));
	go();
	note((uint32_t)send(0x123, 8 << 16, 0x44332211, 0x88776655));
	note((uint32_t)until_is(&FDCAN1->TXBTO, 1, 1));
	note(receive(&word));
	note(word);
	send(0x234, 0, 0, 0);
	until_is(&FDCAN1->TXBTO, 2, 2);
	note(receive(&word));
}

static void on_the_bus(void)
{
	uint32_t word = 0;
	FDCAN1->CCCR |= INIT;
	FDCAN1->CCCR |= CCE;
	FDCAN1->CCCR &= ~(uint32_t)(TEST | MON);
	note((uint32_t)init(0));
	go();
	send(0x101, 2 << 16, 0xbbaa, 0);
	send(0x102, 9 << 16 | 3 << 20, 0x04030201, 0x08070605);
	note((uint32_t)until_is(&FDCAN1->TXBTO, 3, 3));
	tell(1);
	note((uint32_t)until_is(&FDCAN1->RXF0S, 15, 1));
	note(receive(&word));
	note(word);
	/* By interrupt. */
	*(reg *)0xe000e104 = 1 << (39 - 32);
	FDCAN1->IR = 0xffffff;
	FDCAN1->IE = 1 | 1 << 7;
	FDCAN1->ILE = 1;
	FDCAN1->TXBTIE = 7;
	tell(2);
	for (int patience = 100000; !(interrupts & 1) && patience > 0; patience--)
		;
	note(interrupts);
	note(receive(&word));
	interrupts = 0;
	send(0x103, 0, 0, 0);
	for (int patience = 100000; !interrupts && patience > 0; patience--)
		;
	note(interrupts);
}

static void bus_off(void)
{
	FDCAN1->IE = 0;
	tell(3);
	send(0x104, 0, 0, 0);
	note((uint32_t)until_is(&FDCAN1->PSR, 1 << 7, 1 << 7));
	note(FDCAN1->CCCR & INIT);
	tell(4);
	FDCAN1->CCCR &= ~(uint32_t)INIT;
	note((uint32_t)until_is(&FDCAN1->PSR, 1 << 7, 0));
	note((uint32_t)until_is(&FDCAN1->TXBRP, 7, 0));
}

int main(void)
{
	RCC_CR |= 1 << 16; /* HSE */
	RCC_AHB2ENR1 |= 1 << 3;
	RCC_APB1ENR2 |= 1 << 9;
	alternate((struct gpio *)0x42020c00, 0, 9);
	alternate((struct gpio *)0x42020c00, 1, 9);
	loop_back();
	on_the_bus();
	bus_off();
	result[0] = 0x600d;
	return 0;
}
