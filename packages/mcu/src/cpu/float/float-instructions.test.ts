/**
 * The instructions, which compute the usual case in WebAssembly, against soft-float, which computes
 * everything one way: bits and FPSCR, in every mode. `MICROVISOR_SEED=N` repeats a run.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { seededRandom } from '../../seeded-random.ts'
import { rows32 } from '../table/rows.ts'
import { FLOAT_EDGES, floatOperand } from '../testing/float-operands.ts'
import { encode, FLASH, Machine, RAM } from '../testing/machine.ts'
import { FPSCR, FROM_FPSCR, ROUNDING } from './fpscr.ts'
import { SoftFloat } from './soft-float.ts'

const SEED = Number(process.env.MICROVISOR_SEED ?? 1)
const CASES = process.env.MICROVISOR_SLOW_TESTS === '1' ? 500_000 : 10_000
/** Of one run in the guest: operands and results have to fit its memory. */
const BATCH = 10_000
const CODE = FLASH + 0x1000
const OUTPUT = RAM + 0x6_0000
const negated = (bits: number) => (bits ^ 0x8000_0000) >>> 0

/** The result for s0 from s0, s1 and s2; for monadic instructions the operand is s2. */
type Run = (soft: SoftFloat, d: number, n: number, m: number) => number

const word = { fraction: 0, bits: 32 }
const compared = (d: number, run: () => void) => {
  run()
  return d
}

const DYADIC: Readonly<Record<string, Run>> = {
  'vadd.f32': (soft, _, n, m) => soft.add(n, m),
  'vsub.f32': (soft, _, n, m) => soft.subtract(n, m),
  'vmul.f32': (soft, _, n, m) => soft.multiply(n, m),
  'vnmul.f32': (soft, _, n, m) => negated(soft.multiply(n, m)),
  'vdiv.f32': (soft, _, n, m) => soft.divide(n, m),
  'vmla.f32': (soft, d, n, m) => soft.add(d, soft.multiply(n, m)),
  'vmls.f32': (soft, d, n, m) => soft.add(d, negated(soft.multiply(n, m))),
  'vnmla.f32': (soft, d, n, m) => soft.add(negated(d), negated(soft.multiply(n, m))),
  'vnmls.f32': (soft, d, n, m) => soft.add(negated(d), soft.multiply(n, m)),
  'vfma.f32': (soft, d, n, m) => soft.multiplyAdd(d, n, m),
  'vfms.f32': (soft, d, n, m) => soft.multiplyAdd(d, negated(n), m),
  'vfnma.f32': (soft, d, n, m) => soft.multiplyAdd(negated(d), negated(n), m),
  'vfnms.f32': (soft, d, n, m) => soft.multiplyAdd(negated(d), n, m),
  'vmaxnm.f32': (soft, _, n, m) => soft.maximum(n, m, false),
  'vminnm.f32': (soft, _, n, m) => soft.maximum(n, m, true),
}

const MONADIC: Readonly<Record<string, Run>> = {
  'vsqrt.f32': (soft, _d, _n, m) => soft.squareRoot(m),
  'vabs.f32': (_s, _d, _n, m) => m & 0x7fff_ffff,
  'vneg.f32': (_s, _d, _n, m) => negated(m),
  'vrinta.f32': (soft, _d, _n, m) => soft.roundToInteger(m, ROUNDING.away, false),
  'vrintn.f32': (soft, _d, _n, m) => soft.roundToInteger(m, ROUNDING.nearest, false),
  'vrintp.f32': (soft, _d, _n, m) => soft.roundToInteger(m, ROUNDING.plus, false),
  'vrintm.f32': (soft, _d, _n, m) => soft.roundToInteger(m, ROUNDING.minus, false),
  'vrintz.f32': (soft, _d, _n, m) => soft.roundToInteger(m, ROUNDING.zero, false),
  'vrintr.f32': (soft, _d, _n, m) => soft.roundToInteger(m, FROM_FPSCR, false),
  'vrintx.f32': (soft, _d, _n, m) => soft.roundToInteger(m, FROM_FPSCR, true),
}

/** By the value of the field S or E. */
const CHOSEN: Readonly<Record<string, readonly [Run, Run]>> = {
  'vcmp{e}.f32': [
    (soft, d, _n, m) => compared(d, () => soft.compare(d, m, false)),
    (soft, d, _n, m) => compared(d, () => soft.compare(d, m, true)),
  ],
  ...converting('vcvta', ROUNDING.away),
  ...converting('vcvtn', ROUNDING.nearest),
  ...converting('vcvtp', ROUNDING.plus),
  ...converting('vcvtm', ROUNDING.minus),
  'vcvt.f32.{su}32': [
    (soft, _d, _n, m) => soft.fromFixed(m, 0, FROM_FPSCR),
    (soft, _d, _n, m) => soft.fromFixed(m | 0, 0, FROM_FPSCR),
  ],
  'vcvt{bt}.f32.f16': [
    (soft, _d, _n, m) => soft.halfToSingle(m & 0xffff),
    (soft, _d, _n, m) => soft.halfToSingle(m >>> 16),
  ],
  'vcvt{bt}.f16.f32': [
    (soft, d, _n, m) => (d & 0xffff_0000) | soft.singleToHalf(m),
    (soft, d, _n, m) => (d & 0xffff) | (soft.singleToHalf(m) << 16),
  ],
}

function converting(name: string, rounding: number): Record<string, readonly [Run, Run]> {
  const to = (isSigned: boolean): Run => {
    return (soft, _d, _n, m) => soft.toFixed(m, { ...word, isSigned }, rounding)
  }
  return { [`${name}.{su}32.f32`]: [to(false), to(true)] }
}

interface Instruction {
  readonly name: string
  readonly code: readonly number[]
  readonly run: Run
}

/** s0 as d, s1 as n, s2 as m. */
function draw(name: string, fields: Readonly<Record<string, number>>): readonly number[] {
  const row = rows32.find((candidate) => candidate.name === name && candidate.drawing.includes('m'))
  assert.ok(row, name)
  return encode(row.drawing, { d: 0, n: 1, m: 1, ...fields })
}

function* instructions(): Generator<Instruction> {
  for (const [name, run] of Object.entries({ ...DYADIC, ...MONADIC })) {
    yield { name, code: draw(name, {}), run }
  }
  for (const [name, runs] of Object.entries(CHOSEN)) {
    for (const [value, run] of runs.entries()) {
      yield { name, code: draw(name, { S: value, E: value, T: value }), run }
    }
  }
  for (const isSigned of [false, true]) {
    for (const [Z, rounding] of [FROM_FPSCR, ROUNDING.zero].entries()) {
      const code = draw('vcvt{rz}.{su}32.f32', { S: isSigned ? 1 : 0, Z })
      const to = { ...word, isSigned }
      yield { name: 'vcvt', code, run: (soft, _d, _n, m) => soft.toFixed(m, to, rounding) }
    }
  }
  for (const bits of [16, 32] as const) {
    const least = bits === 32 ? 1 : 0
    for (const fraction of [least, 7, bits - 1, bits]) yield* fixed(bits, fraction)
  }
}

function* fixed(bits: 16 | 32, fraction: number): Generator<Instruction> {
  const size = bits === 16 ? '0' : '1'
  const left = bits - fraction
  const fields = { d: 0, i: ((left & 1) << 4) | (left >> 1) }
  for (const isSigned of [false, true]) {
    const all = { ...fields, U: isSigned ? 0 : 1 }
    const tail = `U dddd 1010 ${size} 1 i 0 iiii`
    const narrow = (value: number) => {
      if (bits === 32) return isSigned ? value | 0 : value
      return isSigned ? (value << 16) >> 16 : value & 0xffff
    }
    yield {
      name: `vcvt to ${fraction} of ${bits} bits`,
      code: encode(`1110 1110 1 d 11 111 ${tail}`, all),
      run: (soft, d) => soft.toFixed(d, { fraction, bits, isSigned }, ROUNDING.zero),
    }
    yield {
      name: `vcvt from ${fraction} of ${bits} bits`,
      code: encode(`1110 1110 1 d 11 101 ${tail}`, all),
      run: (soft, d) => soft.fromFixed(narrow(d), fraction, ROUNDING.nearest),
    }
  }
}

/** Reads FPSCR and s0 to s2 at r0, executes, writes s0 and FPSCR to r1; r2 times. */
function loop(code: readonly number[]): number[] {
  const head = [
    ...[0xf850, 0x3b04],
    ...encode('1110 1110 1110 0001 0011 1010 0001 0000'),
    ...encode('1110 1100 1 0 1 1 0000 0000 1010 00000011'),
  ]
  const tail = [
    ...encode('1110 1100 1 0 1 0 0001 0000 1010 00000001'),
    ...encode('1110 1110 1111 0001 0011 1010 0001 0000'),
    ...[0xf841, 0x3b04, 0x3a01],
  ]
  const back = -(head.length + code.length + tail.length + 2) & 0xff
  return [...head, ...code, ...tail, 0xd100 | back, 0xbeab]
}

const machine = new Machine()
const words = new Uint32Array(machine.cpu.bytes.buffer)

function runInGuest(code: readonly number[], input: Uint32Array): Uint32Array {
  const { cpu } = machine
  const count = input.length / 4
  words.set(input, RAM >>> 2)
  machine.write(CODE, loop(code))
  machine.start(CODE)
  cpu.writePrivate(0xe000_ed8c, 0xc00, true)
  cpu.writePrivate(0xe000_ed88, 0xf0_0000, false)
  cpu.set('r0', RAM)
  cpu.set('r1', OUTPUT)
  cpu.set('r2', count)
  assert.equal(machine.run(count * 20 + 100), 'halt')
  return words.slice(OUTPUT >>> 2, (OUTPUT >>> 2) + count * 2)
}

/** Modes that programs use, and all of them; some exceptions raised before. */
function fpscr(random: () => number): number {
  const modes = FPSCR.RMODE | FPSCR.FZ | FPSCR.DN | FPSCR.AHP
  return random() % 3 === 0 ? 0 : random() & (modes | FPSCR.NZCV | 0x9f) & FPSCR.WRITABLE
}

function* batches(random: () => number): Generator<Uint32Array> {
  for (let done = 0; done < CASES; done += BATCH) {
    yield Uint32Array.from({ length: BATCH * 4 }, (_, at) =>
      at % 4 === 0 ? fpscr(random) : floatOperand(random),
    )
  }
  const pairs = FLOAT_EDGES.flatMap((n) => FLOAT_EDGES.map((m) => [n, m] as const))
  yield Uint32Array.from(pairs.flatMap(([n, m]) => [0, n, n, m]))
}

test(`instructions compute what soft-float computes (seed ${SEED})`, (t) => {
  const random = seededRandom(SEED)
  const soft = new SoftFloat()
  let count = 0
  for (const { name, code, run } of instructions()) {
    for (const input of batches(random)) {
      const output = runInGuest(code, input)
      for (let at = 0; at < output.length / 2; at++) {
        const [before, d, n, m] = input.subarray(at * 4, at * 4 + 4) as unknown as number[]
        soft.fpscr = before!
        const result = run(soft, d!, n!, m!) >>> 0
        count++
        if (output[at * 2] === result && output[at * 2 + 1] === soft.fpscr >>> 0) continue
        const hex = (bits: number | undefined) => (bits! >>> 0).toString(16)
        assert.fail(
          `${name}: fpscr ${hex(before)}, operands ${[d, n, m].map(hex).join(' ')}: ` +
            `${hex(output[at * 2])} with fpscr ${hex(output[at * 2 + 1])}, not ` +
            `${hex(result)} with ${hex(soft.fpscr)}`,
        )
      }
    }
  }
  t.diagnostic(`${count} cases`)
})
