/*
 * The host's own floating point, as another opinion: reads records of five words (operation, mode,
 * a, b, c) and writes two for each (result, FPSCR's exception bits). For the host, not the guest.
 *
 * Underflow is computed here: Arm looks at the size of the result before rounding, x86 after.
 */
#include <fenv.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum { ADD, SUBTRACT, MULTIPLY, DIVIDE, SQUARE_ROOT, FUSED, TO_SIGNED, TO_UNSIGNED, FROM_SIGNED,
       FROM_UNSIGNED, ROUND, TO_HALF, FROM_HALF };

/* Arm's RMode to the host's: nearest, plus infinity, minus infinity, zero. */
static const int modes[4] = {FE_TONEAREST, FE_UPWARD, FE_DOWNWARD, FE_TOWARDZERO};

static float to_float(uint32_t bits) {
  float f;
  memcpy(&f, &bits, 4);
  return f;
}

static uint32_t to_bits(float f) {
  uint32_t bits;
  memcpy(&bits, &f, 4);
  return bits;
}

static int is_tiny(uint32_t operation, float a, float b, float c) {
  const double least = 0x1p-126;
  switch (operation) {
    case MULTIPLY: return fabs((double)a * b) < least;
    case DIVIDE: return isfinite(b) && fabs((double)a) < least * fabs((double)b);
    case FUSED: {
      /* Rounded towards zero, the sum is below the limit if and only if the exact one is. */
      fesetround(FE_TOWARDZERO);
      volatile __float128 product = (__float128)b * c;
      volatile __float128 sum = product + a;
      int tiny = sum < 0 ? -sum < least : sum < least;
      return tiny;
    }
    case TO_HALF: return fabsf(a) < 0x1p-14f;
    default: return 0;
  }
}

static uint32_t integer(double rounded, double value, double least, double most, int *invalid) {
  if (isnan(value) || rounded < least || rounded > most) {
    *invalid = 1;
    double end = isnan(value) ? 0 : rounded < least ? least : most;
    return least < 0 ? (uint32_t)(int32_t)end : (uint32_t)end;
  }
  return least < 0 ? (uint32_t)(int32_t)rounded : (uint32_t)rounded;
}

int main(void) {
  uint32_t in[5], out[2];
  while (fread(in, 4, 5, stdin) == 5) {
    volatile float a = to_float(in[2]), b = to_float(in[3]), c = to_float(in[4]);
    volatile float result = 0;
    uint32_t word = 0;
    int is_word = 0, invalid = 0, inexact = 0;
    fesetround(modes[in[1]]);
    feclearexcept(FE_ALL_EXCEPT);
    switch (in[0]) {
      case ADD: result = a + b; break;
      case SUBTRACT: result = a - b; break;
      case MULTIPLY: result = a * b; break;
      case DIVIDE: result = a / b; break;
      case SQUARE_ROOT: result = sqrtf(a); break;
      case FUSED:
        result = fmaf(b, c, a);
        /* IEEE 754 leaves this to the architecture. */
        if (isnan(a) && ((isinf(b) && c == 0) || (b == 0 && isinf(c)))) invalid = 1;
        break;
      case TO_SIGNED:
      case TO_UNSIGNED: {
        double value = a, rounded = nearbyint(value);
        int is_signed = in[0] == TO_SIGNED;
        word = integer(rounded, value, is_signed ? -0x1p31 : 0, is_signed ? 0x1p31 - 1 : 0x1p32 - 1,
                       &invalid);
        is_word = 1;
        inexact = !invalid && rounded != value;
        feclearexcept(FE_ALL_EXCEPT);
        break;
      }
      case FROM_SIGNED: result = (float)(volatile int32_t)in[2]; break;
      case FROM_UNSIGNED: result = (float)(volatile uint32_t)in[2]; break;
      case ROUND: result = rintf(a); break;
      case TO_HALF: {
        volatile _Float16 half = (_Float16)a;
        uint16_t bits;
        memcpy(&bits, (void *)&half, 2);
        word = bits;
        is_word = 1;
        break;
      }
      case FROM_HALF: {
        uint16_t bits = (uint16_t)in[2];
        volatile _Float16 half;
        memcpy((void *)&half, &bits, 2);
        result = (float)half;
        break;
      }
    }
    int raised = fetestexcept(FE_ALL_EXCEPT);
    if (raised & FE_INEXACT) inexact = 1;
    uint32_t flags = (invalid || (raised & FE_INVALID) ? 1 : 0) | (raised & FE_DIVBYZERO ? 2 : 0) |
                     (raised & FE_OVERFLOW ? 4 : 0) | (inexact ? 16 : 0);
    if (inexact && is_tiny(in[0], a, b, c)) flags |= 8;
    out[0] = is_word ? word : to_bits(result);
    out[1] = flags;
    fwrite(out, 4, 2, stdout);
  }
  return 0;
}
