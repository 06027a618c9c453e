/** Single-precision numbers that are worth testing with, as bits. */

/** Around every limit: zero, smallest, normal, one, halves, powers of two, largest, infinite, NaN. */
export const FLOAT_EDGES = [
  ...[0, 1, 2, 0x40_0000, 0x7f_ffff, 0x80_0000, 0x80_0001, 0xff_ffff, 0x100_0000, 0x100_0001],
  ...[0x1f80_0000, 0x2000_0000, 0x3300_0000, 0x3380_0000, 0x3380_0001, 0x3f00_0000, 0x3f00_0001],
  ...[0x3f7f_ffff, 0x3f80_0000, 0x3f80_0001, 0x3fc0_0000, 0x3fff_ffff, 0x4020_0000, 0x4b00_0001],
  ...[0x4b7f_ffff, 0x4b80_0000, 0x4eff_ffff, 0x4f00_0000, 0x4f7f_ffff, 0x4f80_0000, 0x5f80_0000],
  ...[0x7eff_ffff, 0x7f00_0000, 0x7f7f_fffe, 0x7f7f_ffff, 0x7f80_0000, 0x7f80_0001, 0x7fc0_0000],
  ...[0x3880_0000, 0x387f_c000, 0x387f_e000, 0x3387_ffff, 0x477f_e000, 0x477f_efff, 0x477f_f000],
].flatMap((bits) => [bits, (bits | 0x8000_0000) >>> 0])

/** Any bits, or exponents near each other, so that sums cancel and products meet addends. */
export function floatOperand(random: () => number): number {
  const bits = random()
  switch (random() % 5) {
    case 0:
      return bits
    case 1:
      return FLOAT_EDGES[bits % FLOAT_EDGES.length]!
    case 2:
      return ((bits & 0x80ff_8000) | (0x3f00_0000 + ((bits & 7) << 23))) >>> 0
    default:
      return ((bits & 0x807f_ffff) | ((117 + (random() % 20)) << 23)) >>> 0
  }
}
