/** Tables that name tests: those tests exist. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'

interface Statement {
  readonly says: string
  /** File, and the beginning of the test's name. */
  readonly tests: readonly (readonly [string, string])[]
}

/** By what they are about. */
export type Statements = Readonly<Record<string, readonly Statement[]>>

export function expectTests(statements: Statements): void {
  for (const { says, tests } of Object.values(statements).flat()) expectTest(says, tests)
}

/** `tests`: file, and the beginning of the test's name; … is what a row of a table puts there. */
export function expectTest(claim: string, tests: readonly (readonly [string, string])[]): void {
  assert.notEqual(tests.length, 0, claim)
  for (const [file, name] of tests) {
    const source = readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8')
    const parts = name.split('…').map((part) => part.replace(/[.*+?^$()[\]|{}\\]/g, '\\$&'))
    const begins = new RegExp(`test\\(['"\`]${parts.join('\\$\\{[^`]*?\\}')}`)
    assert.ok(begins.test(source), `${claim}: ${file} has no test that begins with: ${name}`)
  }
}
