import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Gpio } from '../peripherals/gpio.ts'
import { Pins as ChipPins } from '../pins/pins.ts'
import { type PortName, portNames } from '../pins/ports.ts'
import { Pins, parsePin } from './pins.ts'

function bench() {
  const pads = new ChipPins()
  const gpio = Object.fromEntries(portNames.map((port) => [port, new Gpio(port, pads)])) as Record<
    PortName,
    Gpio
  >
  const pins = new Pins(pads, gpio)
  pads.onLevel = (pad, port, pin) => pins.changed(port, pin, pad.isHigh)
  pads.onConflict = (conflict) => pins.conflict(conflict)
  const mode = (port: PortName, pin: number, value: number) =>
    gpio[port].registers.write(
      0,
      4,
      (gpio[port].registers.get('MODER') & ~(3 << (pin * 2))) | (value << (pin * 2)),
      true,
    )
  const out = (port: PortName, pin: number, isHigh: boolean) =>
    gpio[port].registers.write(0x18, 4, 1 << (isHigh ? pin : pin + 16), true)
  return { pins, mode, out }
}

test('names of pins', () => {
  assert.deepEqual(parsePin('PA0'), { port: 'A', pin: 0 })
  assert.deepEqual(parsePin('PI15'), { port: 'I', pin: 15 })
  for (const wrong of ['PA16', 'PJ0', 'pa0', 'PA', 'A0', 'PA01', ''])
    assert.equal(parsePin(wrong), undefined)
})

test('watchers hear edges only', () => {
  const { pins, mode, out } = bench()
  const seen: string[] = []
  pins.watch('PA5', (isHigh) => seen.push(`PA5 ${isHigh}`))
  pins.watchAll((isHigh, name) => seen.push(`all ${name} ${isHigh}`))
  mode('A', 5, 1)
  for (const level of [true, true, false]) out('A', 5, level)
  assert.deepEqual(seen, ['PA5 true', 'all PA5 true', 'PA5 false', 'all PA5 false'])
})

test('a pin has one outside driver', () => {
  const { pins } = bench()
  const drive = pins.driver('PC13', 'the button', true)
  drive(true)
  assert.equal(pins.level('PC13'), true)
  assert.throws(() => pins.driver('PC13', 'a sensor', true), /PC13 is driven by the button already/)
})

test('firmware against a part is a conflict, told once; a resistor gives way', () => {
  const { pins, mode, out } = bench()
  const told: string[] = []
  pins.onConflict = (sentence) => told.push(sentence)
  pins.driver('PA0', 'imu.INT1', true)(true)
  pins.driver('PA1', 'a pull-up', false)(true)
  for (const pin of [0, 1]) mode('A', pin, 1)
  for (const level of [true, false, true, false]) for (const pin of [0, 1]) out('A', pin, level)
  assert.deepEqual(told, ['PA0 is driven low by the firmware and high by imu.INT1.'])
  assert.deepEqual(pins.conflicts, told)
})
