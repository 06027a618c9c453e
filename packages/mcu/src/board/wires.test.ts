import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AnalogPins, type I2cPart, SpiBus, Wires } from './wires.ts'

function recorder(log: string[], answers = true): I2cPart {
  const note = <Value>(line: string, value: Value): Value => {
    log.push(line)
    return value
  }
  return {
    begin: (isRead) => note(`begin ${isRead}`, answers),
    write: (byte) => note(`write ${byte}`, byte < 0x80),
    read: () => note('read', 0x55),
    end: (isRead) => note(`end ${isRead}`, undefined),
  }
}

test('a transfer reaches the part at its address, and only from start to stop', () => {
  const log: string[] = []
  const bus = new Wires().i2c.I2C1
  bus.attach(0x18, recorder(log))
  assert.equal(bus.start(0x19, false), false)
  assert.equal(bus.write(1), false)
  assert.equal(bus.start(0x18, false), true)
  assert.equal(bus.write(5), true)
  assert.equal(bus.write(0x80), false)
  assert.equal(bus.start(0x18, true), true)
  assert.equal(bus.read(), 0x55)
  bus.stop()
  assert.equal(bus.read(), 0xff)
  const expected = ['begin false', 'write 5', 'write 128', 'end false', 'begin true', 'read']
  assert.deepEqual(log, [...expected, 'end true'])
})

test('a bus whose pins lead elsewhere, or is held, acknowledges nothing', () => {
  const bus = new Wires().i2c.I2C2
  bus.attach(1, recorder([]))
  bus.isWired = () => false
  assert.equal(bus.start(1, true), false)
  bus.isWired = () => true
  bus.isHeld = true
  assert.equal(bus.start(1, true), false)
  assert.throws(() => bus.attach(1, recorder([])), /taken/)
})

test('the selected part answers on SPI; nobody gives all ones', () => {
  const bus = new SpiBus()
  const state = { isSelected: false }
  bus.attach({ select() {}, exchange: (word) => word ^ 0xff }, () => state.isSelected)
  assert.equal(bus.exchange(0x0f, 8), 0xff)
  assert.equal(bus.exchange(0, 32), 0xffff_ffff)
  state.isSelected = true
  assert.equal(bus.exchange(0x0f, 8), 0xf0)
})

test('an open analog pin reads nothing', () => {
  const pins = new AnalogPins()
  pins.apply('PA0', 1.5)
  assert.equal(pins.volts('PA0'), 1.5)
  pins.apply('PA0', undefined)
  assert.equal(pins.volts('PA0'), 0)
})
