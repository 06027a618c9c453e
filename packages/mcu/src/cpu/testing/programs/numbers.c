/* Integer and soft floating-point arithmetic of every width. */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

static uint32_t seed = 12345;
static uint32_t next(void) { return seed = seed * 1664525u + 1013904223u; }

struct packed {
  unsigned a : 5, b : 11;
  signed c : 7;
  unsigned d : 9;
};

static void words(void) {
  for (int i = 0; i < 24; i++) {
    int n = (int)next(), d = (int)(next() >> (i + 3)) | 1;
    printf("%d %d %u %u ", n / d, n % d, (unsigned)n / (unsigned)d, (unsigned)n % (unsigned)d);
    printf("%d %u %d\n", n >> i, (unsigned)n << i, __builtin_clz((unsigned)d));
  }
  int16_t half = -3;
  int8_t byte = 100;
  for (int i = 0; i < 10; i++) {
    half = (int16_t)(half * 3 + i);
    byte = (int8_t)(byte + half);
  }
  struct packed p = {3, 700, -20, 300};
  p.a += 7;
  p.c -= 3;
  p.d ^= 0x55;
  printf("%d %d %d %d %d %d\n", half, byte, p.a, p.b, p.c, p.d);
}

static void doubles_words(void) {
  uint64_t x = 0x123456789abcdef0ull;
  for (int i = 0; i < 50; i++) {
    x = x * 6364136223846793005ull + next();
    uint64_t d = (x >> (i % 40)) | 1;
    long long q = (int64_t)x / (int64_t)(d >> 3 | 1);
    printf("%llx %llx %lld %llx %llx\n", x / d, x % d, q, x << (i % 64), (long long)x >> (i % 64));
  }
}

static void floating(void) {
  double f = 1.0;
  float g = 0.5f;
  for (int i = 1; i < 40; i++) {
    f = f * 1.7 / (i + 0.25) + i * 1e-3;
    g = g * g + (float)i / 3.0f;
    if (g > 1e6f) g = 1;
    printf("%.17g %.9g %d %u\n", f, (double)g, (int)(f * 1e5), (unsigned)(g * 10));
  }
  printf("%.15g %.15g %.15g %.15g\n", sqrt(2.0), sin(1.0), pow(1.5, 7.25), log(10.0));
}

int main(void) {
  words();
  doubles_words();
  floating();
  return 0;
}
