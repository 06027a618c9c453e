/* Single precision as programs use it: the library, matrices, a Fourier transform, text. */
#include <fenv.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint32_t seed = 4711;
static float next(void) {
  seed = seed * 1664525u + 1013904223u;
  return (float)(int32_t)seed / 65536.0f;
}

static uint32_t bits(float f) {
  uint32_t word;
  memcpy(&word, &f, 4);
  return word;
}

static uint32_t status(void) {
#if defined(__ARM_FP) && !defined(__SOFTFP__)
  uint32_t fpscr;
  __asm__ volatile("vmrs %0, fpscr" : "=r"(fpscr));
  return fpscr & 0x9f;
#else
  return 0;
#endif
}

static void library(void) {
  for (int i = 0; i < 40; i++) {
    float x = next() / 1000.0f, y = fabsf(next()) / 5000.0f + 0.01f;
    printf("%08lx %08lx %08lx ", (unsigned long)bits(sinf(x)), (unsigned long)bits(expf(-y)),
           (unsigned long)bits(logf(y)));
    printf("%08lx %08lx %08lx ", (unsigned long)bits(powf(y, x / 20)),
           (unsigned long)bits(sqrtf(y)), (unsigned long)bits(fmaf(x, y, 1.5f)));
    printf("%08lx %08lx %08lx\n", (unsigned long)bits(atan2f(x, y)),
           (unsigned long)bits(fmodf(x, y)), (unsigned long)bits(hypotf(x, y)));
  }
}

static void text(void) {
  const char *numbers[] = {"1.5", "-0.1", "3.4028235e38", "1e-45", "1e39", "nan", "-inf", "123456.789"};
  for (unsigned i = 0; i < sizeof numbers / sizeof *numbers; i++) {
    float f = strtof(numbers[i], 0);
    printf("%g %.9e %a %08lx %d\n", (double)f, (double)f, (double)f, (unsigned long)bits(f), isnan(f));
  }
}

static void rounding(void) {
  const float values[] = {0.5f, 1.5f, 2.5f, -0.5f, -1.5f, 0.49999997f, 8388607.5f, -3.7f, 1e10f};
  for (unsigned i = 0; i < sizeof values / sizeof *values; i++) {
    volatile float f = values[i];
    printf("%g %g %g %g %g %ld %ld %u\n", (double)floorf(f), (double)ceilf(f), (double)truncf(f),
           (double)roundf(f), (double)rintf(f), lrintf(f), lroundf(f), (unsigned)fabsf(f));
  }
}

enum { SIZE = 8 };
static void matrices(void) {
  static float a[SIZE][SIZE], b[SIZE][SIZE], c[SIZE][SIZE];
  for (int i = 0; i < SIZE * SIZE; i++) {
    a[0][i] = next() / 100;
    b[0][i] = next() / 77;
  }
  for (int i = 0; i < SIZE; i++) {
    for (int j = 0; j < SIZE; j++) {
      float sum = 0;
      for (int k = 0; k < SIZE; k++) sum += a[i][k] * b[k][j];
      c[i][j] = sum;
    }
  }
  /* Elimination with pivots: quotients of all sizes. */
  for (int i = 0; i < SIZE; i++) {
    int pivot = i;
    for (int k = i; k < SIZE; k++) {
      if (fabsf(c[k][i]) > fabsf(c[pivot][i])) pivot = k;
    }
    for (int j = 0; j < SIZE; j++) {
      float swap = c[i][j];
      c[i][j] = c[pivot][j];
      c[pivot][j] = swap;
    }
    for (int k = i + 1; k < SIZE; k++) {
      float factor = c[k][i] / c[i][i];
      for (int j = i; j < SIZE; j++) c[k][j] -= factor * c[i][j];
    }
  }
  float determinant = 1;
  for (int i = 0; i < SIZE; i++) determinant *= c[i][i];
  printf("%08lx %.8g\n", (unsigned long)bits(determinant), (double)determinant);
}

enum { POINTS = 64 };
static void transform(float *re, float *im) {
  for (int i = 1, j = 0; i < POINTS; i++) {
    int bit = POINTS >> 1;
    for (; j & bit; bit >>= 1) j ^= bit;
    j ^= bit;
    if (i < j) {
      float r = re[i], m = im[i];
      re[i] = re[j], im[i] = im[j];
      re[j] = r, im[j] = m;
    }
  }
  for (int length = 2; length <= POINTS; length <<= 1) {
    for (int i = 0; i < POINTS; i += length) {
      for (int k = 0; k < length / 2; k++) {
        float angle = -6.2831853f * (float)k / (float)length;
        float c = cosf(angle), s = sinf(angle);
        int u = i + k, v = u + length / 2;
        float tr = re[v] * c - im[v] * s, ti = re[v] * s + im[v] * c;
        re[v] = re[u] - tr, im[v] = im[u] - ti;
        re[u] += tr, im[u] += ti;
      }
    }
  }
}

struct packed {
  float f;
  double d;
  _Float16 h;
} __attribute__((packed));

static float variadic(int count, ...) {
  __builtin_va_list list;
  __builtin_va_start(list, count);
  float sum = 0;
  while (count-- > 0) sum += (float)__builtin_va_arg(list, double);
  __builtin_va_end(list);
  return sum;
}

static void mixed(void) {
  struct packed p[3];
  for (int i = 0; i < 3; i++) {
    p[i].f = next();
    p[i].d = (double)next() * 1e10;
    float small = next() / 100;
    p[i].h = (_Float16)small;
  }
  for (int i = 0; i < 3; i++) {
    printf("%.9g %.17g %.9g\n", (double)p[i].f, p[i].d, (double)(float)p[i].h);
  }
  printf("%.9g %lld %llu\n", (double)variadic(4, 1.5, -2.25, 1e6, 3.125), (long long)next() * 1000,
         (unsigned long long)fabsf(next()));
  float largest = 3e38f, zero = 0;
  printf("%g %g %g\n", (double)(largest * 10), (double)(1 / zero), (double)(zero / zero));
}

int main(void) {
  static float re[POINTS], im[POINTS];
  library();
  text();
  rounding();
  matrices();
  for (int i = 0; i < POINTS; i++) re[i] = next() / 3000, im[i] = 0;
  transform(re, im);
  for (int i = 0; i < POINTS; i += 7) {
    printf("%08lx %08lx\n", (unsigned long)bits(re[i]), (unsigned long)bits(im[i]));
  }
  mixed();
  printf("%lx\n", (unsigned long)status());
  return 0;
}
