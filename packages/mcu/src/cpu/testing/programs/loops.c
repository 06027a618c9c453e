/* Loops to measure with: the compiler gets LOOP (1 integer, 2 memory, 3 branches,
   4 floating point) and ROUNDS. */
#include <stdint.h>
#include <stdio.h>

static uint32_t words[1024];

static uint32_t integer(uint32_t x) {
  uint32_t y = x ^ 0x9e3779b9u;
  for (int i = 0; i < 1000; i++) {
    x = x * 1664525u + 1013904223u;
    y = (y << 5 | y >> 27) ^ (x >> 3);
    y += (x & 0xff) - (y >> 9);
  }
  return x ^ y;
}

static uint32_t memory(uint32_t x) {
  for (int i = 0; i < 1024; i++) words[i] += words[(i * 7) & 1023] ^ x;
  for (int i = 0; i < 1024; i++) x += ((uint8_t *)words)[i * 4 + 1] ^ ((uint16_t *)words)[i * 2];
  return x;
}

static int __attribute__((noinline)) fibonacci(int n) {
  return n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2);
}

static uint32_t branches(uint32_t x) {
  return x + (uint32_t)fibonacci(12);
}

/* A filter, a product of vectors and a distance: the usual mix, in ordinary numbers. */
static uint32_t floating(uint32_t x) {
  static float samples[256], taps[256];
  float a = (float)(x & 0xffff) * 0.001f, b = 1.0f, sum = 0;
  for (int i = 0; i < 256; i++) {
    a = a * 0.97f + b * 0.031f;
    b = b * 0.999f - a * 0.013f;
    samples[i] = a;
    taps[i] = b + (float)i;
  }
  for (int i = 0; i < 256; i++) sum += samples[i] * taps[i];
  for (int i = 0; i < 256; i++) {
    float distance = samples[i] - taps[i];
    if (distance > 100.0f) distance = 100.0f;
    sum += distance / (taps[i] + 2.0f);
  }
  return x + (uint32_t)(int32_t)sum;
}

int main(void) {
  uint32_t x = 1;
  for (int round = 0; round < ROUNDS; round++) {
    if (LOOP == 1) x = integer(x);
    if (LOOP == 2) x = memory(x);
    if (LOOP == 3) x = branches(x);
    if (LOOP == 4) x = floating(x);
  }
  printf("%08lx\n", (unsigned long)x);
  return 0;
}
