/*
 * Waits for what peripherals tell by interrupt the way ST's drivers do: ends of AES, HASH, ICACHE and the
 * converters, errors of AES, ADC, DAC, USART and SPI; with DMA for AES and for timers' bursts and
 * captures. Where somebody outside has to do something, `ask` waits until it is done. What each step
 * found stands in `result`, in the order of the test.
 */
#include "chip.h"

struct icache { reg CR, SR, IER, FCR; };
struct burst { reg DCR, DMAR; };

#define ICACHE ((struct icache *)0x40030400)
#define TIM2_BURST ((struct burst *)0x400003dc)

enum { ADC1_IRQ = 37, DAC1_IRQ = 38, SPI1_IRQ = 59, USART1_IRQ = 61, AES_IRQ = 93, HASH_IRQ = 96 };
enum { ICACHE_IRQ = 107, ADC4_IRQ = 113 };

/* The key of NIST SP 800-38A, F.1.1, and two of its blocks. */
static const uint32_t key[] = { 0x09cf4f3c, 0xabf71588, 0x28aed2a6, 0x2b7e1516 };
static const uint32_t text[] = {
	0x6bc1bee2, 0x2e409f96, 0xe93d7e11, 0x7393172a,
	0xae2d8a57, 0x1e03ac9c, 0x9eb76fac, 0x45af8e51,
};
static uint32_t cipher[8];
static volatile int aes_words, aes_done, aes_errors, aes_key_errors;

enum { CCF = 1, RWEIF = 2, KEIF = 4, RDERR = 2, WRERR = 4, KEYVALID = 1 << 7 };

static void aes_feed(void)
{
	for (int i = 0; i < 4; i++)
		AES->DINR = text[aes_words + i];
}

void aes(void)
{
	if (AES_ISR & KEIF) {
		aes_key_errors++;
		AES_ICR = KEIF;
	}
	if (AES_ISR & RWEIF) {
		aes_errors |= (int)AES->SR & (RDERR | WRERR);
		AES_ICR = RWEIF;
	}
	if (AES_ISR & CCF) {
		AES_ICR = CCF;
		for (int i = 0; i < 4; i++)
			cipher[aes_words++] = AES->DOUTR;
		if (aes_words < 8)
			aes_feed();
		else
			aes_done = 1;
	}
}

static void test_aes(void)
{
	static uint32_t in[8], out[8];
	RCC_AHB2ENR1 |= 1 << 16;
	enable_interrupt(AES_IRQ);
	AES->CR = 0;
	AES_IER = CCF | RWEIF | KEIF;
	AES->KEYR[0] = key[0];
	AES->KEYR[2] = key[2]; /* not the next one */
	note((uint32_t)aes_key_errors);
	AES->CR = 1;
	note(AES->CR & 1);
	for (int i = 3; i >= 0; i--)
		AES->KEYR[i] = key[i];
	note(AES->SR & KEYVALID);

	AES->CR = 1; /* two blocks by interrupt */
	aes_feed();
	note((uint32_t)until(&aes_done));
	note(cipher[0]);
	note(cipher[7]);
	note(AES->DOUTR); /* nothing to be read */
	note((uint32_t)aes_errors);
	aes_errors = 0;
	AES_IER = RWEIF;
	aes_words = 0;
	aes_feed();
	wait(&AES_ISR, CCF);
	AES->DINR = 0; /* nothing to be written */
	note((uint32_t)aes_errors);
	AES_ICR = CCF;
	AES->CR = 0;

	for (int i = 0; i < 8; i++)
		in[i] = text[i];
	dma(0, 88, 0, &AES->DOUTR, out, 32, 2);
	dma(1, 87, 1, &AES->DINR, in, 32, 2);
	aes_errors = 0;
	AES->CR = 1 << 11 | 1 << 12;
	AES->CR |= 1;
	note((uint32_t)(dma_finish(1) & dma_finish(0)));
	note(out[0]);
	note(out[7]);
	note((uint32_t)aes_errors);
	AES->CR = 0;
}

static volatile int hash_words, hash_done;
static volatile uint32_t digest;
enum { MESSAGE_WORDS = 40, FIRST_BLOCK = 17, BLOCK = 16, DINIS = 1, DCIS = 2 };

void hash(void)
{
	uint32_t status = HASH->SR & HASH->IMR;
	if (status & DCIS) {
		digest = HASH_HR[0];
		hash_done = 1;
		HASH->IMR = 0;
	} else if (status & DINIS) {
		int end = hash_words + (hash_words ? BLOCK : FIRST_BLOCK);
		for (; hash_words < end && hash_words < MESSAGE_WORDS; hash_words++)
			HASH->DIN = 0x61616161;
		if (hash_words == MESSAGE_WORDS) {
			HASH->IMR = DCIS;
			HASH->STR = 1 << 8;
		}
	}
}

static void test_hash(void)
{
	RCC_AHB2ENR1 |= 1 << 17;
	HASH->CR = 3 << 17 | 2 << 4 | 4;
	HASH->STR = 0;
	enable_interrupt(HASH_IRQ);
	HASH->IMR = DINIS | DCIS;
	note((uint32_t)until(&hash_done));
	note(digest);
}

static volatile int icache_ends;

void icache(void)
{
	ICACHE->FCR = 2;
	icache_ends++;
}

static void test_icache(void)
{
	ICACHE->CR |= 1;
	note(ICACHE->CR & 1);
	ICACHE->CR |= 2;
	note((uint32_t)wait(&ICACHE->SR, 2));
	ICACHE->FCR = 2;
	enable_interrupt(ICACHE_IRQ);
	ICACHE->IER = 2;
	ICACHE->CR |= 2;
	note((uint32_t)until(&icache_ends));
	note(ICACHE->SR & 3);
}

enum { ADRDY = 1, EOC = 4, EOS = 8, OVR = 16, LDORDY = 1 << 12, ADSTP = 16, CONT = 1 << 13 };
static volatile int adc1_done, adc1_overruns, adc4_values, adc4_sequences, adc4_overruns;
static volatile uint32_t adc1_value, adc4_value[2];

void adc1(void)
{
	if (ADC1->ISR & ADC1->IER & OVR) {
		ADC1->CR |= ADSTP;
		ADC1->ISR = OVR;
		adc1_overruns++;
		return;
	}
	adc1_value = ADC1->DR;
	adc1_done = 1;
}

void adc4(void)
{
	uint32_t flags = ADC4->ISR & ADC4->IER;
	if (flags & OVR) {
		ADC4->CR |= ADSTP;
		ADC4->ISR = OVR;
		adc4_overruns++;
		return;
	}
	if (flags & EOC)
		adc4_value[adc4_values++ & 1] = ADC4->DR;
	if (flags & EOS) {
		ADC4->ISR = EOS;
		adc4_sequences++;
	}
}

static void adc_on(reg *isr, reg *cr)
{
	*cr = 0;
	*cr = 1 << 28;
	note((uint32_t)wait(isr, LDORDY));
	*cr |= 1u << 31;
	for (int patience = 100000; *cr >> 31 && patience > 0; patience--)
		;
	*isr = ADRDY;
	*cr |= 1;
	note((uint32_t)wait(isr, ADRDY));
}

static void test_converters(void)
{
	RCC_AHB2ENR1 |= 1 | 4 | 1 << 10;
	RCC_AHB3ENR |= 1 << 5;
	GPIOA->MODER |= 3;
	GPIOC->MODER |= 3 | 3 << 2;
	RCC_CCIPR3 = 0x5000; /* converters from MSIK */
	adc_on(&ADC1->ISR, &ADC1->CR);
	ADC1->PCSEL = 1 << 5;
	ADC1->SQR1 = 5 << 6;
	ADC1->SMPR1 = 7 << 15;
	enable_interrupt(ADC1_IRQ);
	ADC1->IER = EOC | OVR;
	ADC1->CR |= 4;
	note((uint32_t)until(&adc1_done));
	note(adc1_value);
	ADC1->CFGR1 |= CONT;
	ADC1->IER = OVR;
	ADC1->CR |= 4; /* nobody reads */
	note((uint32_t)until(&adc1_overruns));
	note(ADC1->CR & 4);

	adc_on(&ADC4->ISR, &ADC4->CR);
	ADC4->CHSELR = 1 << 1 | 1 << 2;
	ADC4->SMPR = 7;
	enable_interrupt(ADC4_IRQ);
	ADC4->IER = EOC | EOS | OVR;
	ADC4->CR |= 4;
	note((uint32_t)until(&adc4_sequences));
	note((uint32_t)adc4_values);
	note(adc4_value[0] | adc4_value[1] << 16);
	ADC4->CFGR1 |= CONT;
	ADC4->IER = OVR;
	ADC4->CR |= 4;
	note((uint32_t)until(&adc4_overruns));
	note(ADC4->CR & 4);

	static uint16_t samples[4];
	ADC4->CFGR1 |= 1; /* by DMA, until it has had enough */
	ADC4->IER = OVR;
	adc4_overruns = 0;
	(void)ADC4->DR;
	dma(4, 1, 0, &ADC4->DR, samples, 8, 1);
	ADC4->CR |= 4;
	note((uint32_t)dma_finish(4));
	note(samples[0] | (uint32_t)samples[3] << 16);
	note((uint32_t)until(&adc4_overruns));
}

/* As HAL_GPIO_LockPin: the pin stays what it is until a reset. */
static void test_lock(void)
{
	enum { PIN = 1 << 3, LCKK = 1 << 16 };
	RCC_AHB2ENR1 |= 4;
	GPIOC->MODER = (GPIOC->MODER & ~(15u << 6)) | 1 << 6 | 1 << 8;
	GPIOC->LCKR = PIN | LCKK;
	GPIOC->LCKR = PIN;
	GPIOC->LCKR = PIN | LCKK;
	(void)GPIOC->LCKR;
	note(GPIOC->LCKR & LCKK);
	GPIOC->MODER &= ~(15u << 6);
	note(GPIOC->MODER >> 6 & 15);
	GPIOC->BSRR = PIN; /* its level goes on changing */
	note(GPIOC->ODR & PIN);
}

static volatile int dac_underruns;
enum { DMAEN1 = 1 << 12, DMAUDR1 = 1 << 13 };

void dac1(void)
{
	DAC1->SR = DMAUDR1;
	DAC1->CR &= ~(uint32_t)DMAEN1;
	dac_underruns++;
}

static void test_dac(void)
{
	static uint32_t samples[8];
	RCC_AHB3ENR |= 1 << 6;
	RCC_APB1ENR1 |= 1 << 4;
	for (uint32_t i = 0; i < 8; i++)
		samples[i] = 1000 + i;
	TIM6->ARR = 199;
	TIM6->CR2 = 2 << 4;
	DAC1->CR = 1 << 1 | 5 << 2;
	dma(2, 2, 1, &DAC1->DHR12R1, samples, 32, 2);
	enable_interrupt(DAC1_IRQ);
	DAC1->CR |= DMAEN1 | 1 << 13;
	DAC1->CR |= 1;
	TIM6->CR1 = 1;
	note((uint32_t)dma_finish(2));
	note((uint32_t)until(&dac_underruns)); /* nothing follows */
	note(DAC1->DOR1);
	note(DAC1->SR & DMAUDR1);
	TIM6->CR1 = 0;
}

static void test_timers(void)
{
	static uint32_t pairs[6], captured[3];
	RCC_APB1ENR1 |= 3;
	for (uint32_t i = 0; i < 6; i++)
		pairs[i] = 10 + i / 2 + i % 2 * 10;
	TIM2->ARR = 99;
	TIM2_BURST->DCR = 13 | 1 << 8; /* CCR1 and CCR2 at each update */
	dma(3, 60, 1, &TIM2_BURST->DMAR, pairs, 24, 2);
	TIM2->DIER = 1 << 8;
	TIM2->CR1 = 1;
	note((uint32_t)dma_finish(3));
	note(TIM2->CCR[0] | TIM2->CCR[1] << 16);
	TIM2->DIER = 0;

	alternate(GPIOA, 6, 2);
	TIM3->ARR = 0xffff;
	TIM3->CCMR1 = 1;
	TIM3->CCER = 1;
	dma(3, 61, 0, &TIM3->CCR[0], captured, 12, 2);
	TIM3->DIER = 1 << 9;
	TIM3->CR1 = 1;
	ask(1); /* three rising edges, 500 us apart */
	note((uint32_t)dma_finish(3));
	note((captured[1] - captured[0]) & 0xffff);
	note((captured[2] - captured[1]) & 0xffff);
	TIM3->CR1 = 0;
}

static volatile uint32_t usart_flags, usart_data;
static volatile int usart_received;

void usart1(void)
{
	uint32_t errors = USART1->ISR & 0xf; /* ORE, NE, FE, PE */
	usart_flags |= errors;
	USART1->ICR = errors;
	if (USART1->ISR & 1 << 5) {
		usart_data = USART1->RDR & 0xff;
		usart_received++;
	}
}

static void usart_note(uint32_t number)
{
	usart_flags = 0;
	usart_received = 0;
	ask(number);
	note(usart_flags);
	note(usart_data);
}

static void test_usart(void)
{
	enum { UE = 1, RE = 4, RXNEIE = 32, PEIE = 256, PCE = 1 << 10, M0 = 1 << 12, EIE = 1 };
	RCC_APB2ENR |= 1 << 14;
	alternate(GPIOA, 9, 7);
	alternate(GPIOA, 10, 7);
	USART1->BRR = 35;
	USART1->CR3 = EIE;
	USART1->CR1 = UE | RE | RXNEIE | PEIE | PCE | M0;
	enable_interrupt(USART1_IRQ);
	usart_note(2); /* 'p' with wrong parity */
	usart_note(3); /* 'f' without a stop bit */
	usart_note(4); /* 'n' with noise */
	usart_note(5); /* a break */
	USART1->CR1 &= ~(uint32_t)RXNEIE;
	usart_flags = 0;
	ask(6); /* two characters, and nobody reads the first: the second is lost */
	note(usart_flags);
	note(USART1->RDR & 0xff);
	note(USART1->ISR & 1 << 5);
	USART1->CR1 = 0;
}

static volatile uint32_t spi_errors;
static volatile int spi_troubles;
enum { CRCE = 1 << 7, MODF = 1 << 9 };

void spi1(void)
{
	spi_errors |= SPI1->SR & SPI1->IER;
	SPI1->IFCR = CRCE | MODF;
	spi_troubles++;
}

static void test_spi(void)
{
	enum { SPE = 1, CSTART = 1 << 9, SSI = 1 << 12, EOT = 8 };
	enum { MASTER = 1 << 22, SSM = 1 << 26, CRCEN = 1 << 22 };
	RCC_APB2ENR |= 1 << 12;
	enable_interrupt(SPI1_IRQ);
	SPI1->IER = CRCE | MODF;
	SPI1->CR1 = 0; /* its select is low: somebody else is master */
	SPI1->CFG2 = MASTER | SSM;
	SPI1->CR1 = SPE;
	note((uint32_t)until(&spi_troubles));
	note(spi_errors);
	note(SPI1->CR1 & SPE);
	note(SPI1->CFG2 & MASTER);

	spi_errors = 0;
	spi_troubles = 0;
	SPI1->CR1 = SSI;
	SPI1->CFG1 = 7 | 7 << 16 | CRCEN | 1u << 28;
	SPI1->CRCPOLY = 0x107;
	SPI1->CFG2 = MASTER | SSM;
	SPI1->CR2 = 2;
	SPI1->CR1 = SSI | SPE;
	SPI1->CR1 |= CSTART;
	for (int i = 0; i < 2; i++)
		*(volatile uint8_t *)&SPI1->TXDR = 0x55;
	note((uint32_t)until(&spi_troubles)); /* nobody answers, with no CRC either */
	note(spi_errors);
	note((uint32_t)wait(&SPI1->SR, EOT));
	SPI1->CR1 = 0;
}

int main(void)
{
	RCC_AHB1ENR |= 1;
	test_aes();
	test_hash();
	test_icache();
	test_converters();
	test_lock();
	test_dac();
	test_timers();
	test_usart();
	test_spi();
	result[0] = 0x600d;
	return 0;
}
