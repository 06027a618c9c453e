/** Every encoding that exists, in no particular order: no word matches two of these rows. */
import { branchRows, coprocessorRows } from './branch.ts'
import { dataProcessing } from './data-processing.ts'
import { dspRows } from './dsp.ts'
import { floatRows, undefinedFloat } from './float.ts'
import { floatMemoryRows } from './float-memory.ts'
import { memoryRows } from './memory.ts'
import { multiplyRows } from './multiply.ts'
import { matches, type Row } from './row.ts'
import { thumb16 } from './thumb16.ts'

export const rows16: readonly Row[] = thumb16

export const rows32: readonly Row[] = [
  ...dataProcessing,
  ...memoryRows,
  ...multiplyRows,
  ...dspRows,
  ...branchRows,
  ...floatRows,
  ...floatMemoryRows,
  ...coprocessorRows,
]

/** What stands for words that no row draws. */
export const undefinedRows: readonly Row[] = [undefinedFloat]

/** The row for such a word, if it is not simply UNDEFINED. */
export function undefinedRow(word: number, length: 2 | 4): Row | undefined {
  return undefinedRows.find((row) => row.length === length && matches(row, word))
}
