/**
 * Pixels of DMA2D: from their formats to eight bits a component and back, alpha, blending. RM0456,
 * "DMA2D foreground and background pixel format converter (PFC)", "blender", "output PFC".
 */

/** Alpha, red, green, blue; 0 to 255. */
export type Pixel = readonly [alpha: number, red: number, green: number, blue: number]

/** CM of an input: bits a pixel, and what they mean. */
export const inputFormats = [
  { bits: 32, read: (word) => argb(word) },
  { bits: 24, read: (word) => argb(word | 0xff00_0000) },
  { bits: 16, read: (word) => [255, five(word >> 11), six(word >> 5), five(word)] },
  {
    bits: 16,
    read: (word) => [word >> 15 === 1 ? 255 : 0, five(word >> 10), five(word >> 5), five(word)],
  },
  { bits: 16, read: (word) => [four(word >> 12), four(word >> 8), four(word >> 4), four(word)] },
  { bits: 8, read: (word, table) => table.entry(word) },
  { bits: 8, read: (word, table) => [four(word >> 4), ...colour(table.entry(word & 15))] },
  { bits: 16, read: (word, table) => [word >> 8, ...colour(table.entry(word & 0xff))] },
  { bits: 4, read: (word, table) => table.entry(word) },
  { bits: 8, read: (word, table) => [word, ...colour(table.fixed)] },
  { bits: 4, read: (word, table) => [four(word), ...colour(table.fixed)] },
] as const satisfies readonly InputFormat[]

export interface InputFormat {
  readonly bits: number
  read(word: number, table: ColourTable): Pixel
}

/** Where colours come from that pixels do not have themselves. */
export interface ColourTable {
  /** Of the colour look-up table. */
  entry(index: number): Pixel
  /** FGCOLR or BGCOLR. */
  readonly fixed: Pixel
}

interface OutputFormat {
  readonly bits: number
  write(pixel: Pixel): number
}

/** CM of the output. */
export const outputFormats: readonly OutputFormat[] = [
  { bits: 32, write: ([a, r, g, b]) => ((a << 24) | (r << 16) | (g << 8) | b) >>> 0 },
  { bits: 24, write: ([, r, g, b]) => (r << 16) | (g << 8) | b },
  { bits: 16, write: ([, r, g, b]) => ((r >> 3) << 11) | ((g >> 2) << 5) | (b >> 3) },
  {
    bits: 16,
    write: ([a, r, g, b]) => ((a >> 7) << 15) | ((r >> 3) << 10) | ((g >> 3) << 5) | (b >> 3),
  },
  {
    bits: 16,
    write: ([a, r, g, b]) => ((a >> 4) << 12) | ((r >> 4) << 8) | (g & 0xf0) | (b >> 4),
  },
]

export function argb(word: number): Pixel {
  return [word >>> 24, (word >>> 16) & 255, (word >>> 8) & 255, word & 255]
}

const colour = ([, red, green, blue]: Pixel) => [red, green, blue] as const
/** The high bits again in the low ones. */
const five = (value: number) => ((value & 31) << 3) | ((value & 31) >> 2)
const six = (value: number) => ((value & 63) << 2) | ((value & 63) >> 4)
const four = (value: number) => (value & 15) * 17

/** Alpha as it is, replaced, or multiplied; then inverted, and red swapped with blue. */
export function adjusted(
  [own, red, green, blue]: Pixel,
  rule: { readonly mode: number; readonly alpha: number; inverts: boolean; swaps: boolean },
): Pixel {
  const inverted = rule.inverts ? 255 - own : own
  const alpha =
    rule.mode === 1
      ? rule.alpha
      : rule.mode === 2
        ? Math.floor((inverted * rule.alpha) / 255)
        : inverted
  return rule.swaps ? [alpha, blue, green, red] : [alpha, red, green, blue]
}

export function blended(front: Pixel, back: Pixel): Pixel {
  const both = Math.floor((front[0] * back[0]) / 255)
  const alpha = front[0] + back[0] - both
  if (alpha === 0) return [0, 0, 0, 0]
  const mixed = (n: 1 | 2 | 3) =>
    Math.floor((front[n] * front[0] + back[n] * back[0] - back[n] * both) / alpha)
  return [alpha, mixed(1), mixed(2), mixed(3)]
}
