/* Loops to measure with: the compiler gets LOOP (1 integer, 2 memory, 3 branches) and ROUNDS. */
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

int main(void) {
  uint32_t x = 1;
  for (int round = 0; round < ROUNDS; round++) {
    x = LOOP == 1 ? integer(x) : LOOP == 2 ? memory(x) : branches(x);
  }
  printf("%08lx\n", (unsigned long)x);
  return 0;
}
