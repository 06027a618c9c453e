/** What a run has covered, as text: rows with the number of their instances, and what is left out. */
import { ALL_DIFFERENCES } from './differences.ts'
import type { Outcome } from './differential.ts'
import { allRows, whyLeftOut } from './kinds.ts'
import { UNALLOCATED_LEFT_OUT } from './unallocated.ts'

export function coverageTable({ coverage, cases, instructions, unallocated }: Outcome): string {
  const lines = allRows.map((row) => {
    const count = whyLeftOut(row) ?? String(coverage.get(row) ?? 0)
    return `${row.drawing.padEnd(48)} ${row.name.padEnd(14)} ${count}`
  })
  return [
    `${instructions} instructions in ${cases} cases, of them ${unallocated} words that are none`,
    ...lines,
    'Words left out of those that are no instruction:',
    ...UNALLOCATED_LEFT_OUT.map((text) => `  ${text}`),
    'Deliberate differences:',
    ...ALL_DIFFERENCES.map((text) => `  ${text}`),
  ].join('\n')
}
