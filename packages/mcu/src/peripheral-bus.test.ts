import assert from 'node:assert/strict'
import { test } from 'node:test'
import { peripheralPlaces, registerNames, registerSets } from './address-map.ts'
import { BusFault } from './bus.ts'
import { MAX_UNMODELLED_PLACES, NotModelled } from './not-modelled.ts'
import { PeripheralBus } from './peripheral-bus.ts'
import { RegisterFile, reg, rw, tagged } from './registers.ts'

const application = { isSecure: false, isPrivileged: true, pc: 0x0800_0100 }
const kernel = { ...application, isSecure: true }

function bus(isClocked = true) {
  const notModelled = new NotModelled()
  const registers = new RegisterFile({ CR: reg(0, { EN: rw(0, 16), LATER: tagged(16) }) })
  const unit = new PeripheralBus({
    modelled: new Map([['PWR', registers]]),
    notModelled,
    hasSecureSide: true,
    isBackupOpen: () => true,
    clockOf: () => () => isClocked,
    uniqueId: Uint8Array.from({ length: 12 }, (_, i) => i + 1),
    readOtp: (offset, into) => into.fill(offset),
  })
  return { unit, notModelled, registers }
}

test('no two peripherals overlap', () => {
  const sorted = [...peripheralPlaces].sort((a, b) => a.base - b.base)
  sorted.slice(1).forEach((place, i) => {
    assert.ok(place.base >= sorted[i].base + sorted[i].size, `${sorted[i].name} and ${place.name}`)
  })
})

test('register names sit at the offsets of the manual', () => {
  const spots = [
    ['EXTI', 'IMR1', 0x80],
    ['EXTI', 'EXTICR4', 0x6c],
    ['TIM', 'BDTR', 0x44],
    ['TIM', 'DCR', 0x3dc],
    ['GPDMA', 'C3CR', 0x1e4],
    ['GPDMA', 'C15LLR', 0x84c],
    ['RTC', 'ALRBBINR', 0x74],
    ['OTFDEC', 'R4KEYR3', 0xd0],
    ['MDF', 'DFLT5DR', 0x370],
    ['FMC', 'BWTR4', 0x11c],
    ['TZSC', 'MPCWM5BR', 0x8c],
  ] as const
  for (const [set, name, offset] of spots) {
    assert.equal(registerNames(set).indexOf(name) * 4, offset, `${set}_${name}`)
  }
  for (const { name, size, set } of peripheralPlaces) {
    if (set !== undefined) assert.ok(registerNames(set).length * 4 <= size, name)
  }
  assert.ok(Object.keys(registerSets).length > 10)
})

test('every peripheral of the kernel refuses the application, every other one answers it', () => {
  for (const { name, base, kernel: isKernels } of peripheralPlaces) {
    const hasAlias = base < 0x6000_0000
    for (const address of hasAlias ? [base, base + 0x1000_0000] : [base]) {
      const { unit } = bus()
      unit.read(address, 4, application)
      const refused = isKernels || (hasAlias && address >= 0x5000_0000)
      assert.equal(unit.fault, refused ? BusFault.attribution : BusFault.none, name)
      unit.write(address, 4, 0, application)
      assert.equal(unit.fault, refused ? BusFault.attribution : BusFault.none, name)
      unit.read(address, 4, kernel)
      assert.equal(unit.fault, BusFault.none, name)
    }
  }
})

test('what is not modelled is remembered, read back and entered with name and PC', () => {
  const { unit, notModelled } = bus()
  unit.write(0x4000_002c, 2, 0x1234, application)
  unit.write(0x4000_002e, 1, 0x56, application)
  assert.equal(unit.read(0x4000_002c, 4, application), 0x0056_1234)
  for (let i = 0; i < 9; i++) unit.read(0x4000_0010, 4, application)
  assert.deepEqual(notModelled.accesses.at(-1), {
    ...{ peripheral: 'TIM2', register: 'SR', address: 0x4000_0010, direction: 'read' },
    ...{ pc: 0x0800_0100, value: 0, count: 9, answer: 'read as zero' },
  })
  assert.equal(notModelled.total, 12)
  unit.reset()
  assert.equal(unit.read(0x4000_002c, 4, application), 0)
})

test('a field without effect is entered once it changes', () => {
  const { unit, notModelled } = bus()
  unit.write(0x4602_0800, 4, 5, application)
  assert.equal(notModelled.total, 0)
  unit.write(0x4602_0800, 4, 0x1_0005, application)
  assert.deepEqual(notModelled.accesses[0], {
    ...{ peripheral: 'PWR', register: 'CR.LATER', address: 0x4602_0800, direction: 'write' },
    ...{ pc: 0x0800_0100, value: 1, count: 1, answer: 'stored, no effect' },
  })
})

test('a peripheral without a clock reads as zero and loses writes', () => {
  const { unit, registers, notModelled } = bus(false)
  unit.write(0x4602_0800, 4, 5, application)
  assert.equal(registers.get('CR'), 0)
  assert.equal(notModelled.accesses[0].register, 'CR')
  assert.match(notModelled.accesses[0].answer, /clock is off/)
})

test('where nothing is there is a bus error', () => {
  for (const address of [0x4000_1800, 0x4fff_fffc, 0x6000_0000, 0x9000_0000, 0x0000_0000]) {
    const { unit, notModelled } = bus()
    unit.read(address, 4, application)
    assert.equal(unit.fault, BusFault.error, `0x${address.toString(16)}`)
    unit.write(address, 4, 0, application)
    assert.equal(unit.fault, BusFault.error)
    assert.equal(notModelled.total, 2)
  }
})

test('the device signature reads: unique ID, flash size, OTP', () => {
  const { unit } = bus()
  assert.equal(unit.read(0x0bfa_0700, 4, application), 0x0403_0201)
  assert.equal(unit.read(0x0bfa_0708, 4, application), 0x0c0b_0a09)
  assert.equal(unit.read(0x0bfa_07a0, 2, application), 2048)
  assert.equal(unit.read(0x0bfa_0010, 4, application), 0x1010_1010)
  assert.equal(unit.fault, BusFault.none)
})

test('the ledger is bounded; the total goes on', () => {
  const notModelled = new NotModelled()
  for (let pc = 0; pc < MAX_UNMODELLED_PLACES + 10; pc++) {
    notModelled.record({
      ...{ peripheral: 'TIM2', register: 'SR', address: 0x4000_0010, direction: 'read' },
      ...{ pc, value: 0, answer: '' },
    })
  }
  assert.equal(notModelled.accesses.length, MAX_UNMODELLED_PLACES)
  assert.equal(notModelled.total, MAX_UNMODELLED_PLACES + 10)
})
