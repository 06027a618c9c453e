/**
 * Soft-float against the arithmetic of the host: every rounding mode, edges with edges and random
 * operands, bits and exceptions. What the host does not have (flush to zero, default NaNs, NaN
 * propagation, ties away) is compared with QEMU in test/conformance.
 *
 * `MICROVISOR_SEED=N` repeats a run, `MICROVISOR_SLOW_TESTS=1` makes it long.
 */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { test } from 'node:test'
import { missing } from '../../../../../tools/programs.ts'
import { seededRandom } from '../../seeded-random.ts'
import { FLOAT_EDGES, floatOperand } from '../testing/float-operands.ts'
import { inFolder } from '../testing/program.ts'
import { FPSCR, FROM_FPSCR } from './fpscr.ts'
import { SoftFloat } from './soft-float.ts'

const SEED = Number(process.env.MICROVISOR_SEED ?? 1)
const RANDOM_CASES = process.env.MICROVISOR_SLOW_TESTS === '1' ? 6_000_000 : 150_000
const BATCH = 250_000
const EXCEPTIONS = FPSCR.IOC | FPSCR.DZC | FPSCR.OFC | FPSCR.UFC | FPSCR.IXC

type Run = (soft: SoftFloat, a: number, b: number, c: number) => number

const signed = { fraction: 0, bits: 32, isSigned: true }
const unsigned = { ...signed, isSigned: false }

/** In the order of the enumeration in float-oracle.c. */
const OPERATIONS: readonly { name: string; operands: 1 | 2 | 3; run: Run }[] = [
  { name: 'add', operands: 2, run: (soft, a, b) => soft.add(a, b) },
  { name: 'subtract', operands: 2, run: (soft, a, b) => soft.subtract(a, b) },
  { name: 'multiply', operands: 2, run: (soft, a, b) => soft.multiply(a, b) },
  { name: 'divide', operands: 2, run: (soft, a, b) => soft.divide(a, b) },
  { name: 'squareRoot', operands: 1, run: (soft, a) => soft.squareRoot(a) },
  { name: 'multiplyAdd', operands: 3, run: (soft, a, b, c) => soft.multiplyAdd(a, b, c) },
  { name: 'toFixed', operands: 1, run: (soft, a) => soft.toFixed(a, signed, FROM_FPSCR) },
  { name: 'toFixed', operands: 1, run: (soft, a) => soft.toFixed(a, unsigned, FROM_FPSCR) },
  { name: 'fromFixed', operands: 1, run: (soft, a) => soft.fromFixed(a | 0, 0, FROM_FPSCR) },
  { name: 'fromFixed', operands: 1, run: (soft, a) => soft.fromFixed(a, 0, FROM_FPSCR) },
  { name: 'roundToInteger', operands: 1, run: (soft, a) => soft.roundToInteger(a, 7, true) },
  { name: 'singleToHalf', operands: 1, run: (soft, a) => soft.singleToHalf(a) },
  { name: 'halfToSingle', operands: 1, run: (soft, a) => soft.halfToSingle(a & 0xffff) },
]
const TO_HALF = 11

interface Case {
  readonly operation: number
  readonly mode: number
  readonly operands: readonly [number, number, number]
}

function* edgeCases(): Generator<Case> {
  for (let mode = 0; mode < 4; mode++) {
    for (const [operation, { operands }] of OPERATIONS.entries()) {
      for (const a of FLOAT_EDGES) {
        for (const b of operands >= 2 ? FLOAT_EDGES : [0]) {
          const third = operands === 3 ? [0, 0x3f80_0000, 0xbf80_0001, 0x80_0000, 0x7f80_0000] : [0]
          for (const c of third) yield { operation, mode, operands: [a, b, c] }
        }
      }
    }
  }
}

function* randomCases(count: number): Generator<Case> {
  const random = seededRandom(SEED)
  const next = () => floatOperand(random)
  for (let n = 0; n < count; n++) {
    const operation = random() % OPERATIONS.length
    yield { operation, mode: random() & 3, operands: [next(), next(), next()] }
  }
}

function* inBatches(cases: Iterable<Case>): Generator<readonly Case[]> {
  let batch: Case[] = []
  for (const one of cases) {
    batch.push(one)
    if (batch.length < BATCH) continue
    yield batch
    batch = []
  }
  yield batch
}

function askHost(program: string, cases: readonly Case[]): Uint32Array {
  const input = new Uint32Array(cases.length * 5)
  for (const [at, { operation, mode, operands }] of cases.entries()) {
    input.set([operation, mode, ...operands], at * 5)
  }
  const output = execFileSync(program, { input: new Uint8Array(input.buffer), maxBuffer: 2 ** 28 })
  return new Uint32Array(new Uint8Array(output).buffer)
}

/** NaNs differ between architectures: only that it is one counts here. */
function isSame(operation: number, ours: number, theirs: number): boolean {
  if (ours === theirs) return true
  const [mask, infinity] = operation === TO_HALF ? [0x7fff, 0x7c00] : [0x7fff_ffff, 0x7f80_0000]
  return (ours & mask) > infinity && (theirs & mask) > infinity
}

function compare(program: string, cases: readonly Case[]): void {
  const theirs = askHost(program, cases)
  const soft = new SoftFloat()
  for (const [at, { operation, mode, operands }] of cases.entries()) {
    const { name, run } = OPERATIONS[operation]!
    soft.fpscr = mode << 22
    const result = run(soft, ...operands) >>> 0
    const flags = soft.fpscr & EXCEPTIONS
    const isRight = isSame(operation, result, theirs[at * 2]!) && flags === theirs[at * 2 + 1]!
    if (isRight) continue
    const hex = (bits: number) => bits.toString(16).padStart(8, '0')
    assert.fail(
      `${name} mode ${mode} of ${operands.map(hex).join(' ')} is ${hex(result)} with exceptions ` +
        `${hex(flags)}; the host says ${hex(theirs[at * 2]!)} with ${hex(theirs[at * 2 + 1]!)}`,
    )
  }
}

/** Builds the oracle and asks it about every case. */
function withHost(cases: Iterable<Case>): number {
  return inFolder((folder) => {
    const program = join(folder, 'oracle')
    const source = join(import.meta.dirname, '../testing/programs/float-oracle.c')
    execFileSync('cc', [
      '-O1',
      '-frounding-math',
      '-ffp-contract=off',
      source,
      '-lm',
      '-o',
      program,
    ])
    let count = 0
    for (const batch of inBatches(cases)) {
      compare(program, batch)
      count += batch.length
    }
    return count
  })
}

test('edges with edges are what the host computes', { skip: missing('cc') }, (t) => {
  t.diagnostic(`${withHost(edgeCases())} cases`)
})

test(`random operands are what the host computes (seed ${SEED})`, { skip: missing('cc') }, (t) => {
  t.diagnostic(`${withHost(randomCases(RANDOM_CASES))} cases`)
})
