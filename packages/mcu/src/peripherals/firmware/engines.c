/*
 * Uses FMAC, DMA2D, CORDIC, PKA, AES, CRS, DCACHE, VREFBUF and SAI the way ST's drivers do: initialise,
 * poll, interrupt, DMA, and the paths of errors. What each step found stands in `result`, in the
 * order of the test.
 */
#include "chip.h"

struct fmac { reg X1BUFCFG, X2BUFCFG, YBUFCFG, PARAM, CR, SR, WDATA, RDATA; };
struct dma2d {
	reg CR, ISR, IFCR, FGMAR, FGOR, BGMAR, BGOR, FGPFCCR, FGCOLR, BGPFCCR, BGCOLR, FGCMAR,
		BGCMAR, OPFCCR, OCOLR, OMAR, OOR, NLR;
};
struct cordic { reg CSR, WDATA, RDATA; };
struct pka { reg CR, SR, CLRFR; };
struct dcache { reg CR, SR, IER, FCR, gap[6], CMDRSADDRR, CMDREADDRR; };
struct sai_block { reg CR1, CR2, FRCR, SLOTR, IM, SR, CLRFR, DR; };

#define FMAC ((struct fmac *)0x40021400)
#define DMA2D ((struct dma2d *)0x4002b000)
#define CORDIC ((struct cordic *)0x40021000)
#define PKA ((struct pka *)0x420c2000)
#define PKA_RAM(offset) (*(reg *)(0x420c2000 + (offset)))
#define DCACHE1 ((struct dcache *)0x40031400)
#define VREFBUF_CSR (*(reg *)0x46007400)
#define SAI1_A ((struct sai_block *)0x40015404)
#define RCC_CCIPR2 (*(reg *)0x46020ce4)

#define START 0x80000000u
enum { LOAD_X2 = 2 << 24, FIR = 8 << 24, TAPS = 3 };

static volatile int fmac_outputs, fmac_last;

void fmac(void)
{
	while (!(FMAC->SR & 1)) {
		fmac_last = (int)FMAC->RDATA;
		fmac_outputs++;
	}
}

static void fmac_begin(uint32_t control)
{
	FMAC->CR = 1 << 16;
	FMAC->CR = 0;
	FMAC->X2BUFCFG = TAPS << 8;
	FMAC->X1BUFCFG = 32 | 16 << 8;
	FMAC->YBUFCFG = 64 | 16 << 8;
	FMAC->PARAM = START | LOAD_X2 | TAPS;
	FMAC->WDATA = 0x4000;
	FMAC->WDATA = 0x2000;
	FMAC->WDATA = 0x1000;
	FMAC->CR = control;
	FMAC->PARAM = START | FIR | TAPS;
}

static void test_fmac(void)
{
	static uint32_t in[6], out[4];
	RCC_AHB1ENR |= 1 << 2;
	fmac_begin(0);
	for (int i = 0; i < 4; i++)
		FMAC->WDATA = 0x4000;
	uint32_t sum = 0;
	for (int i = 0; i < 2; i++) {
		for (int patience = 1000; FMAC->SR & 1 && patience > 0; patience--)
			;
		sum += FMAC->RDATA;
	}
	note(sum);
	note(FMAC->SR & 1);
	(void)FMAC->RDATA; /* there is nothing: underflow */
	note(FMAC->SR & 1 << 9);

	enable_interrupt(124);
	fmac_begin(1);
	for (int i = 0; i < 6; i++)
		FMAC->WDATA = 0x2000;
	for (int patience = 10000; fmac_outputs < 4 && patience > 0; patience--)
		;
	note((uint32_t)fmac_outputs);
	note((uint32_t)fmac_last);

	for (int i = 0; i < 6; i++)
		in[i] = 0x6000;
	dma(0, 99, 0, &FMAC->RDATA, out, 16, 2);
	dma(1, 100, 1, &FMAC->WDATA, in, 24, 2);
	fmac_begin(1 << 8 | 1 << 9);
	note((uint32_t)(dma_finish(1) & dma_finish(0)));
	note(out[0] | out[3] << 16);
	FMAC->PARAM = 0;
}

static volatile int dma2d_done;

void dma2d(void)
{
	dma2d_done = (int)DMA2D->ISR;
	DMA2D->IFCR = 0x3f;
}

static void dma2d_into(uint32_t *out, uint32_t control)
{
	DMA2D->OMAR = (uint32_t)out;
	DMA2D->OOR = 0;
	DMA2D->NLR = 4 << 16 | 2;
	DMA2D->CR = control;
	DMA2D->CR |= 1;
}

static void test_dma2d(void)
{
	static uint32_t out[8];
	static uint16_t red[8];
	enum { TE = 1, TC = 2, CE = 32 };
	RCC_AHB1ENR |= 1 << 18;
	DMA2D->OPFCCR = 0;
	DMA2D->OCOLR = 0x11223344;
	dma2d_into(out, 3 << 16); /* a colour */
	note((uint32_t)wait(&DMA2D->ISR, TC));
	note(out[7]);
	DMA2D->IFCR = TC;

	for (int i = 0; i < 8; i++)
		red[i] = 0xf800;
	enable_interrupt(118);
	DMA2D->FGMAR = (uint32_t)red;
	DMA2D->FGOR = 0;
	DMA2D->FGPFCCR = 2;
	dma2d_into(out, 1 << 16 | 1 << 9); /* another format, by interrupt */
	note((uint32_t)until(&dma2d_done));
	note(out[7]);

	dma2d_into((uint32_t *)0x60000000, 3 << 16); /* where nothing is */
	note((uint32_t)wait(&DMA2D->ISR, TE | TC) & (DMA2D->ISR & (TE | TC)));
	DMA2D->IFCR = 0x3f;
	DMA2D->OPFCCR = 7; /* no such format */
	dma2d_into(out, 3 << 16);
	note(DMA2D->ISR & CE);
	DMA2D->IFCR = 0x3f;
}

static volatile int cordic_result;

void cordic(void)
{
	cordic_result = (int)CORDIC->RDATA;
}

static void test_cordic(void)
{
	static uint32_t angles[2] = { 0, 0 }, sines[2];
	enum { SINE = 1 | 6 << 4 };
	RCC_AHB1ENR |= 1 << 1;
	CORDIC->CSR = SINE;
	CORDIC->WDATA = 0x20000000; /* pi / 4 */
	note((uint32_t)wait(&CORDIC->CSR, 1u << 31));
	note(CORDIC->RDATA >> 16);
	enable_interrupt(123);
	CORDIC->CSR = SINE | 1 << 16;
	CORDIC->WDATA = 0x40000000; /* pi / 2 */
	note((uint32_t)until(&cordic_result) >> 16);
	angles[0] = 0x20000000;
	dma(2, 101, 0, &CORDIC->RDATA, sines, 8, 2);
	dma(3, 102, 1, &CORDIC->WDATA, angles, 8, 2);
	CORDIC->CSR = SINE | 3 << 17;
	note((uint32_t)(dma_finish(3) & dma_finish(2)));
	note(sines[0] >> 16);
	CORDIC->CSR = 0;
}

static volatile int pka_done;

void pka(void)
{
	pka_done = 1;
	PKA->CLRFR = 1 << 17;
}

static void operand(uint32_t offset, uint32_t value)
{
	PKA_RAM(offset) = value;
	PKA_RAM(offset + 4) = 0;
	PKA_RAM(offset + 8) = 0;
}

static void test_pka(void)
{
	enum { EN = 1, GO = 2, PROCEND = 1 << 17, OPERR = 1 << 21 };
	RCC_AHB2ENR1 |= 1 << 19;
	for (int patience = 10000; !(PKA->CR & EN) && patience > 0; patience--)
		PKA->CR = EN;
	note((uint32_t)wait(&PKA->SR, 1));
	operand(0x400, 32);
	operand(0x408, 32);
	operand(0xc68, 3);
	operand(0xe78, 5);
	operand(0x1088, 7);
	PKA->CR = EN | GO; /* 3 to the 5th modulo 7 */
	note((uint32_t)wait(&PKA->SR, PROCEND));
	note(PKA_RAM(0x838));
	PKA->CLRFR = PROCEND;
	enable_interrupt(97);
	operand(0xa50, 6);
	operand(0xc68, 4);
	PKA->CR = EN | 14 << 8 | PROCEND;
	PKA->CR |= GO; /* 6 + 4 modulo 7, by interrupt */
	note((uint32_t)until(&pka_done));
	note(PKA_RAM(0xe78));
	PKA->CR = EN | 63 << 8;
	PKA->CR |= GO; /* no such operation */
	note((uint32_t)wait(&PKA->SR, OPERR));
	PKA->CLRFR = OPERR;
	PKA->CR = 0;
}

/* FIPS 197's key and the first block of NIST SP 800-38A, F.1.1. */
static void test_aes(void)
{
	static const uint32_t key[] = { 0x09cf4f3c, 0xabf71588, 0x28aed2a6, 0x2b7e1516 };
	static const uint32_t text[] = { 0x6bc1bee2, 0x2e409f96, 0xe93d7e11, 0x7393172a };
	uint32_t first = 0;
	RCC_AHB2ENR1 |= 1 << 16;
	AES->CR = 0;
	for (int i = 0; i < 4; i++)
		AES->KEYR[i] = key[i];
	note((uint32_t)wait(&AES->SR, 1 << 7));
	AES->CR = 1;
	for (int i = 0; i < 4; i++)
		AES->DINR = text[i];
	note((uint32_t)wait(&AES_ISR, 1));
	for (int i = 0; i < 4; i++) {
		uint32_t word = AES->DOUTR;
		if (i == 0)
			first = word;
	}
	note(first);
	AES_ICR = 1;
	AES->CR = 0;
}

static volatile int dcache_ends;

void dcache1(void)
{
	DCACHE1->FCR = 2 | 16;
	dcache_ends++;
}

static void test_clocks_and_caches(void)
{
	enum { INVALIDATE = 2, COMMAND = 1 << 11 };
	RCC_APB1ENR1 |= 1 << 24;
	CRS->CR |= 1 << 5 | 1 << 7;
	note((uint32_t)wait(&CRS->ISR, 1));
	CRS->ICR = 1;
	note(CRS->ISR & 1);

	RCC_AHB1ENR |= 1 << 30;
	DCACHE1->CR = 1;
	DCACHE1->CR |= INVALIDATE;
	note((uint32_t)wait(&DCACHE1->SR, 2));
	DCACHE1->FCR = 2;
	DCACHE1->CMDRSADDRR = 0x20000000;
	DCACHE1->CMDREADDRR = 0x20001000;
	DCACHE1->CR = 1 | 2 << 8;
	DCACHE1->CR |= COMMAND;
	note((uint32_t)wait(&DCACHE1->SR, 16));
	DCACHE1->FCR = 16;
	enable_interrupt(111);
	DCACHE1->IER = 16;
	DCACHE1->CR |= COMMAND;
	note((uint32_t)until(&dcache_ends));

	RCC_APB3ENR |= 1 << 20;
	VREFBUF_CSR = 1;
	note((uint32_t)wait(&VREFBUF_CSR, 8));
}

static volatile int sai_underrun;

void sai1(void)
{
	sai_underrun = (int)SAI1_A->SR & 1;
	SAI1_A->IM = 0;
	SAI1_A->CLRFR = 1;
}

static void test_sai(void)
{
	static uint32_t samples[8];
	RCC_AHB2ENR1 |= 1 << 4;
	RCC_APB2ENR |= 1 << 21;
	RCC_CR |= 1 << 8;
	RCC_CCIPR2 = 4 << 5; /* SAI1 from HSI16 */
	for (int pin = 2; pin <= 6; pin++)
		if (pin != 3)
			alternate(GPIOE, pin, 13);
	for (uint32_t i = 0; i < 8; i++)
		samples[i] = 100 + i;
	SAI1_A->CR1 = 0;
	SAI1_A->FRCR = 31 | 15 << 8 | 1 << 18;
	SAI1_A->SLOTR = 1 << 8 | 3 << 16;
	dma(4, 36, 1, &SAI1_A->DR, samples, 32, 2);
	SAI1_A->CR1 = 4 << 5 | 1 << 17;
	SAI1_A->CR1 |= 1 << 16;
	note((uint32_t)dma_finish(4));
	enable_interrupt(90); /* nothing follows: underrun */
	SAI1_A->IM = 1;
	note((uint32_t)until(&sai_underrun));
	SAI1_A->CR1 &= ~(1u << 16);
	for (int patience = 100000; SAI1_A->CR1 & 1 << 16 && patience > 0; patience--)
		;
	note(SAI1_A->CR1 & 1 << 16);

	SAI1_A->CR2 = 1 << 3; /* by polling, with an empty FIFO */
	SAI1_A->CR1 &= ~(1u << 17);
	SAI1_A->CR1 |= 1 << 16;
	for (uint32_t i = 0; i < 12; i++) {
		for (int patience = 100000; SAI1_A->SR >> 16 == 5 && patience > 0; patience--)
			;
		SAI1_A->DR = 200 + i;
	}
	for (int patience = 100000; SAI1_A->SR >> 16 && patience > 0; patience--)
		;
	note(SAI1_A->SR >> 16);
	SAI1_A->CR1 &= ~(1u << 16);
}

int main(void)
{
	RCC_AHB1ENR |= 1;
	test_fmac();
	test_dma2d();
	test_cordic();
	test_pka();
	test_aes();
	test_clocks_and_caches();
	test_sai();
	result[0] = 0x600d;
	return 0;
}
