/**
 * Words that no row draws: both machines must refuse them. Found here: a row that is missing, and
 * a drawing with a bit that should have been fixed.
 */
import { findRow } from '../../packages/mcu/src/cpu/decoder.ts'
import type { Random } from './random.ts'

/** `length`, bits of the drawing as in the manual (`.` is any), and why it is left out. */
const LEFT_OUT = [
  [2, '1011 1010 10.. ....', 'HLT: QEMU takes it for a semihosting call, as in the A profile'],
  [2, '1011 0110 010. ....', 'SETEND: QEMU knows it; UNDEFINED in the M profile'],
  [4, '1110 100. .00. .... .... .... .... ....', 'LDM, STM with SP or PC listed: UNPREDICTABLE'],
  [4, '1110 100. .01. .... .... .... .... ....', 'LDM, STM with SP or PC listed: UNPREDICTABLE'],
  [4, '1110 100. .1.. 1111 .... .... .... ....', 'LDRD, STRD from the PC: UNPREDICTABLE'],
  [4, '1110 1000 110. .... .... .... .... ....', 'exclusives of the A profile (LDREXD, STLEXD …)'],
  [
    4,
    '1111 0011 .010 .... 0000 .... 00.. ....',
    'SSAT16, USAT16 with reserved bits: UNPREDICTABLE',
  ],
  [4, '1111 0011 1101 .... 1000 .... .... ....', 'SUBS PC, LR: QEMU knows it, as in the A profile'],
] as const

const patterns = LEFT_OUT.map(([length, drawing]) => {
  const bits = drawing.replaceAll(' ', '')
  return {
    length,
    mask: Number.parseInt(bits.replace(/[01]/g, '1').replaceAll('.', '0'), 2) >>> 0,
    value: Number.parseInt(bits.replaceAll('.', '0'), 2) >>> 0,
  }
})

export const UNALLOCATED_LEFT_OUT: readonly string[] = LEFT_OUT.map(
  ([, drawing, reason]) => `${drawing}: ${reason}`,
)

export function unallocatedWord(random: Random): { word: number; length: 2 | 4 } {
  const length = random.chance(20) ? 2 : 4
  for (;;) {
    const word =
      length === 2
        ? random.below(0xe800)
        : ((random.between(0xe800, 0xffff) << 16) | random.below(2 ** 16)) >>> 0
    if (findRow(word, length) === undefined && !isLeftOut(word, length)) return { word, length }
  }
}

function isLeftOut(word: number, length: 2 | 4): boolean {
  return patterns.some(
    (pattern) => pattern.length === length && (word & pattern.mask) >>> 0 === pattern.value,
  )
}
