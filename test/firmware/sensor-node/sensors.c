/* Drivers by polling: see sensors.h. Formulas of the BME280 after its datasheet, in float. */
#include "sensors.h"

#include <string.h>

#include "../common/chip.h"

enum { BME280 = 0x76, LIS3DH = 0x19, OLED = 0x3C, EEPROM = 0x50 };
enum { READ = BIT(10), START = BIT(13), STOP = BIT(14), AUTOEND = BIT(25), RELOAD = BIT(24) };
enum { TXIS = BIT(1), RXNE = BIT(2), NACKF = BIT(4), STOPF = BIT(5), TC = BIT(6), TCR = BIT(7) };
enum { POLLS_MAX = 100000 };

static int wait_for(uint32_t flag)
{
    for (int i = 0; i < POLLS_MAX; i++) {
        uint32_t flags = I2C1_ISR;
        if (flags & NACKF) return 0;
        if (flags & flag) return 1;
    }
    return 0;
}

static int finish(int is_good)
{
    for (int i = 0; i < POLLS_MAX && !(I2C1_ISR & STOPF); i++) {}
    I2C1_ICR = STOPF | NACKF;
    return is_good;
}

/* Up to 255 bytes after an address. */
static int send(uint8_t address, const uint8_t *bytes, uint32_t count)
{
    I2C1_CR2 = (uint32_t)address << 1 | count << 16 | AUTOEND | START;
    for (uint32_t i = 0; i < count; i++) {
        if (!wait_for(TXIS)) return finish(0);
        I2C1_TXDR = bytes[i];
    }
    return finish(wait_for(STOPF));
}

static int receive(uint8_t address, const uint8_t *pointer, uint32_t pointer_bytes, uint8_t *bytes,
                   uint32_t count)
{
    I2C1_CR2 = (uint32_t)address << 1 | pointer_bytes << 16 | START;
    for (uint32_t i = 0; i < pointer_bytes; i++) {
        if (!wait_for(TXIS)) return finish(0);
        I2C1_TXDR = pointer[i];
    }
    if (!wait_for(TC)) return finish(0);
    I2C1_CR2 = (uint32_t)address << 1 | count << 16 | READ | AUTOEND | START;
    for (uint32_t i = 0; i < count; i++) {
        if (!wait_for(RXNE)) return finish(0);
        bytes[i] = (uint8_t)I2C1_RXDR;
    }
    return finish(1);
}

static int write_register(uint8_t address, uint8_t number, uint8_t value)
{
    uint8_t bytes[2] = {number, value};
    return send(address, bytes, 2);
}

void start_sensors(void)
{
    static const uint8_t motion[][2] = {
        {0x20, 0x57}, /* 100 Hz, all axes */
        {0x22, 0x80}, /* click on INT1 */
        {0x23, 0x08}, /* high resolution, 2 g */
        {0x38, 0x10}, /* single click on z */
        {0x3A, 0xE0}, /* 1.5 g, latched */
        {0x3B, 0x10}, /* at most 16 samples long */
    };
    static const uint8_t oled[] = {0x00, 0x8D, 0x14, 0xA1, 0xC8, 0x20, 0x00, 0x81, 0xFF};
    GPIO(PORT_B, GPIO_OTYPER) |= BIT(8) | BIT(9);
    pin_alternate(PORT_B, 8, 4);
    pin_alternate(PORT_B, 9, 4);
    I2C1_TIMINGR = 0x00300619;
    I2C1_CR1 = 1;
    for (uint32_t i = 0; i < sizeof motion / 2; i++)
        write_register(LIS3DH, motion[i][0], motion[i][1]);
    send(OLED, oled, sizeof oled);
}

void clear_tap(void)
{
    uint8_t number = 0x39, source;
    receive(LIS3DH, &number, 1, &source, 1);
}

static int32_t signed16(const uint8_t *at)
{
    return (int16_t)(at[0] | at[1] << 8);
}

static float unsigned16(const uint8_t *at)
{
    return (float)(at[0] | at[1] << 8);
}

int read_climate(struct climate *climate)
{
    uint8_t low[26], high[7], data[8], number = 0x88;
    if (!receive(BME280, &number, 1, low, 26)) return 0;
    number = 0xE1;
    if (!receive(BME280, &number, 1, high, 7)) return 0;
    write_register(BME280, 0xF2, 1);
    write_register(BME280, 0xF4, 0x25);
    number = 0xF3;
    do {
        if (!receive(BME280, &number, 1, data, 1)) return 0;
    } while (data[0] & 8);
    number = 0xF7;
    if (!receive(BME280, &number, 1, data, 8)) return 0;
    float raw_p = (float)(data[0] << 12 | data[1] << 4 | data[2] >> 4);
    float raw_t = (float)(data[3] << 12 | data[4] << 4 | data[5] >> 4);
    float raw_h = (float)(data[6] << 8 | data[7]);

    float t1 = unsigned16(low), t2 = (float)signed16(low + 2), t3 = (float)signed16(low + 4);
    float near = raw_t / 131072 - t1 / 8192;
    float fine = (raw_t / 16384 - t1 / 1024) * t2 + near * near * t3;

    double var1 = fine / 2 - 64000.0;
    double var2 = var1 * var1 * signed16(low + 16) / 32768;
    var2 = (var2 + var1 * signed16(low + 14) * 2) / 4 + signed16(low + 12) * 65536.0;
    var1 = (signed16(low + 10) * var1 * var1 / 524288 + signed16(low + 8) * var1) / 524288;
    var1 = (1 + var1 / 32768) * (double)unsigned16(low + 6);
    double pressure = (1048576 - (double)raw_p - var2 / 4096) * 6250 / var1;
    var1 = signed16(low + 22) * pressure * pressure / 2147483648.0;
    var2 = pressure * signed16(low + 20) / 32768;
    pressure += (var1 + var2 + signed16(low + 18)) / 16;

    float h4 = (float)((int8_t)high[3] * 16 | (high[4] & 15));
    float h5 = (float)((int8_t)high[5] * 16 | high[4] >> 4);
    float h = fine - 76800;
    h = (raw_h - (h4 * 64 + h5 / 16384 * h)) *
        ((float)signed16(high) / 65536 *
         (1 + (float)(int8_t)high[6] / 67108864 * h * (1 + (float)high[2] / 67108864 * h)));
    h *= 1 - (float)low[25] * h / 524288;

    float celsius = fine / 5120;
    climate->celsius_tenths = (int32_t)(celsius * 10 + (celsius < 0 ? -0.5f : 0.5f));
    climate->percent = (int32_t)(h + 0.5f);
    climate->hectopascal = (int32_t)(pressure / 100 + 0.5);
    return 1;
}

void switch_display(int is_on)
{
    uint8_t bytes[2] = {0x00, is_on ? 0xAF : 0xAE};
    send(OLED, bytes, 2);
}

/* Digits, point, minus, percent, degree, C: five columns each, bit 0 on top. */
static const uint8_t font[][5] = {
    {0x3E, 0x51, 0x49, 0x45, 0x3E}, {0x00, 0x42, 0x7F, 0x40, 0x00}, {0x42, 0x61, 0x51, 0x49, 0x46},
    {0x21, 0x41, 0x45, 0x4B, 0x31}, {0x18, 0x14, 0x12, 0x7F, 0x10}, {0x27, 0x45, 0x45, 0x45, 0x39},
    {0x3C, 0x4A, 0x49, 0x49, 0x30}, {0x01, 0x71, 0x09, 0x05, 0x03}, {0x36, 0x49, 0x49, 0x49, 0x36},
    {0x06, 0x49, 0x49, 0x29, 0x1E}, {0x00, 0x60, 0x60, 0x00, 0x00}, {0x08, 0x08, 0x08, 0x08, 0x08},
    {0x23, 0x13, 0x08, 0x64, 0x62}, {0x00, 0x07, 0x05, 0x07, 0x00}, {0x3E, 0x41, 0x41, 0x41, 0x22},
};
static const char letters[] = "0123456789.-%*C";

/* Each pixel of the font becomes a square of two by two. */
static uint32_t put_letter(uint8_t *at, char letter, uint32_t half)
{
    const char *found = strchr(letters, letter);
    for (uint32_t column = 0; column < 5; column++) {
        uint8_t bits = found && letter ? font[found - letters][column] : 0;
        uint8_t wide = 0;
        for (uint32_t row = 0; row < 4; row++)
            if (bits >> (row + 4 * half) & 1) wide |= (uint8_t)(3u << (2 * row));
        at[2 * column] = at[2 * column + 1] = wide;
    }
    at[10] = at[11] = 0;
    return 12;
}

static void put_line(uint32_t page, const char *text)
{
    for (uint32_t half = 0; half < 2; half++) {
        uint8_t where[] = {0x00, 0x21, 0, 127, 0x22, (uint8_t)(page + half), (uint8_t)(page + half)};
        uint8_t row[129] = {0x40};
        uint32_t at = 1;
        for (const char *letter = text; *letter && at < 116; letter++)
            at += put_letter(row + at, *letter, half);
        send(OLED, where, sizeof where);
        send(OLED, row, sizeof row);
    }
}

static char *put_number(char *at, int32_t value, int has_tenths)
{
    char digits[12];
    int count = 0;
    if (value < 0) *at++ = '-';
    uint32_t left = value < 0 ? (uint32_t)-value : (uint32_t)value;
    do {
        digits[count++] = (char)('0' + left % 10);
        left /= 10;
        if (has_tenths && count == 1) digits[count++] = '.';
    } while (left || (has_tenths && count < 3));
    while (count) *at++ = digits[--count];
    return at;
}

void show_climate(const struct climate *climate)
{
    char line[16] = {0};
    char *end = put_number(line, climate->celsius_tenths, 1);
    end[0] = '*';
    end[1] = 'C';
    end[2] = 0;
    put_line(1, line);
    end = put_number(line, climate->percent, 0);
    end[0] = '%';
    end[1] = 0;
    put_line(4, line);
}

/* A magic word before the value tells it from an empty memory. */
enum { MAGIC = 0x5A };

int store_hottest(int32_t celsius_tenths)
{
    uint8_t bytes[5] = {0, 0, MAGIC, (uint8_t)celsius_tenths, (uint8_t)(celsius_tenths >> 8)};
    if (!send(EEPROM, bytes, sizeof bytes)) return 0;
    /* Until the write is over it does not acknowledge. */
    for (int i = 0; i < 1000; i++)
        if (send(EEPROM, bytes, 2)) return 1;
    return 0;
}

int32_t recall_hottest(void)
{
    uint8_t pointer[2] = {0, 0}, bytes[3];
    if (!receive(EEPROM, pointer, 2, bytes, 3) || bytes[0] != MAGIC) return -1000;
    return (int16_t)(bytes[1] | bytes[2] << 8);
}
