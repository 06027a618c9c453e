import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Lanes } from '../../lines/xspi-bus.ts'
import { PartBench } from '../testing/part-bench.ts'
import { norTypes } from './nor-flash-types.ts'

type Lines = Lanes['lines']

/** A flash on an OCTOSPI, spoken to by phases. */
function octo(type: string, image?: Uint8Array) {
  const bench = new PartBench('nor-flash', { bus: 'OCTOSPIM_P2', type, image })
  const device = bench.xspi!
  const lanes = (lines: Lines, isDtr = false) => ({ lines, isDtr })
  /** Instruction, address bytes, dummy clocks, then bytes out or a count of bytes in. */
  const run = (
    [code, address, data]: readonly [Lines, Lines, Lines],
    head: readonly number[],
    { at = [], dummy = 0, out = [], read = 0, isDtr = false }: Partial<Run> = {},
  ): number[] => {
    device.select(true)
    for (const byte of head) device.write(byte, lanes(code, isDtr))
    for (const byte of at) device.write(byte, lanes(address, isDtr))
    if (dummy > 0) device.dummy(dummy)
    for (const byte of out) device.write(byte, lanes(data, isDtr))
    const bytes = Array.from({ length: read }, () => device.read(lanes(data, isDtr)))
    device.select(false)
    return bytes
  }
  return { bench, run }
}
interface Run {
  at: readonly number[]
  dummy: number
  out: readonly number[]
  read: number
  isDtr: boolean
}
const SPI = [1, 1, 1] as const

/** On an SPI: what comes back while these bytes go out. */
function spi(type = 'W25Q64', image?: Uint8Array) {
  const bench = new PartBench('nor-flash', { bus: 'SPI1', select: 'PA4', type, image })
  const exchange = (bytes: readonly number[], more = 0): number[] => {
    bench.spi!.select(true)
    for (const byte of bytes) bench.spi!.exchange(byte)
    const answer = Array.from({ length: more }, () => bench.spi!.exchange(0xff))
    bench.spi!.select(false)
    return answer
  }
  return { bench, exchange }
}

test('identification, and SFDP with its size', () => {
  const { exchange } = spi()
  assert.deepEqual(exchange([0x9f], 4), [0xef, 0x40, 0x17, 0xef])
  assert.deepEqual(exchange([0x90, 0, 0, 0], 2), [0xef, 0x16])
  assert.deepEqual(exchange([0xab, 0, 0, 0], 1), [0x16])
  assert.deepEqual(exchange([0x5a, 0, 0, 0, 0], 4), [0x53, 0x46, 0x44, 0x50])
  assert.deepEqual(exchange([0x5a, 0, 0, 0x84, 0], 4), [0xff, 0xff, 0xff, 0x03])
})

test('a page is programmed once writing is enabled; bits only fall, and the page goes round', () => {
  const { bench, exchange } = spi()
  exchange([0x02, 0, 0, 0, 0x55])
  assert.deepEqual(exchange([0x03, 0, 0, 0], 1), [0xff], 'not enabled')
  exchange([0x06])
  assert.deepEqual(exchange([0x05], 1), [2])
  exchange([0x02, 0, 0, 0xfe, 0xf0, 0x0f, 0x33])
  assert.deepEqual(exchange([0x05], 1), [1], 'busy, and no longer enabled')
  assert.deepEqual(exchange([0x03, 0, 0, 0xfe], 2), [0xff, 0xff], 'a busy flash answers no read')
  bench.pass(0.001)
  assert.deepEqual(exchange([0x03, 0, 0, 0xfe], 3), [0xf0, 0x0f, 0xff])
  assert.deepEqual(exchange([0x03, 0, 0, 0], 2), [0x33, 0xff])
  exchange([0x06])
  exchange([0x02, 0, 0, 0xfe, 0x3c])
  bench.pass(0.001)
  assert.deepEqual(exchange([0x0b, 0, 0, 0xfe, 0xff], 1), [0x30])
})

test('sectors, blocks and the chip are erased in their time', () => {
  const image = new Uint8Array(0x2_0000)
  const { bench, exchange } = spi('W25Q64', image)
  const erase = (seconds: number, ...bytes: number[]) => {
    exchange([0x06])
    exchange(bytes)
    bench.pass(seconds * 0.99)
    assert.equal(exchange([0x05], 1)[0]! & 1, 1)
    bench.pass(seconds * 0.02)
    assert.equal(exchange([0x05], 1)[0]! & 1, 0)
  }
  const at = (address: number) =>
    exchange([0x03, address >> 16, (address >> 8) & 0xff, address & 0xff], 1)[0]
  erase(0.045, 0x20, 0, 0x1f, 0xff)
  assert.deepEqual([0xfff, 0x1000, 0x1fff, 0x2000].map(at), [0, 0xff, 0xff, 0])
  erase(0.12, 0x52, 0, 0x80, 0)
  assert.deepEqual([0x7fff, 0x8000, 0xffff, 0x1_0000].map(at), [0, 0xff, 0xff, 0])
  erase(20, 0xc7)
  assert.deepEqual([0, 0x1_ffff].map(at), [0xff, 0xff])
})

test('protected blocks ignore program and erase; the others do not', () => {
  const { bench, exchange } = spi()
  exchange([0x06])
  exchange([0x01, 1 << 2])
  bench.pass(0.1)
  assert.deepEqual(exchange([0x05], 1), [4])
  for (const [address, byte] of [
    [0x7e, 0xff],
    [0x7d, 0x55],
  ]) {
    exchange([0x06])
    exchange([0x02, address!, 0, 0, 0x55])
    bench.pass(0.001)
    assert.deepEqual(exchange([0x03, address!, 0, 0], 1), [byte])
  }
})

test('four lines work while the quad enable bit is set', () => {
  const image = Uint8Array.of(0x12, 0x34)
  const { bench, run } = octo('W25Q64', image)
  const read = () => run([1, 4, 4], [0xeb], { at: [0, 0, 0], dummy: 6, read: 2 })
  assert.deepEqual(read(), [0x12, 0x34])
  assert.deepEqual(run([1, 4, 4], [0xeb], { at: [0, 0, 0], dummy: 7, read: 1 }), [0x23])
  run(SPI, [0x06])
  run(SPI, [0x31], { out: [0] })
  bench.pass(0.1)
  assert.deepEqual(read(), [0xff, 0xff])
})

test('QPI takes everything on four lines, until it is left', () => {
  const { run } = octo('W25Q64', Uint8Array.of(0xab))
  const Q = [4, 4, 4] as const
  run(SPI, [0x38])
  assert.deepEqual(run(SPI, [0x9f], { read: 1 }), [0xff])
  assert.deepEqual(run(Q, [0x9f], { read: 3 }), [0xef, 0x40, 0x17])
  assert.deepEqual(run(Q, [0xeb], { at: [0, 0, 0], dummy: 2, read: 1 }), [0xab])
  run(Q, [0xc0], { out: [0x20] })
  assert.deepEqual(run(Q, [0xeb], { at: [0, 0, 0], dummy: 6, read: 1 }), [0xab])
  run(Q, [0xff])
  assert.deepEqual(run(SPI, [0x9f], { read: 1 }), [0xef])
})

test('above 16 MiB addresses have four bytes: by mode or by command', () => {
  const { bench, run } = octo('W25Q256')
  const high = [0x01, 0, 0, 0]
  run(SPI, [0x06])
  run(SPI, [0x12], { at: high, out: [0x77] })
  bench.pass(0.001)
  assert.deepEqual(run(SPI, [0x13], { at: high, read: 1 }), [0x77])
  assert.deepEqual(run(SPI, [0x03], { at: [0, 0, 0], read: 1 }), [0xff])
  run(SPI, [0xb7])
  assert.deepEqual(run(SPI, [0x03], { at: high, read: 1 }), [0x77])
})

test('eight lines: two-byte instructions, dummy clocks from the register, double rate', () => {
  const O = [8, 8, 8] as const
  const { run } = octo('MX25LM51245G', Uint8Array.of(1, 2, 3, 4))
  const at = [0, 0, 0, 0]
  run(SPI, [0x06])
  run(SPI, [0x72], { at: [0, 0, 3, 0], out: [6] })
  run(SPI, [0x06])
  run(SPI, [0x72], { at, out: [1] })
  assert.deepEqual(run(O, [0x9f, 0x60], { at, dummy: 4, read: 3 }), [0xc2, 0x85, 0x3a])
  assert.deepEqual(run(O, [0xec, 0x13], { at, dummy: 8, read: 4 }), [1, 2, 3, 4])
  assert.deepEqual(run(O, [0xec, 0x14], { at, dummy: 8, read: 1 }), [0xff], 'no complement')
  run(O, [0x06, 0xf9])
  run(O, [0x72, 0x8d], { at, out: [2] })
  assert.deepEqual(run(O, [0xee, 0x11], { at, dummy: 8, read: 2, isDtr: true }), [1, 2])
})

test('power-down answers nothing but release; reset needs both of its commands', () => {
  const { exchange } = spi()
  exchange([0xb9])
  assert.deepEqual(exchange([0x9f], 1), [0xff])
  exchange([0xab])
  assert.deepEqual(exchange([0x9f], 1), [0xef])
  exchange([0x06])
  exchange([0x99])
  assert.deepEqual(exchange([0x05], 1), [2])
  exchange([0x66])
  exchange([0x99])
  assert.deepEqual(exchange([0x05], 1), [0])
})

test('no type has two commands of one code in one mode', () => {
  for (const [name, { commands }] of Object.entries(norTypes)) {
    const keys = commands.flatMap(({ code, modes }) => modes.map((mode) => `${mode} ${code}`))
    assert.equal(new Set(keys).size, keys.length, name)
  }
})
