/* Interrupt-driven drivers of the RTOS firmware: serial log on PD5 and PD6, I2C1 on PB8 and PB9. */
#ifndef DRIVERS_H
#define DRIVERS_H

#include <stdint.h>

#include "kernel.h"

void serial_start(void);
/* Waits while the ring is full. */
void serial_write(const char *text);
/* One byte that was received. */
int serial_read(uint8_t *byte, uint32_t milliseconds);

void i2c_start(void);
/* Writes, then reads, with a repeated start between; 0: somebody did not acknowledge. */
int i2c_transfer(uint8_t address, const uint8_t *out, uint32_t out_bytes, uint8_t *in,
                 uint32_t in_bytes);

extern struct semaphore button_pressed;
void button_start(void);

#endif
