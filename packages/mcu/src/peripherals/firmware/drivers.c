/*
 * Uses I2C, SPI, ADC, DAC, CRC, HASH and GPDMA the way ST's drivers do: initialise, poll, interrupt,
 * DMA, and the paths of errors. What each step found stands in `result`, in the order of the test.
 */
#include "chip.h"

enum { PE = 1, START = 1 << 13, READ = 1 << 10, AUTOEND = 1 << 25 };
enum { TXIS = 2, RXNE = 4, NACKF = 16, STOPF = 32, TC = 64, BUSY = 1 << 15 };

static void i2c_init(void)
{
	RCC_AHB2ENR1 |= 2;
	RCC_APB1ENR1 |= 1 << 21;
	alternate(GPIOB, 8, 4);
	alternate(GPIOB, 9, 4);
	I2C1->CR1 = 0;
	I2C1->TIMINGR = 0x00100d14; /* 100 kHz from 4 MHz, about */
	I2C1->CR1 = PE;
}

static int i2c_finish(void)
{
	int stopped = wait(&I2C1->ISR, STOPF);
	int refused = (I2C1->ISR & NACKF) != 0;
	I2C1->ICR = STOPF | NACKF;
	I2C1->CR2 = 0;
	return stopped ? (refused ? -1 : 0) : -2;
}

static int i2c_write(int address, const uint8_t *data, int length)
{
	I2C1->CR2 = (uint32_t)(address << 1 | length << 16 | AUTOEND | START);
	for (int i = 0; i < length; i++) {
		if (!wait(&I2C1->ISR, TXIS | NACKF))
			return -2;
		if (I2C1->ISR & NACKF)
			break;
		I2C1->TXDR = data[i];
	}
	return i2c_finish();
}

static int i2c_read_from(int address, uint8_t at, uint8_t *into, int length)
{
	I2C1->CR2 = (uint32_t)(address << 1 | 1 << 16 | START);
	if (!wait(&I2C1->ISR, TXIS))
		return -2;
	I2C1->TXDR = at;
	if (!wait(&I2C1->ISR, TC))
		return -3;
	I2C1->CR2 = (uint32_t)(address << 1 | READ | length << 16 | AUTOEND | START);
	for (int i = 0; i < length; i++) {
		if (!wait(&I2C1->ISR, RXNE))
			return -4;
		into[i] = (uint8_t)I2C1->RXDR;
	}
	return i2c_finish();
}

static volatile uint8_t interrupt_data[4];
static volatile int interrupt_at, interrupt_done;

void i2c1_event(void)
{
	uint32_t flags = I2C1->ISR;
	if (flags & TXIS)
		I2C1->TXDR = interrupt_data[interrupt_at++];
	if (flags & STOPF) {
		I2C1->ICR = STOPF;
		interrupt_done = 1;
	}
}

static void i2c_by_interrupt(void)
{
	for (int i = 0; i < 4; i++)
		interrupt_data[i] = (uint8_t)(i == 0 ? 0x40 : 0xa0 + i);
	NVIC_ISER(1) = 1 << (55 - 32);
	I2C1->CR1 = PE | 1 << 1 | 1 << 5;
	I2C1->CR2 = 0x50 << 1 | 4 << 16 | AUTOEND | START;
	for (int patience = 100000; !interrupt_done && patience > 0; patience--)
		;
	note((uint32_t)interrupt_done);
	I2C1->CR1 = PE;
}

static void i2c_by_dma(void)
{
	static uint8_t out[5] = { 0 };
	for (int i = 0; i < 5; i++)
		out[i] = (uint8_t)(i == 0 ? 0x60 : 0xb0 + i);
	dma(0, 13, 1, &I2C1->TXDR, out, 5, 0);
	I2C1->CR1 = PE | 1 << 14;
	I2C1->CR2 = 0x50 << 1 | 5 << 16 | AUTOEND | START;
	note((uint32_t)dma_finish(0));
	note((uint32_t)i2c_finish());
	static uint8_t in[4];
	uint8_t at = 0x60;
	I2C1->CR1 = PE;
	I2C1->CR2 = 0x50 << 1 | 1 << 16 | START;
	wait(&I2C1->ISR, TXIS);
	I2C1->TXDR = at;
	wait(&I2C1->ISR, TC);
	dma(1, 12, 0, &I2C1->RXDR, in, 4, 0);
	I2C1->CR1 = PE | 1 << 15;
	I2C1->CR2 = 0x50 << 1 | READ | 4 << 16 | AUTOEND | START;
	note((uint32_t)dma_finish(1));
	note((uint32_t)i2c_finish());
	note((uint32_t)(in[0] | in[1] << 8 | in[2] << 16 | in[3] << 24));
	I2C1->CR1 = PE;
}

static void test_i2c(void)
{
	static const uint8_t data[] = { 0x10, 0x11, 0x22, 0x33 };
	uint8_t in[3];
	i2c_init();
	note((uint32_t)i2c_write(0x50, data, 4));
	note((uint32_t)i2c_read_from(0x50, 0x10, in, 3));
	note((uint32_t)(in[0] | in[1] << 8 | in[2] << 16));
	note((uint32_t)i2c_write(0x29, data, 2)); /* nobody */
	note(I2C1->ISR & BUSY);
	i2c_by_interrupt();
	i2c_by_dma();
}

enum { SPE = 1, CSTART = 1 << 9, SSI = 1 << 12, MASTER = 1 << 22, SSM = 1 << 26 };
enum { RXP = 1, TXP = 2, EOT = 8, TXTF = 16, OVR = 64 };

static void spi_begin(int frames, uint32_t cfg1, uint32_t cfg2)
{
	SPI1->CR1 = SSI;
	SPI1->CFG1 = 7 | cfg1;
	SPI1->CFG2 = MASTER | SSM | cfg2;
	SPI1->CR2 = (uint32_t)frames;
	SPI1->CR1 = SSI | SPE;
}

static void spi_end(void)
{
	SPI1->IFCR = 0xff8;
	SPI1->CR1 = SSI;
}

static volatile uint32_t spi_in;
static volatile int spi_done;

void spi1(void)
{
	if (SPI1->SR & RXP)
		spi_in = spi_in << 8 | *(volatile uint8_t *)&SPI1->RXDR;
	if (SPI1->SR & EOT) {
		SPI1->IER = 0;
		SPI1->IFCR = EOT | TXTF;
		spi_done = 1;
	}
}

static void test_spi(void)
{
	static uint8_t out[8] = { 0 }, in[8];
	RCC_AHB2ENR1 |= 1;
	RCC_APB2ENR |= 1 << 12;
	alternate(GPIOA, 5, 5);
	alternate(GPIOA, 6, 5);
	alternate(GPIOA, 7, 5);
	spi_begin(3, 0, 0);
	SPI1->CR1 = SSI | SPE | CSTART;
	uint32_t word = 0;
	for (uint32_t byte = 1; byte <= 3; byte++) {
		wait(&SPI1->SR, TXP);
		*(volatile uint8_t *)&SPI1->TXDR = (uint8_t)byte;
		wait(&SPI1->SR, RXP);
		word = word << 8 | *(volatile uint8_t *)&SPI1->RXDR;
	}
	note((uint32_t)wait(&SPI1->SR, EOT));
	note(word);
	spi_end();

	spi_begin(2, 0, 0); /* by interrupt */
	NVIC_ISER(1) = 1 << (59 - 32);
	SPI1->IER = 1 | 8;
	*(volatile uint16_t *)&SPI1->TXDR = 0x0504;
	SPI1->CR1 = SSI | SPE | CSTART;
	for (int patience = 100000; !spi_done && patience > 0; patience--)
		;
	note(spi_in);
	spi_end();

	for (int i = 0; i < 8; i++) /* by DMA */
		out[i] = (uint8_t)(0x10 + i);
	spi_begin(8, 0, 0);
	SPI1->CR1 = SSI;
	SPI1->CFG1 |= 3 << 14;
	dma(2, 6, 0, &SPI1->RXDR, in, 8, 0);
	dma(3, 7, 1, &SPI1->TXDR, out, 8, 0);
	SPI1->CR1 = SSI | SPE;
	SPI1->CR1 = SSI | SPE | CSTART;
	note((uint32_t)(dma_finish(2) & dma_finish(3)));
	note((uint32_t)(in[0] | in[7] << 8));
	spi_end();

	spi_begin(20, 0, 2 << 17); /* receive only, and nobody reads */
	SPI1->CR1 = SSI | SPE | CSTART;
	wait(&SPI1->SR, EOT);
	note(SPI1->SR & OVR);
	spi_end();
	note(SPI1->SR & OVR);
}

static void test_analog(void)
{
	RCC_AHB2ENR1 |= 1 | 1 << 10;
	RCC_AHB3ENR |= 1 << 6;
	GPIOA->MODER |= 3 | 3 << 8;
	*(reg *)0x46020ce8 = 0x5000; /* ADC and DAC from MSIK */
	ADC1->CR = 0;
	ADC1->CR = 1 << 28;
	note((uint32_t)wait(&ADC1->ISR, 1 << 12));
	ADC1->CR |= 1u << 31;
	for (int patience = 100000; ADC1->CR >> 31 && patience > 0; patience--)
		;
	note(ADC1->CR >> 31);
	ADC1->ISR = 1;
	ADC1->CR |= 1;
	note((uint32_t)wait(&ADC1->ISR, 1));
	ADC1->PCSEL = 1 << 5 | 1 << 9;
	ADC1->SQR1 = 5 << 6;
	ADC1->CR |= 4;
	note((uint32_t)wait(&ADC1->ISR, 4));
	note(ADC1->DR);
	DAC1->CR = 1;
	DAC1->DHR12R1 = 2048;
	static uint16_t samples[2];
	ADC1->CFGR1 = 0x80000000 | 1;
	ADC1->SQR1 = 1 | 5 << 6 | 9 << 12;
	dma(4, 0, 0, &ADC1->DR, samples, 4, 1);
	ADC1->CR |= 4;
	note((uint32_t)dma_finish(4));
	note((uint32_t)(samples[0] | samples[1] << 16));
}

static void test_sums(void)
{
	static const uint8_t text[] = "123456789";
	RCC_AHB1ENR |= 1 << 12;
	RCC_AHB2ENR1 |= 1 << 17;
	CRC->INIT = 0xffffffff;
	CRC->CR = 1 << 5 | 1 << 7 | 1;
	for (int i = 0; i < 9; i++)
		*(volatile uint8_t *)&CRC->DR = text[i];
	note(~CRC->DR);
	HASH->CR = 3 << 17 | 2 << 4 | 4;
	HASH->DIN = 0x00636261;
	HASH->STR = 24;
	HASH->STR = 24 | 1 << 8;
	note((uint32_t)wait(&HASH->SR, 2));
	note(HASH_HR[0]);
	static uint32_t message[20];
	for (int i = 0; i < 20; i++)
		message[i] = 0x61616161;
	HASH->SR = 0;
	HASH->STR = 0;
	HASH->CR = 3 << 17 | 2 << 4 | 1 << 3 | 4;
	dma(5, 89, 1, &HASH->DIN, message, 80, 2);
	dma_finish(5);
	note((uint32_t)wait(&HASH->SR, 2));
	note(HASH_HR[0]);
}

int main(void)
{
	RCC_AHB1ENR |= 1;
	test_i2c();
	test_spi();
	test_analog();
	test_sums();
	result[0] = 0x600d;
	return 0;
}
