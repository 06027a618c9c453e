/**
 * The BME280's compensation: words of a typical sensor, the datasheet's formulas (BST-BME280-DS002,
 * "Compensation formulas in double precision floating point") and their inverses.
 */

export interface Calibration {
  readonly T: readonly [number, number, number]
  readonly P: readonly [number, number, number, number, number, number, number, number, number]
  readonly H: readonly [number, number, number, number, number, number]
}

export const calibration: Calibration = {
  T: [28_485, 26_735, 50],
  P: [36_738, -10_635, 3024, 6980, -4, -7, 9900, -10_230, 4285],
  H: [75, 362, 0, 313, 50, 30],
}

/** The same words as they lie in the registers. */
export const calibrationBytes: ReadonlyMap<number, number> = layOut(calibration)

function layOut({ T, P, H }: Calibration): Map<number, number> {
  const bytes = new Map<number, number>()
  ;[...T, ...P].forEach((word, i) => {
    bytes.set(0x88 + 2 * i, word & 0xff)
    bytes.set(0x89 + 2 * i, (word >> 8) & 0xff)
  })
  const [h1, h2, h3, h4, h5, h6] = H
  const upper = [h2 & 0xff, (h2 >> 8) & 0xff, h3, (h4 >> 4) & 0xff]
  upper.push((h4 & 0x0f) | ((h5 & 0x0f) << 4), (h5 >> 4) & 0xff, h6 & 0xff)
  bytes.set(0xa1, h1)
  for (const [i, byte] of upper.entries()) bytes.set(0xe1 + i, byte)
  return bytes
}

const RAW_WIDE_MAX = 0xf_ffff
const RAW_HUMIDITY_MAX = 0xffff

function fineTemperature({ T }: Calibration, raw: number): number {
  const one = (raw / 16_384 - T[0] / 1024) * T[1]
  const two = (raw / 131_072 - T[0] / 8192) ** 2 * T[2]
  return one + two
}

/** Pascals. */
function pressureOf({ P }: Calibration, fine: number, raw: number): number {
  let var1 = fine / 2 - 64_000
  let var2 = (var1 * var1 * P[5]) / 32_768 + var1 * P[4] * 2
  var2 = var2 / 4 + P[3] * 65_536
  var1 = ((P[2] * var1 * var1) / 524_288 + P[1] * var1) / 524_288
  var1 = (1 + var1 / 32_768) * P[0]
  const p = ((1_048_576 - raw - var2 / 4096) * 6250) / var1
  return p + ((P[8] * p * p) / 2_147_483_648 + (p * P[7]) / 32_768 + P[6]) / 16
}

/** Percent, not limited. */
function humidityOf({ H }: Calibration, fine: number, raw: number): number {
  const h = fine - 76_800
  const first = raw - (H[3] * 64 + (H[4] / 16_384) * h)
  const second = (H[1] / 65_536) * (1 + (H[5] / 67_108_864) * h * (1 + (H[2] / 67_108_864) * h))
  const product = first * second
  return product * (1 - (H[0] * product) / 524_288)
}

export function rawTemperature(words: Calibration, celsius: number): { raw: number; fine: number } {
  const raw = nearest(RAW_WIDE_MAX, celsius, (value) => fineTemperature(words, value) / 5120)
  return { raw, fine: fineTemperature(words, raw) }
}

export function rawPressure(words: Calibration, fine: number, pascals: number): number {
  // The pressure falls as the raw value rises.
  return nearest(RAW_WIDE_MAX, -pascals, (value) => -pressureOf(words, fine, value))
}

export function rawHumidity(words: Calibration, fine: number, percent: number): number {
  return nearest(RAW_HUMIDITY_MAX, percent, (value) => humidityOf(words, fine, value))
}

/** The whole number up to `max` for which a rising function comes nearest to `wanted`. */
function nearest(max: number, wanted: number, of: (raw: number) => number): number {
  let low = 0
  let high = max
  while (low < high) {
    const middle = (low + high) >> 1
    if (of(middle) < wanted) low = middle + 1
    else high = middle
  }
  const isLowerNearer = low > 0 && wanted - of(low - 1) < of(low) - wanted
  return isLowerNearer ? low - 1 : low
}
