/*
 * Registers of the STM32U585 that the test firmwares use. RM0456; addresses are those of the
 * non-secure alias, as on a chip without TrustZone.
 */
#ifndef CHIP_H
#define CHIP_H

#include <stdint.h>

#define REG(address) (*(volatile uint32_t *)(address))
#define BIT(n) (1u << (n))

/* RCC */
#define RCC_CR REG(0x46020C00)
#define RCC_CFGR1 REG(0x46020C1C)
#define RCC_AHB2ENR1 REG(0x46020C8C)
#define RCC_APB1ENR1 REG(0x46020C9C)
#define RCC_APB3ENR REG(0x46020CA8)

/* GPIO: port 0 is A. */
#define GPIO(port, offset) REG(0x42020000 + 0x400 * (port) + (offset))
#define GPIO_MODER 0x00
#define GPIO_OTYPER 0x04
#define GPIO_IDR 0x10
#define GPIO_ODR 0x14
#define GPIO_BSRR 0x18
#define GPIO_AFR(pin) (0x20 + 4 * ((pin) / 8))
enum { PORT_A, PORT_B, PORT_C, PORT_D, PORT_E };
enum { MODE_INPUT, MODE_OUTPUT, MODE_ALTERNATE, MODE_ANALOG };

/* EXTI */
#define EXTI_RTSR1 REG(0x46022000)
#define EXTI_FTSR1 REG(0x46022004)
#define EXTI_RPR1 REG(0x4602200C)
#define EXTI_EXTICR(n) REG(0x46022060 + 4 * (n))
#define EXTI_IMR1 REG(0x46022080)

/* USART2 */
#define USART2_CR1 REG(0x40004400)
#define USART2_BRR REG(0x4000440C)
#define USART2_ISR REG(0x4000441C)
#define USART2_ICR REG(0x40004420)
#define USART2_RDR REG(0x40004424)
#define USART2_TDR REG(0x40004428)

/* I2C1 */
#define I2C1_CR1 REG(0x40005400)
#define I2C1_CR2 REG(0x40005404)
#define I2C1_TIMINGR REG(0x40005410)
#define I2C1_ISR REG(0x40005418)
#define I2C1_ICR REG(0x4000541C)
#define I2C1_RXDR REG(0x40005424)
#define I2C1_TXDR REG(0x40005428)

/* The core */
#define SYST_CSR REG(0xE000E010)
#define SYST_RVR REG(0xE000E014)
#define SYST_CVR REG(0xE000E018)
#define NVIC_ISER(n) REG(0xE000E100 + 4 * (n))
#define NVIC_IPR(irq) (*(volatile uint8_t *)(0xE000E400 + (irq)))
#define SCB_ICSR REG(0xE000ED04)
#define SCB_SHPR3 REG(0xE000ED20)
#define SCB_CPACR REG(0xE000ED88)

enum { IRQ_EXTI4 = 15, IRQ_EXTI13 = 24, IRQ_I2C1_EV = 55, IRQ_I2C1_ER = 56, IRQ_USART2 = 62 };

static inline void enable_interrupt(int irq, uint8_t priority)
{
    NVIC_IPR(irq) = priority;
    NVIC_ISER(irq / 32) = BIT(irq % 32);
}

static inline void pin_mode(int port, int pin, uint32_t mode)
{
    uint32_t keep = GPIO(port, GPIO_MODER) & ~(3u << (2 * pin));
    GPIO(port, GPIO_MODER) = keep | mode << (2 * pin);
}

static inline void pin_alternate(int port, int pin, uint32_t function)
{
    uint32_t shift = 4 * (pin % 8);
    uint32_t keep = GPIO(port, GPIO_AFR(pin)) & ~(15u << shift);
    GPIO(port, GPIO_AFR(pin)) = keep | function << shift;
    pin_mode(port, pin, MODE_ALTERNATE);
}

static inline void pin_write(int port, int pin, int is_high)
{
    GPIO(port, GPIO_BSRR) = BIT(is_high ? pin : pin + 16);
}

#endif
