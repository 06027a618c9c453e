/** Every encoding that exists, in no particular order: no word matches two rows. */
import { branchRows, coprocessorRows } from './branch.ts'
import { dataProcessing } from './data-processing.ts'
import { dspRows } from './dsp.ts'
import { memoryRows } from './memory.ts'
import { multiplyRows } from './multiply.ts'
import type { Row } from './row.ts'
import { thumb16 } from './thumb16.ts'

export const rows16: readonly Row[] = thumb16

export const rows32: readonly Row[] = [
  ...dataProcessing,
  ...memoryRows,
  ...multiplyRows,
  ...dspRows,
  ...branchRows,
  ...coprocessorRows,
]
