/** Words of a row: random ones, and with chosen fields. */
import { matches, type Row } from '../../packages/mcu/src/cpu/table/row.ts'
import type { Random } from './random.ts'

/** Fixed bits as drawn, the others random. */
export function randomWord(row: Row, random: Random): number | undefined {
  const all = row.length === 2 ? 0xffff : 0xffff_ffff
  const word = ((row.value | (random.word() & ~row.mask)) & all) >>> 0
  return matches(row, word) ? word : undefined
}

/** The word with some fields changed. */
export function withFields(row: Row, word: number, values: Readonly<Record<string, number>>) {
  let changed = word
  for (const { letter, bits } of row.fields) {
    const value = values[letter]
    if (value === undefined) continue
    bits.forEach((bit, position) => {
      const isSet = (value >> (bits.length - 1 - position)) & 1
      changed = isSet ? changed | (1 << bit) : changed & ~(1 << bit)
    })
  }
  return changed >>> 0
}
