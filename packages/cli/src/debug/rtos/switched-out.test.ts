/** Contexts as each port of FreeRTOS leaves them, laid out by hand, in the order of its context switch. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BLOCK_SAVED_BYTES, switchedOut, switchedOutInBlock } from './switched-out.ts'

const TOP = 0x2000_1000
const SPLIM = 0x2000_0c00
const range = (from: number, count: number) => Array.from({ length: count }, (_, at) => from + at)
/** r0 to r3, r12, lr, pc, xpsr. */
const HARDWARE = [100, 101, 102, 103, 112, 0x0800_0101, 0x0800_0200, 0x6100_0000]
const CORE = range(104, 8)
const HIGH = range(316, 16)
const LOW = [...range(300, 16), 0x0300_0000]
/** The word behind FPSCR. */
const RESERVED = 0
const [PLAIN, FLOATS] = [0xffff_ffbc, 0xffff_ffac]

/** Each with what it saves below the frame, from the top of the stack on. */
const ports: Readonly<
  Record<string, { saved: (excReturn: number) => number[]; others: Record<number, number> }>
> = {
  ARM_CM33_NTZ: {
    saved: (excReturn) => [SPLIM, excReturn, ...CORE],
    others: { 20: SPLIM },
  },
  'ARM_CM33_NTZ, MPU': {
    saved: (excReturn) => [SPLIM, 3, excReturn, ...CORE],
    others: { 20: SPLIM, 21: 3 },
  },
  'ARM_CM33 with TrustZone, a task without a secure context': {
    saved: (excReturn) => [0, SPLIM, excReturn, ...CORE],
    others: { 20: SPLIM },
  },
  'ARM_CM33 with TrustZone, a task that has a secure context': {
    saved: (excReturn) => [0x3000_0100, SPLIM, excReturn, ...CORE],
    others: { 20: SPLIM },
  },
  'ARM_CM33 with TrustZone, MPU': {
    saved: (excReturn) => [1, SPLIM, 2, excReturn, ...CORE],
    others: { 20: SPLIM, 21: 2 },
  },
  ARM_CM4F: {
    saved: (excReturn) => [...CORE, excReturn],
    others: {},
  },
}

function bytes(...words: readonly number[][]): Uint8Array {
  return Buffer.from(Uint32Array.from(words.flat().map((word) => word >>> 0)).buffer)
}

function check(found: ReadonlyMap<number, number> | undefined, sp: number, others: object): void {
  assert.ok(found)
  const expected: Record<number, number> = { ...others, 13: sp, 18: sp }
  CORE.forEach((value, at) => {
    expected[4 + at] = value
  })
  for (const [at, number] of [0, 1, 2, 3, 12, 14, 15, 16].entries()) {
    expected[number] = HARDWARE[at]!
  }
  assert.deepEqual(Object.fromEntries(found), expected)
}

const floats = Object.fromEntries([
  ...LOW.map((value, at) => [at === 16 ? 64 : 32 + at, value]),
  ...HIGH.map((value, at) => [48 + at, value]),
])

for (const [name, { saved, others }] of Object.entries(ports)) {
  test(`${name}: without floating point`, () => {
    const words = [saved(PLAIN), HARDWARE]
    check(switchedOut(TOP, bytes(...words)), TOP + 4 * words.flat().length, others)
  })

  test(`${name}: with floating point`, () => {
    const words = [saved(FLOATS), HIGH, HARDWARE, LOW, [RESERVED]]
    const sp = TOP + 4 * words.flat().length
    check(switchedOut(TOP, bytes(...words)), sp, { ...others, ...floats })
  })

  test(`${name}: a stack that had to be aligned`, () => {
    const aligned = [...HARDWARE.slice(0, 7), HARDWARE[7]! | (1 << 9)]
    const words = [saved(PLAIN), aligned]
    check(switchedOut(TOP, bytes(...words)), TOP + 4 * words.flat().length + 4, others)
  })
}

test('registers of the task that look like EXC_RETURN do not make another port of it', () => {
  for (const value of [-1, -3, -4, PLAIN, FLOATS]) {
    const core = [value, value, value, ...CORE.slice(3)]
    const found = switchedOut(TOP, bytes([...core, PLAIN], HARDWARE))
    assert.equal(found?.get(15), HARDWARE[6], `${value}`)
    assert.equal(found?.get(7), CORE[3])
    const other = switchedOut(TOP, bytes([SPLIM, PLAIN, ...core], HARDWARE))
    assert.equal(other?.get(15), HARDWARE[6], `${value}`)
  }
})

test('a task that is in a function of the secure world left nothing to be seen', () => {
  // Its registers are on the secure stack; there are three words, and then what was there before.
  const words = bytes([0x3000_0100, SPLIM, 0xffff_fffd], CORE, HARDWARE)
  assert.equal(switchedOut(TOP, words), undefined)
})

for (const [name, excReturn, others] of [
  ['without floating point', PLAIN, {}],
  ['with floating point', FLOATS, floats],
] as const) {
  test(`a context in the control block (MPU, 10.6 and later): ${name}`, () => {
    const special = [TOP, SPLIM, 3, excReturn]
    const words = [HIGH, LOW, CORE, HARDWARE, special]
    const saved = bytes(...words)
    assert.equal(saved.length, BLOCK_SAVED_BYTES)
    const frameBytes = excReturn === PLAIN ? 32 : 104
    check(switchedOutInBlock(saved), TOP + frameBytes, { 20: SPLIM, 21: 3, ...others })
  })
}

test('a task that has never run begins with its function, to which the port has put a pointer', () => {
  const words = HARDWARE.map((word, at) => (at === 6 ? word | 1 : word))
  const sp = TOP + 4 * (10 + words.length)
  check(switchedOut(TOP, bytes([SPLIM, PLAIN, ...CORE], words)), sp, { 20: SPLIM })
})

test('what is no context is none', () => {
  assert.equal(switchedOut(TOP, bytes(range(0, 60))), undefined)
  assert.equal(switchedOut(TOP, bytes([SPLIM, PLAIN, ...CORE])), undefined)
  assert.equal(switchedOut(TOP, new Uint8Array(3)), undefined)
  assert.equal(switchedOutInBlock(new Uint8Array(BLOCK_SAVED_BYTES)), undefined)
})
