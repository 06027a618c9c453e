import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  each,
  interruptLevel,
  once,
  partly,
  RegisterFile,
  rc,
  reg,
  ro,
  rw,
  tagged,
  w0c,
  w1c,
  w1s,
  wo,
} from './registers.ts'

const layout = {
  CR: reg(0x00, { EN: rw(0), MODE: rw(4, 3), LATER: tagged(8, 2), KEEP: w1s(31) }, 0x20),
  SR: reg(0x04, { DONE: w1c(0), BUSY: ro(1) }, 0x3),
  DR: reg(0x0c, { DATA: wo(0, 16) }),
  PINS: reg(0x10, each('P', 16, 2, rw), 0xffff_ffff),
} as const

test('each access kind does what the manual says, for every bit pattern of the low byte', () => {
  for (let value = 0; value < 256; value++) {
    const file = new RegisterFile(layout)
    file.write(0x00, 4, value | 0xff00_0000, true)
    assert.equal(file.read(0x00, 4, true), ((value & 0x71) | 0x8000_0000) >>> 0)
    file.write(0x00, 4, 0, true)
    assert.equal(file.read(0x00, 4, true), 0x8000_0000, 'w1s stays')
    file.write(0x04, 4, value, true)
    assert.equal(file.read(0x04, 4, true), value & 1 ? 2 : 3)
    file.write(0x0c, 4, value, true)
    assert.equal(file.read(0x0c, 4, true), 0)
  }
})

test('a hole reads as zero, ignores writes and has no name', () => {
  const file = new RegisterFile(layout)
  file.write(0x08, 4, 0xffff_ffff, true)
  assert.equal(file.read(0x08, 4, true), 0)
  assert.equal(file.nameAt(0x08), undefined)
  assert.equal(file.nameAt(0x0e), 'DR')
})

test('bytes and halfwords touch only themselves', () => {
  for (let lane = 0; lane < 4; lane++) {
    const file = new RegisterFile(layout)
    file.write(0x10 + lane, 1, 0x5a, true)
    const expected = ((0xffff_ffff & ~(0xff << (lane * 8))) | (0x5a << (lane * 8))) >>> 0
    assert.equal(file.read(0x10, 4, true), expected)
    assert.equal(file.read(0x10 + lane, 1, true), 0x5a)
  }
  const file = new RegisterFile(layout)
  file.write(0x12, 2, 0x1234, true)
  assert.equal(file.read(0x10, 4, true), 0x1234_ffff)
  assert.equal(file.get('PINS', 'P8'), 0)
})

test('hooks see what was written; a register can refuse writes and hide bits', () => {
  const seen: number[] = []
  let isOpen = false
  const file = new RegisterFile(layout, {
    DR: { write: (written) => seen.push(written) },
    CR: { writable: () => isOpen },
    PINS: { visible: (isSecure) => (isSecure ? 0xffff_ffff : 0xff) },
  })
  file.write(0x0d, 1, 0x42, false)
  assert.deepEqual(seen, [0x4200])
  file.write(0x00, 4, 1, false)
  assert.equal(file.is('CR', 'EN'), false)
  isOpen = true
  file.write(0x00, 4, 1, false)
  assert.equal(file.is('CR', 'EN'), true)
  file.write(0x10, 4, 0, false)
  assert.equal(file.read(0x10, 4, false), 0)
  assert.equal(file.read(0x10, 4, true), 0xffff_ff00)
})

test('a tagged field is stored and reported when it changes', () => {
  const reports: string[] = []
  const file = new RegisterFile(layout)
  file.onTagged = (register, field) => reports.push(`${register}.${field}`)
  file.write(0x00, 4, 0x20, true)
  assert.deepEqual(reports, [])
  file.write(0x00, 4, 0x120, true)
  assert.deepEqual(reports, ['CR.LATER'])
  assert.equal(file.get('CR', 'LATER'), 1)
})

test('hooks learn how wide an access is', () => {
  const seen: string[] = []
  const file = new RegisterFile(layout, {
    SR: {
      read: (_stored, size) => seen.push(`read ${size}`),
      write: (_written, _before, size) => seen.push(`write ${size}`),
    },
  })
  for (const size of [1, 2, 4] as const) {
    file.read(0x04, size, true)
    file.write(0x04, size, 0, true)
  }
  assert.deepEqual(seen, ['read 1', 'write 1', 'read 2', 'write 2', 'read 4', 'write 4'])
})

test('flags that a zero clears, that a read clears, and settings that stay', () => {
  const file = new RegisterFile({
    SR: reg(0x00, { UIF: w0c(0), CC1IF: w0c(1), LATE: rc(8) }, 0x103),
    BDTR: reg(0x04, { LOCK: once(8, 2), DTG: rw(0, 8) }),
  })
  file.write(0x00, 4, ~1, true)
  assert.equal(file.peek(0x00), 0x102)
  assert.equal(file.read(0x00, 1, true), 0x02, 'a read of other bytes leaves it')
  assert.equal(file.read(0x00, 4, true), 0x102)
  assert.equal(file.read(0x00, 4, true), 0x002)
  file.write(0x04, 4, 0x005, true)
  file.write(0x04, 4, 0x107, true)
  file.write(0x04, 4, 0x309, true)
  assert.equal(file.read(0x04, 4, true), 0x109, 'LOCK takes the first setting only')
  file.reset()
  file.write(0x04, 4, 0x300, true)
  assert.equal(file.get('BDTR', 'LOCK'), 3)
})

test('a value that is not modelled is reported when it is set, the others are not', () => {
  const file = new RegisterFile({ CR: reg(0, { MODE: partly(4, 2, [0, 1]), EN: rw(0) }) })
  const reported: string[] = []
  file.onTagged = (register, field) => reported.push(`${register}.${field}`)
  for (const mode of [1, 3, 3, 0, 2]) file.write(0, 4, (mode << 4) | 1, true)
  assert.deepEqual(reported, ['CR.MODE=3', 'CR.MODE=2'])
})

test('a line is high while an enabled flag is set, through read hooks and without their effects', () => {
  let taken = 0
  const file = new RegisterFile(
    { CR: reg(0, { AIE: rw(0), BIE: rw(1) }), SR: reg(4, { A: ro(0), B: ro(1), C: ro(2) }) },
    { SR: { read: (stored) => stored | 4, taken: () => taken++ } },
  )
  const level = interruptLevel(file, [
    ['CR.AIE', 'SR.A', 'SR.B'],
    ['CR.BIE', 'SR.C'],
  ])
  for (let bits = 0; bits < 16; bits++) {
    file.setAll('CR', bits & 3)
    file.setAll('SR', bits >> 2)
    assert.equal(level(), ((bits & 1) !== 0 && bits >> 2 !== 0) || (bits & 2) !== 0)
  }
  assert.equal(taken, 0)
})
