/**
 * A C program that uses peripherals as ST's drivers do, on the whole chip: real code, real clocks,
 * interrupts, DMA and pins, with parts on the buses and voltages on the pins.
 */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import { missing } from '../../../../tools/programs.ts'
import { Stm32u585 } from '../chip.ts'
import { OTP_BYTES } from '../flash.ts'
import { I2cBus } from '../lines/i2c-bus.ts'
import { SpiBus } from '../lines/spi-bus.ts'
import { Supply } from '../power.ts'
import { buildDrivers } from '../testing/board-firmware.ts'

const FLASH = 0x0800_0000
const RESULTS = 0x2000_0000
const DONE = 0x600d

/** 256 bytes that are written and read at a pointer. */
function memory(bus: I2cBus): Uint8Array {
  const bytes = new Uint8Array(256)
  let [at, isPointer] = [0, true]
  bus.attach({
    name: 'memory',
    start({ value, isRead }) {
      isPointer = !isRead
      return value === 0x50
    },
    write(byte) {
      if (isPointer) at = byte
      else bytes[at++] = byte
      isPointer = false
      return true
    },
    read: () => bytes[at++],
    stop() {},
  })
  return bytes
}

function board(image: Uint8Array) {
  const chip = new Stm32u585({
    ...{ supply: new Supply(), hasSecureSide: false, kernelPins: [] },
    ...{ otp: new Uint8Array(OTP_BYTES).fill(0xff), uniqueId: new Uint8Array(12) },
    events: { internalFlashChanged() {}, otpChanged() {}, pin() {}, serial() {} },
  })
  const pad = chip.pins.pad.bind(chip.pins)
  const bytes = memory(I2cBus.onPads(chip.pins, { scl: pad('PB8'), sda: pad('PB9') }))
  const spi = SpiBus.onPads(chip.pins, { sck: pad('PA5'), miso: pad('PA6'), mosi: pad('PA7') })
  const complement = {
    name: 'complement',
    select() {},
    transfer: ({ value }: { value: number }) => ~value,
  }
  spi.attachSelected(complement, () => true)
  pad('PA0').connect('potentiometer').voltage(1.1)
  chip.flashBytes.set(image)
  chip.cpu.invalidate(FLASH, image.length)
  chip.startApplication(FLASH)
  const view = new DataView(chip.cpu.bytes.buffer, chip.cpu.bytes.byteOffset)
  const result = (n: number) => view.getUint32(RESULTS + n * 4, true)
  return { chip, bytes, result }
}

const sha256 = (message: string) => createHash('sha256').update(message).digest().readUInt32BE(0)
const minus1 = 0xffff_ffff

/** What the program notes, in its order. */
const expected: readonly (readonly [string, number])[] = [
  ['I2C write', 0],
  ['I2C read', 0],
  ['what was read', 0x33_2211],
  ['nobody answers: NACK', minus1],
  ['the bus is free again', 0],
  ['I2C by interrupt', 1],
  ['DMA to I2C', 1],
  ['its STOP', 0],
  ['DMA from I2C', 1],
  ['its STOP', 0],
  ['what DMA read', 0xb4b3_b2b1],
  ['SPI: EOT', 1],
  ['SPI by polling', 0xfe_fdfc],
  ['SPI by interrupt', 0xfbfa],
  ['SPI by DMA', 1],
  ['first and last byte', 0xe8ef],
  ['SPI overrun', 64],
  ['cleared', 0],
  ['ADC: regulator', 1],
  ['ADC: calibrated', 0],
  ['ADC: ready', 1],
  ['ADC: end of conversion', 1],
  ['a third of full scale', 5461],
  ['ADC by DMA', 1],
  ['the pin and the DAC', 5461 + 8192 * 0x1_0000],
  ['CRC-32', 0xcbf4_3926],
  ['SHA-256', 1],
  ['of abc', sha256('abc')],
  ['SHA-256 by DMA', 1],
  ['of 80 letters', sha256('a'.repeat(80))],
]

for (const optimisation of ['-O0', '-O2']) {
  const skip = missing('arm-none-eabi-gcc')
  test(`drivers built with ${optimisation} find what they expect`, { skip }, () => {
    const { chip, bytes, result } = board(buildDrivers('drivers', optimisation))
    for (let slice = 0; slice < 100 && result(0) !== DONE; slice++) {
      chip.run(chip.cpu.cycles + 1_000_000)
    }
    expected.forEach(([what, value], n) => {
      assert.equal(result(1 + n), value >>> 0, what)
    })
    assert.equal(result(0), DONE)
    assert.deepEqual([...bytes.subarray(0x40, 0x43)], [0xa1, 0xa2, 0xa3])
    assert.deepEqual(chip.notModelled.accesses, [])
  })
}
