/*
 * Uses what watches lines and voltages the way ST's drivers do: timers (encoder, capture, break), LPTIM,
 * USART (reception to idle by DMA, flow control, FIFOs), I2C (10 bits, packet error code, lost arbitration),
 * COMP, OPAMP, ADC4 and a linked list of LPDMA. Where somebody outside has to do something, `ask` waits
 * until it is done. What each step found stands in `result`, in the order of the test.
 */
#include "chip.h"

struct lptim { reg ISR, ICR, DIER, CFGR, CR, CCR1, ARR, CNT; };

#define LPTIM1 ((struct lptim *)0x46004400)
#define COMP1_CSR (*(reg *)0x46005400)
#define OPAMP1_CSR (*(reg *)0x46005000)
#define LPDMA1 ((struct channel *)0x46025050)
#define SRAM4 ((volatile uint32_t *)0x28000000)

static volatile int matches, captures, breaks, idles, errors, compared;
static volatile uint32_t captured[2];

void lptim1(void)
{
	LPTIM1->ICR = 2;
	matches++;
}

static void test_lptim(void)
{
	RCC_APB3ENR |= 1 << 11;
	LPTIM1->CR = 1;
	LPTIM1->ARR = 3999;
	note((uint32_t)wait(&LPTIM1->ISR, 1 << 4));
	LPTIM1->CR |= 4;
	note((uint32_t)wait(&LPTIM1->ISR, 2));
	LPTIM1->ICR = 2;
	enable_interrupt(67);
	LPTIM1->DIER = 2;
	for (int patience = 100000; matches < 3 && patience > 0; patience--)
		;
	note((uint32_t)matches);
	LPTIM1->CR = 0;

	static uint32_t compares[4];
	for (uint32_t i = 0; i < 4; i++)
		compares[i] = 100 * (i + 1);
	dma(0, 107, 1, &LPTIM1->CCR1, compares, 16, 2);
	LPTIM1->DIER = 1 << 23; /* the next one at each update */
	LPTIM1->CR = 1;
	LPTIM1->CR |= 4;
	note((uint32_t)dma_finish(0));
	note(LPTIM1->CCR1);
	LPTIM1->DIER = 0;
	LPTIM1->CR = 0;
}

void tim2(void)
{
	if (captures < 2)
		captured[captures++] = TIM2->CCR[0];
	TIM2->SR = 0;
}

void tim1_break(void)
{
	TIM1->SR = 0;
	TIM1->DIER = 0;
	breaks++;
}

static void test_timers(void)
{
	RCC_AHB2ENR1 |= 1 | 1 << 4;
	RCC_APB1ENR1 |= 3;
	RCC_APB2ENR |= 1 << 11;
	alternate(GPIOA, 6, 2);
	alternate(GPIOA, 7, 2);
	TIM3->ARR = 0xffff;
	TIM3->CCMR1 = 1 | 1 << 8;
	TIM3->SMCR = 3;
	TIM3->CR1 = 1;
	ask(1); /* an encoder turns five marks forward, then one back */
	note(TIM3->CNT);
	note(TIM3->CR1 & 1 << 4);

	alternate(GPIOA, 0, 1);
	TIM2->ARR = 0xffffffff;
	TIM2->CCMR1 = 1;
	TIM2->CCER = 1;
	TIM2->DIER = 2;
	enable_interrupt(45);
	TIM2->CR1 = 1;
	ask(2); /* two rising edges, 1 ms apart */
	note((uint32_t)captures);
	note(captured[1] - captured[0]);

	alternate(GPIOE, 9, 1);
	alternate(GPIOE, 15, 1);
	TIM1->ARR = 99;
	TIM1->CCR[0] = 50;
	TIM1->CCMR1 = 6 << 4;
	TIM1->CCER = 1;
	TIM1->BDTR = 1 << 15 | 1 << 13 | 1 << 12;
	TIM1->SR = 0;
	TIM1->DIER = 1 << 7;
	enable_interrupt(41);
	TIM1->CR1 = 1;
	note(TIM1->BDTR & 1 << 15);
	ask(3); /* the bridge reports an overload */
	note((uint32_t)breaks);
	note(TIM1->BDTR & 1 << 15);

	RCC_APB1ENR1 |= 1 << 4;
	TIM6->ARR = 99;
	TIM6->CR1 = 1 << 3 | 1; /* one pulse: it stops by itself */
	note((uint32_t)wait(&TIM6->SR, 1));
	note(TIM6->CR1 & 1);
}

void usart1(void)
{
	if (USART1->ISR & 1 << 4)
		idles++;
	USART1->ICR = 1 << 4;
}

static void test_usart(void)
{
	enum { UE = 1, RE = 4, TE = 8, IDLEIE = 16, TC = 64 };
	static uint8_t line[16];
	RCC_APB2ENR |= 1 << 14;
	for (int pin = 9; pin <= 12; pin++)
		alternate(GPIOA, pin, 7);
	USART1->BRR = 35;
	USART1->CR3 = 1 << 6;
	USART1->CR1 = UE | RE | TE;
	dma(0, 24, 0, &USART1->RDR, line, 16, 0);
	USART1->ICR = 1 << 4;
	USART1->CR1 |= IDLEIE;
	enable_interrupt(61);
	ask(4); /* five characters arrive */
	note((uint32_t)idles);
	note(16 - (GPDMA1(0)->BR1 & 0xffff));
	note((uint32_t)(line[0] | line[4] << 8));
	GPDMA1(0)->CR = 2;

	USART1->CR1 = UE | RE | TE;
	USART1->CR3 = 1 << 8 | 1 << 9;
	note(GPIOA->IDR & 1 << 12); /* RTS: ready */
	ask(5); /* a character arrives, and the other side is not ready */
	note(GPIOA->IDR & 1 << 12);
	note(USART1->RDR);
	note(GPIOA->IDR & 1 << 12);
	USART1->TDR = 'x';
	for (int patience = 2000; patience > 0; patience--)
		__asm__ volatile("nop");
	note(USART1->ISR & TC);
	ask(6); /* it is ready again */
	note((uint32_t)wait(&USART1->ISR, TC));
}

static volatile int low_power_received;
static volatile uint8_t low_power_line[8];
enum { RXFNE = 32 };

void lpuart1(void)
{
	while (LPUART1->ISR & RXFNE)
		low_power_line[low_power_received++ & 7] = (uint8_t)LPUART1->RDR;
}

/* As HAL_UARTEx_EnableFifoMode: FIFOs of eight, an interrupt when four are there. */
static void test_lpuart(void)
{
	enum { UE = 1, RE = 4, TE = 8, TC = 64, TXFNF = 128, FIFOEN = 1 << 29, RXFTIE = 1 << 28 };
	RCC_AHB2ENR1 |= 4;
	RCC_APB3ENR |= 1 << 6;
	alternate(GPIOC, 0, 8);
	alternate(GPIOC, 1, 8);
	LPUART1->BRR = 256 * 35;
	LPUART1->CR3 = 2 << 25 | RXFTIE;
	LPUART1->CR1 = FIFOEN | UE | RE | TE;
	enable_interrupt(66);
	ask(10); /* six characters arrive */
	note((uint32_t)low_power_received);
	note((uint32_t)(low_power_line[0] | low_power_line[3] << 8));
	note(LPUART1->RDR | LPUART1->RDR << 8);
	note(LPUART1->ISR & RXFNE);
	int taken = 0;
	for (; LPUART1->ISR & TXFNF && taken < 20; taken++)
		LPUART1->TDR = (uint32_t)('a' + taken);
	note((uint32_t)taken);
	note((uint32_t)wait(&LPUART1->ISR, TC));
	LPUART1->CR1 = 0;
}

void i2c1_error(void)
{
	errors |= (int)I2C1->ISR & 0x3f00;
	I2C1->ICR = 0x3f00;
}

static void test_i2c(void)
{
	enum { PE = 1, TEN = 1 << 11, START = 1 << 13, READ = 1 << 10, AUTOEND = 1 << 25 };
	enum { HEAD10R = 1 << 12, PECBYTE = 1 << 26, PECEN = 1 << 23 };
	enum { TXIS = 2, RXNE = 4, NACKF = 16, STOPF = 32, TC = 64 };
	static const uint8_t out[] = { 0x10, 0xab };
	RCC_AHB2ENR1 |= 2;
	RCC_APB1ENR1 |= 1 << 21;
	GPIOB->OTYPER |= 3 << 8;
	alternate(GPIOB, 8, 4);
	alternate(GPIOB, 9, 4);
	I2C1->TIMINGR = 0x00100d14;
	I2C1->CR1 = PE;
	I2C1->CR2 = 0x2a5 | TEN | 2 << 16 | AUTOEND | START;
	for (int i = 0; i < 2; i++) {
		wait(&I2C1->ISR, TXIS | NACKF);
		I2C1->TXDR = out[i];
	}
	note((uint32_t)wait(&I2C1->ISR, STOPF));
	note(I2C1->ISR & NACKF);
	I2C1->ICR = STOPF;
	I2C1->CR2 = 0x2a5 | TEN | 1 << 16 | START; /* the pointer, then a read */
	wait(&I2C1->ISR, TXIS | NACKF);
	I2C1->TXDR = 0x10;
	wait(&I2C1->ISR, TC);
	I2C1->CR2 = 0x2a5 | TEN | HEAD10R | READ | 1 << 16 | AUTOEND | START;
	note((uint32_t)wait(&I2C1->ISR, RXNE));
	note(I2C1->RXDR);
	wait(&I2C1->ISR, STOPF);
	I2C1->ICR = STOPF;

	I2C1->CR1 = 0;
	I2C1->CR1 = PE | PECEN; /* SMBus: write byte with PEC */
	I2C1->CR2 = 0x50 << 1 | 3 << 16 | PECBYTE | AUTOEND | START;
	for (int i = 0; i < 2; i++) {
		wait(&I2C1->ISR, TXIS | NACKF);
		I2C1->TXDR = out[i];
	}
	note((uint32_t)wait(&I2C1->ISR, STOPF));
	I2C1->ICR = STOPF;

	I2C1->CR1 = 0;
	I2C1->CR1 = PE | 1 << 7;
	enable_interrupt(56);
	I2C1->CR2 = 0x50 << 1 | 2 << 16 | AUTOEND | START;
	wait(&I2C1->ISR, TXIS | NACKF);
	ask(7); /* another controller takes the bus */
	note((uint32_t)errors);
	I2C1->CR1 = 0;
}

void comp(void)
{
	EXTI->RPR1 = 1 << 17;
	compared++;
}

static void test_analog(void)
{
	RCC_AHB2ENR1 |= 4;
	RCC_AHB3ENR |= 1 << 5 | 1 << 9;
	RCC_APB3ENR |= 1 << 14 | 1 << 15;
	GPIOA->MODER |= 3 | 3 << 4 | 3 << 6;
	GPIOC->MODER |= 3;
	EXTI->RTSR1 = 1 << 17;
	EXTI_IMR1 |= 1 << 17;
	enable_interrupt(72);
	COMP1_CSR = 1 | 3 << 4 | 2 << 8; /* PA2 against VREFINT */
	note(COMP1_CSR >> 30 & 1);
	ask(8); /* PA2 rises to 2 V */
	note(COMP1_CSR >> 30 & 1);
	note((uint32_t)compared);

	OPAMP1_CSR = 1 | 3 << 2; /* PA3 follows PA0 */
	ask(9); /* PA0 and PC0 have 1.1 V */
	RCC_CCIPR3 = 0x5000; /* converters from MSIK */
	ADC4->CR = 1 << 28;
	note((uint32_t)wait(&ADC4->ISR, 1 << 12));
	ADC4->CR |= 1u << 31;
	for (int patience = 100000; ADC4->CR >> 31 && patience > 0; patience--)
		;
	ADC4->ISR = 1;
	ADC4->CR |= 1;
	note((uint32_t)wait(&ADC4->ISR, 1));
	ADC4->CHSELR = 1 << 1;
	ADC4->CR |= 4;
	note((uint32_t)wait(&ADC4->ISR, 4));
	note(ADC4->DR);
}

static volatile int lpdma_errors;

void lpdma1_ch0(void)
{
	lpdma_errors = (int)LPDMA1->SR & 1 << 10;
	LPDMA1->FCR = 0x7f00;
}

static void test_lpdma(void)
{
	volatile uint32_t *node = SRAM4 + 64;
	for (uint32_t i = 0; i < 4; i++)
		SRAM4[i] = 0x1000 + i;
	node[0] = 2 | 1 << 3 | 2 << 16 | 1 << 19; /* TR1, TR2, BR1, SAR, DAR, LLR */
	node[1] = 1 << 9;
	node[2] = 8;
	node[3] = (uint32_t)(SRAM4 + 2);
	node[4] = (uint32_t)(SRAM4 + 34);
	node[5] = 0;
	LPDMA1->LBAR = (uint32_t)node & 0xffff0000;
	LPDMA1->TR1 = node[0];
	LPDMA1->TR2 = node[1] | 3u << 30;
	LPDMA1->BR1 = 8;
	LPDMA1->SAR = (uint32_t)SRAM4;
	LPDMA1->DAR = (uint32_t)(SRAM4 + 32);
	LPDMA1->LLR = 0xf8010000 | ((uint32_t)node & 0xfffc);
	LPDMA1->CR = 1;
	note((uint32_t)wait(&LPDMA1->SR, 1));
	note(SRAM4[32] | SRAM4[35] << 16);
	LPDMA1->FCR = 0x7f00;
	LPDMA1->SAR = 0x60000000; /* where nothing is */
	LPDMA1->LLR = 0;
	LPDMA1->BR1 = 8;
	enable_interrupt(114);
	LPDMA1->CR = 1 | 1 << 10;
	note((uint32_t)until(&lpdma_errors));
}

int main(void)
{
	RCC_AHB1ENR |= 1;
	test_lptim();
	test_timers();
	test_usart();
	test_lpuart();
	test_i2c();
	test_analog();
	test_lpdma();
	result[0] = 0x600d;
	return 0;
}
