/* The sensor node's parts on I2C1: BME280, LIS3DH, SSD1306, 24C256. */
#ifndef SENSORS_H
#define SENSORS_H

#include <stdint.h>

struct climate {
    int32_t celsius_tenths, percent, hectopascal;
};

void start_sensors(void);
int read_climate(struct climate *climate);
void clear_tap(void);
void switch_display(int is_on);
void show_climate(const struct climate *climate);
int store_hottest(int32_t celsius_tenths);
/* A very low temperature where nothing was stored. */
int32_t recall_hottest(void);

#endif
