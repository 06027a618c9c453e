/* The registers that the programs here use. RM0456; names as in the manual. */
#pragma once
#include <stdint.h>

typedef volatile uint32_t reg;

struct i2c { reg CR1, CR2, OAR1, OAR2, TIMINGR, TIMEOUTR, ISR, ICR, PECR, RXDR, TXDR; };
struct spi {
	reg CR1, CR2, CFG1, CFG2, IER, SR, IFCR, AUTOCR, TXDR, gap0[3], RXDR, gap1[3], CRCPOLY;
};
struct adc {
	reg ISR, IER, CR, CFGR1, CFGR2, SMPR1, SMPR2, PCSEL, gap0[4], SQR1, SQR2, SQR3, SQR4, DR;
};
struct crc { reg DR, IDR, CR, gap0, INIT, POL; };
struct hash { reg CR, DIN, STR, HRA[5], IMR, SR; };
struct dac { reg CR, SWTRIGR, DHR12R1, gap0[8], DOR1, DOR2, SR; };
struct adc4 { reg ISR, IER, CR, CFGR1, CFGR2, SMPR, gap[4], CHSELR, gap1[5], DR; };
struct aes { reg CR, SR, DINR, DOUTR, KEYR[4]; };
struct crs { reg CR, CFGR, ISR, ICR; };
struct tim {
	reg CR1, CR2, SMCR, DIER, SR, EGR, CCMR1, CCMR2, CCER, CNT, PSC, ARR, RCR, CCR[4], BDTR;
};
struct exti { reg RTSR1, FTSR1, SWIER1, RPR1, FPR1; };
struct usart { reg CR1, CR2, CR3, BRR, GTPR, RTOR, RQR, ISR, ICR, RDR, TDR; };
struct channel {
	reg LBAR, gap0[2], FCR, SR, CR, gap1[10], TR1, TR2, BR1, SAR, DAR, TR3, BR2, gap2[8], LLR;
};

#define I2C1 ((struct i2c *)0x40005400)
#define SPI1 ((struct spi *)0x40013000)
#define ADC1 ((struct adc *)0x42028000)
#define CRC ((struct crc *)0x40023000)
#define HASH ((struct hash *)0x420c0400)
#define HASH_HR ((reg *)0x420c0710)
#define DAC1 ((struct dac *)0x46021800)
#define ADC4 ((struct adc4 *)0x46021000)
#define AES ((struct aes *)0x420c0000)
#define AES_IER (*(reg *)0x420c0300)
#define AES_ISR (*(reg *)0x420c0304)
#define AES_ICR (*(reg *)0x420c0308)
#define CRS ((struct crs *)0x40006000)
#define TIM1 ((struct tim *)0x40012c00)
#define TIM2 ((struct tim *)0x40000000)
#define TIM3 ((struct tim *)0x40000400)
#define TIM6 ((struct tim *)0x40001000)
#define EXTI ((struct exti *)0x46022000)
#define EXTI_IMR1 (*(reg *)0x46022080)
#define USART1 ((struct usart *)0x40013800)
#define LPUART1 ((struct usart *)0x46002400)
#define GPDMA1(n) ((struct channel *)(0x40020050 + 0x80 * (n)))

#define RCC_AHB1ENR (*(reg *)0x46020c88)
#define RCC_AHB2ENR1 (*(reg *)0x46020c8c)
#define RCC_AHB3ENR (*(reg *)0x46020c94)
#define RCC_APB1ENR1 (*(reg *)0x46020c9c)
#define RCC_APB2ENR (*(reg *)0x46020ca4)
#define RCC_APB3ENR (*(reg *)0x46020ca8)
#define RCC_CR (*(reg *)0x46020c00)
#define RCC_CCIPR3 (*(reg *)0x46020ce8)
#define NVIC_ISER(n) ((reg *)0xe000e100)[n]

struct gpio { reg MODER, OTYPER, OSPEEDR, PUPDR, IDR, ODR, BSRR, LCKR, AFR[2], BRR; };
#define GPIOA ((struct gpio *)0x42020000)
#define GPIOB ((struct gpio *)0x42020400)
#define GPIOC ((struct gpio *)0x42020800)
#define GPIOE ((struct gpio *)0x42021000)

/* A pin to its alternate function. */
static inline void alternate(struct gpio *port, int pin, uint32_t function)
{
	port->AFR[pin >> 3] = (port->AFR[pin >> 3] & ~(15u << (pin & 7) * 4)) | function << (pin & 7) * 4;
	port->MODER = (port->MODER & ~(3u << pin * 2)) | 2u << pin * 2;
}

/* See support.c. */
extern volatile uint32_t result[];
void note(uint32_t value);
void dma(int n, int request, int to_peripheral, reg *data, void *memory, int bytes, int width);
int dma_finish(int n);
void enable_interrupt(int number);
int until(volatile int *done);
void ask(uint32_t number);

/* Polls as ST's drivers do: until the flag is set, or for so long. */
static inline int wait(reg *from, uint32_t flags)
{
	for (int patience = 100000; patience > 0; patience--)
		if (*from & flags)
			return 1;
	return 0;
}
