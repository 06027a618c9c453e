import assert from 'node:assert/strict'
import { test } from 'node:test'
import { PeripheralBench } from '../testing/peripheral-bench.ts'
import { Crc } from './crc.ts'

const CHECK = [...'123456789'].map((letter) => letter.charCodeAt(0))
const POLYSIZE = { 32: 0, 16: 1 << 3, 8: 2 << 3, 7: 3 << 3 } as const
const REV_IN_BYTE = 1 << 5
const REV_OUT = 1 << 7

function unit() {
  const bench = new PeripheralBench('CRC', { cycleHz: 160e6, hz: 160e6 }, () => new Crc())
  return {
    read: (register: string) => bench.read(register),
    write: (register: string, value: number, size: 1 | 2 | 4 = 4) =>
      bench.write(register, value, size),
  }
}

test('every register starts at its reset value', () => {
  const { read } = unit()
  assert.equal(read('DR'), 0xffff_ffff)
  assert.equal(read('IDR'), 0)
  assert.equal(read('CR'), 0)
  assert.equal(read('INIT'), 0xffff_ffff)
  assert.equal(read('POL'), 0x04c1_1db7)
})

/** Names and check values as in the catalogue of parametrised CRC algorithms (of "123456789"). */
const algorithms = [
  ['CRC-32/MPEG-2', 32, 0x04c1_1db7, 0xffff_ffff, 0, 0x0376_e6e7],
  ['CRC-32/JAMCRC', 32, 0x04c1_1db7, 0xffff_ffff, REV_IN_BYTE | REV_OUT, 0x340b_c6d9],
  ['CRC-16/IBM-3740', 16, 0x1021, 0xffff, 0, 0x29b1],
  ['CRC-16/MODBUS', 16, 0x8005, 0xffff, REV_IN_BYTE | REV_OUT, 0x4b37],
  ['CRC-16/XMODEM', 16, 0x1021, 0, 0, 0x31c3],
  ['CRC-8/SMBUS', 8, 0x07, 0, 0, 0xf4],
  ['CRC-8/MAXIM-DOW', 8, 0x31, 0, REV_IN_BYTE | REV_OUT, 0xa1],
  ['CRC-7/MMC', 7, 0x09, 0, 0, 0x75],
] as const

for (const [name, bits, polynomial, initial, reversal, expected] of algorithms) {
  test(`${name} gives its check value`, () => {
    const { read, write } = unit()
    write('POL', polynomial)
    write('CR', POLYSIZE[bits] | reversal)
    write('INIT', initial)
    write('CR', POLYSIZE[bits] | reversal | 1)
    for (const byte of CHECK) write('DR', byte, 1)
    assert.equal(read('DR'), expected)
  })
}

test('a word or half-word counts as its bytes, most significant first', () => {
  const parts = [
    [4, [0x3132_3334]],
    [2, [0x3132, 0x3334]],
    [1, [0x31, 0x32, 0x33, 0x34]],
  ] as const
  const results = parts.map(([size, values]) => {
    const { read, write } = unit()
    for (const value of values) write('DR', value, size)
    return read('DR')
  })
  assert.equal(new Set(results).size, 1)
})

test('reversal by half-word and by word mirrors the bits of what was written', () => {
  const cases = [
    [2 << 5, 0x0000_0001, 0x0000_8000],
    [2 << 5, 0x1234_0000, 0x2c48_0000],
    [3 << 5, 0x0000_0001, 0x8000_0000],
    [3 << 5, 0x1234_5678, 0x1e6a_2c48],
  ] as const
  for (const [reversal, written, asIf] of cases) {
    const [reversed, plain] = [unit(), unit()]
    reversed.write('CR', reversal)
    reversed.write('DR', written)
    plain.write('DR', asIf)
    assert.equal(reversed.read('DR'), plain.read('DR'))
  }
})

test('RESET takes INIT up again and reads as zero; IDR is nobody else’s', () => {
  const { read, write } = unit()
  write('IDR', 0x1234_5678)
  write('DR', 7)
  write('INIT', 0x55)
  write('CR', 1)
  assert.deepEqual([read('DR'), read('CR'), read('IDR')], [0x55, 0, 0x1234_5678])
})
