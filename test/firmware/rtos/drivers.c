/* Drivers: see drivers.h. Every wait is on a kernel object; interrupts do the work. */
#include "drivers.h"

#include "../common/chip.h"
#include "../common/clock.h"

enum { RING = 256, ON = 1, TE = BIT(3), RE = BIT(2), RXNEIE = BIT(5), TXEIE = BIT(7) };

static uint8_t ring[RING];
static volatile uint32_t ring_in, ring_out;
static struct semaphore ring_room = {.count = RING};
QUEUE(received, uint8_t, 32);

void serial_start(void)
{
    RCC_AHB2ENR1 |= BIT(PORT_D);
    RCC_APB1ENR1 |= BIT(17);
    pin_alternate(PORT_D, 5, 7);
    pin_alternate(PORT_D, 6, 7);
    USART2_BRR = (CPU_HZ + 57600) / 115200;
    USART2_CR1 = ON | TE | RE | RXNEIE;
    enable_interrupt(IRQ_USART2, 0x80);
}

void serial_write(const char *text)
{
    for (; *text; text++) {
        semaphore_take(&ring_room, FOREVER);
        ring[ring_in % RING] = (uint8_t)*text;
        ring_in++;
        USART2_CR1 |= TXEIE;
    }
}

int serial_read(uint8_t *byte, uint32_t milliseconds)
{
    return queue_receive(&received, byte, milliseconds);
}

void USART2_Handler(void)
{
    if (USART2_ISR & BIT(5)) {
        uint8_t byte = (uint8_t)USART2_RDR;
        queue_send(&received, &byte, 0);
    }
    if (!(USART2_ISR & BIT(7)) || !(USART2_CR1 & TXEIE)) return;
    if (ring_out == ring_in) {
        USART2_CR1 &= ~(uint32_t)TXEIE;
        return;
    }
    USART2_TDR = ring[ring_out % RING];
    ring_out++;
    semaphore_give(&ring_room);
}

static struct {
    const uint8_t *out;
    uint8_t *in;
    uint32_t out_left, in_left, in_bytes;
    uint8_t address;
    int failed;
} transfer;
static struct semaphore transfer_done;

enum { PE = 1, TXIE = BIT(1), RXIE = BIT(2), NACKIE = BIT(4), STOPIE = BIT(5), TCIE = BIT(6) };
enum { READ = BIT(10), START = BIT(13), AUTOEND = BIT(25) };

void i2c_start(void)
{
    RCC_AHB2ENR1 |= BIT(PORT_B);
    RCC_APB1ENR1 |= BIT(21);
    GPIO(PORT_B, GPIO_OTYPER) |= BIT(8) | BIT(9);
    pin_alternate(PORT_B, 8, 4);
    pin_alternate(PORT_B, 9, 4);
    I2C1_TIMINGR = 0x00300F38; /* 100 kHz of 16 MHz, about */
    I2C1_CR1 = PE | TXIE | RXIE | NACKIE | STOPIE | TCIE;
    enable_interrupt(IRQ_I2C1_EV, 0x40);
    enable_interrupt(IRQ_I2C1_ER, 0x40);
}

static void begin(uint32_t bytes, uint32_t flags)
{
    I2C1_CR2 = (uint32_t)transfer.address << 1 | bytes << 16 | flags | START;
}

int i2c_transfer(uint8_t address, const uint8_t *out, uint32_t out_bytes, uint8_t *in,
                 uint32_t in_bytes)
{
    transfer.out = out;
    transfer.in = in;
    transfer.out_left = out_bytes;
    transfer.in_left = transfer.in_bytes = in_bytes;
    transfer.address = address;
    transfer.failed = 0;
    if (out_bytes > 0) begin(out_bytes, in_bytes > 0 ? 0 : AUTOEND);
    else begin(in_bytes, READ | AUTOEND);
    if (!semaphore_take(&transfer_done, 50)) return 0;
    return !transfer.failed;
}

void I2C1_EV_Handler(void)
{
    uint32_t flags = I2C1_ISR;
    if (flags & BIT(4)) {
        I2C1_ICR = BIT(4);
        transfer.failed = 1;
    }
    if (flags & BIT(1) && transfer.out_left > 0) {
        I2C1_TXDR = *transfer.out++;
        transfer.out_left--;
    }
    if (flags & BIT(2)) {
        uint8_t byte = (uint8_t)I2C1_RXDR;
        if (transfer.in_left > 0) {
            *transfer.in++ = byte;
            transfer.in_left--;
        }
    }
    if (flags & BIT(6)) begin(transfer.in_bytes, READ | AUTOEND);
    if (flags & BIT(5)) {
        I2C1_ICR = BIT(5);
        semaphore_give(&transfer_done);
    }
}

void I2C1_ER_Handler(void)
{
    I2C1_ICR = BIT(8) | BIT(9) | BIT(10);
    transfer.failed = 1;
}

struct semaphore button_pressed;

/* PC13, high while pressed. */
void button_start(void)
{
    RCC_AHB2ENR1 |= BIT(PORT_C);
    RCC_APB3ENR |= BIT(1);
    pin_mode(PORT_C, 13, MODE_INPUT);
    EXTI_EXTICR(3) = (EXTI_EXTICR(3) & ~0xFF00u) | PORT_C << 8;
    EXTI_RTSR1 |= BIT(13);
    EXTI_IMR1 |= BIT(13);
    enable_interrupt(IRQ_EXTI13, 0x60);
}

void EXTI13_Handler(void)
{
    EXTI_RPR1 = BIT(13);
    semaphore_give(&button_pressed);
}
