import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Pins } from '../pins/pins.ts'
import { type PortName, portNames } from '../pins/ports.ts'
import { Gpio, gpioLayout } from './gpio.ts'

const OFFSET = {
  MODER: 0,
  OTYPER: 4,
  PUPDR: 0xc,
  IDR: 0x10,
  ODR: 0x14,
  BSRR: 0x18,
  LCKR: 0x1c,
} as const

function port(name: PortName = 'C') {
  const changes: [number, boolean][] = []
  const pins = new Pins()
  const gpio = new Gpio(name, pins)
  const pads = pins.port(name)
  pads.forEach((pad, pin) => {
    pad.listen((isHigh) => changes.push([pin, isHigh]))
  })
  gpio.registers.setAll('SECCFGR', 0)
  const { registers } = gpio
  return {
    gpio,
    pins,
    pads,
    changes,
    read: (name: keyof typeof OFFSET) => registers.read(OFFSET[name], 4, false),
    write: (name: keyof typeof OFFSET, value: number) =>
      registers.write(OFFSET[name], 4, value >>> 0, false),
  }
}

test('reset values are those of RM0456 for ports A, B and the others', () => {
  const expected = {
    A: { MODER: 0xabff_ffff, OSPEEDR: 0x0800_0000, PUPDR: 0x6400_0000 },
    B: { MODER: 0xffff_febf, OSPEEDR: 0x0000_0080, PUPDR: 0x0000_0100 },
    C: { MODER: 0xffff_ffff, OSPEEDR: 0, PUPDR: 0 },
  }
  for (const name of portNames) {
    const values = name in expected ? expected[name as keyof typeof expected] : expected.C
    const { registers } = new Gpio(name, new Pins())
    for (const register of Object.keys(gpioLayout(name)) as (keyof ReturnType<
      typeof gpioLayout
    >)[]) {
      const expectedValues: Record<string, number> = { ...values, SECCFGR: 0xffff }
      const value = expectedValues[register] ?? 0
      assert.equal(registers.get(register), value, `GPIO${name}_${register}`)
    }
  }
})

test('BSRR sets, resets, and prefers setting, for every pin from either state', () => {
  for (let pin = 0; pin < 16; pin++) {
    for (const before of [0, 0xffff]) {
      for (const [set, reset, after] of [
        [0, 0, -1],
        [1, 0, 1],
        [0, 1, 0],
        [1, 1, 1],
      ] as const) {
        const { gpio, read, write, changes } = port()
        write('MODER', 0x5555_5555)
        write('ODR', before)
        changes.length = 0
        write('BSRR', (set << pin) | (reset << (pin + 16)))
        const level = after === -1 ? before !== 0 : after === 1
        assert.equal(gpio.level(pin), level)
        assert.equal(((read('ODR') >>> pin) & 1) === 1, level)
        assert.equal(read('ODR') & ~(1 << pin), before & ~(1 << pin))
        assert.deepEqual(changes, level === (before !== 0) ? [] : [[pin, level]])
      }
    }
  }
})

test('a pin shows its output, else the outside, else its pull', () => {
  const { pads, read, write } = port()
  const outside = pads[3]!.connect('outside')
  write('MODER', 0)
  assert.equal(read('IDR'), 0)
  write('PUPDR', 1 << 6)
  assert.equal(read('IDR'), 1 << 3)
  outside.drive(false)
  assert.equal(read('IDR'), 0)
  write('MODER', 1 << 6)
  write('ODR', 1 << 3)
  assert.equal(read('IDR'), 1 << 3)
  write('OTYPER', 1 << 3)
  assert.equal(read('IDR'), 0, 'open drain lets go, the outside pulls low')
  outside.drive(undefined)
  assert.equal(read('IDR'), 1 << 3, 'pull-up')
  write('MODER', 3 << 6)
  assert.equal(read('IDR'), 0, 'analog pins have no input')
})

test('the lock needs its whole sequence and then holds the configuration', () => {
  const { gpio, read, write } = port()
  write('MODER', 0)
  for (const value of [0x1_0008, 0x0008]) write('LCKR', value)
  write('MODER', 0x40)
  assert.equal(read('MODER'), 0x40, 'not locked yet')
  write('LCKR', 0x1_0008)
  assert.equal(read('LCKR'), 0x1_0008)
  write('MODER', 0xffff_ffff)
  assert.equal(read('MODER'), 0xffff_ff7f)
  write('LCKR', 0)
  assert.equal(read('LCKR'), 0x1_0008)
  gpio.reset()
  assert.equal(read('LCKR'), 0)
})

test('non-secure code neither sees nor moves a secure pin', () => {
  const { gpio, read, write } = port()
  gpio.registers.setAll('SECCFGR', 1 << 5)
  write('MODER', 0x5555_5555)
  assert.equal(gpio.registers.get('MODER', 'MODE5'), 3)
  assert.equal(read('MODER'), 0x5555_5155)
  gpio.registers.set('MODER', 'MODE5', 1)
  write('BSRR', 0xffff)
  assert.equal(gpio.level(5), false)
  assert.equal(read('ODR'), 0xffdf)
})
