import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SpiBus, type SpiDevice, type SpiWord } from '../lines/spi-bus.ts'
import { PeripheralBench } from '../testing/peripheral-bench.ts'
import { Spi, spiLayout } from './spi.ts'

const HZ = 160_000_000
const SPE = 1
const CSTART = 1 << 9
const CSUSP = 1 << 10
const SSI = 1 << 12
const MASTER = 1 << 22
const SSM = 1 << 26
const SSOE = 1 << 29
const COMM = { transmit: 1 << 17, receive: 2 << 17, half: 3 << 17 } as const
const SR = {
  ...{ RXP: 1, TXP: 2, DXP: 4, EOT: 8, TXTF: 0x10, UDR: 0x20, OVR: 0x40, CRCE: 0x80 },
  ...{ MODF: 0x200, SUSP: 0x800, TXC: 0x1000, RXWNE: 0x8000 },
} as const
/** Frames of 8 bits, packets of one, clock / 2. */
const BYTES = 7

/** Answers each word with its complement and notes it. */
class Mirror implements SpiDevice {
  readonly name = 'mirror'
  readonly words: SpiWord[] = []
  readonly selections: boolean[] = []

  select(isSelected: boolean): void {
    this.selections.push(isSelected)
  }

  transfer(word: SpiWord): number {
    this.words.push(word)
    return ~word.value >>> 0
  }
}

function board(name: 'SPI1' | 'SPI3' = 'SPI1') {
  const bench = new PeripheralBench(
    name,
    { cycleHz: HZ, hz: HZ },
    (wiring) => new Spi(wiring, name),
  )
  const pads = {
    sck: bench.pins.pad('PA5'),
    miso: bench.pins.pad('PA6'),
    mosi: bench.pins.pad('PA7'),
  }
  const bus = SpiBus.onPads(bench.pins, pads)
  bench.pins.route(pads.sck, `${name}_SCK`)
  const device = new Mirror()
  const select = bench.pins.pad('PA4')
  bus.attach(device, select)
  select.chip.drive(false)
  const flags = (...names: (keyof typeof SR)[]) =>
    names.filter((flag) => bench.read('SR') & SR[flag])
  const read = (register: keyof typeof spiLayout, size: 1 | 2 | 4 = 4) => bench.read(register, size)
  const write = (register: keyof typeof spiLayout, value: number, size: 1 | 2 | 4 = 4) =>
    bench.write(register, value, size)
  /** As HAL_SPI_Init for a master with software NSS. */
  const init = (cfg1 = BYTES, cfg2 = 0) => {
    write('CR1', SSI)
    write('CFG1', cfg1)
    write('CFG2', MASTER | SSM | cfg2)
  }
  return { bench, bus, device, select, flags, read, write, init }
}

test('every register starts at its reset value', () => {
  const { read } = board()
  const others = { CFG1: 0x0007_0007, SR: 0x1002, CRCPOLY: 0x107 } as Record<string, number>
  for (const name of Object.keys(spiLayout) as (keyof typeof spiLayout)[]) {
    assert.equal(read(name), others[name] ?? 0, name)
  }
})

test('a transfer of TSIZE bytes goes out and comes in, and ends with EOT', () => {
  const { bench, device, flags, read, write, init } = board()
  init()
  write('CR2', 3)
  write('CR1', SSI | SPE)
  write('CR1', SSI | SPE | CSTART)
  const got: number[] = []
  for (const byte of [1, 2, 3]) {
    assert.deepEqual(flags('TXP'), ['TXP'])
    write('TXDR', byte, 1)
    bench.settle()
    got.push(read('RXDR', 1))
  }
  assert.deepEqual(got, [0xfe, 0xfd, 0xfc])
  assert.deepEqual(
    device.words.map(({ value }) => value),
    [1, 2, 3],
  )
  assert.deepEqual(flags('EOT', 'TXTF', 'TXC', 'TXP', 'RXP', 'OVR'), ['EOT', 'TXTF', 'TXC'])
  assert.equal(read('CR1') & CSTART, 0)
  write('IFCR', SR.EOT | SR.TXTF)
  assert.deepEqual(flags('EOT', 'TXTF', 'TXC'), [])
})

test('a frame takes its bits at the clock that MBR and the kernel clock make', () => {
  for (const [mbr, divider] of [...Array(8).keys()].map((n) => [n, 2 << n] as const)) {
    for (const bits of [4, 8, 16, 32]) {
      const { bench, write, init } = board()
      init((mbr << 28) | (bits - 1))
      write('CR2', 1)
      write('CR1', SSI | SPE)
      write('TXDR', 1)
      write('CR1', SSI | SPE | CSTART)
      bench.settle()
      assert.equal(bench.cycle, bits * divider)
    }
  }
})

test('MIDI and MSSI are idle bits between and before frames', () => {
  const { bench, write, init } = board()
  init(BYTES, 3 | (5 << 4))
  write('CR2', 2)
  write('CR1', SSI | SPE)
  write('TXDR', 0x0102, 2)
  write('CR1', SSI | SPE | CSTART)
  bench.settle()
  assert.equal(bench.cycle, (3 + 8 + 5 + 8) * 2)
})

test('wide accesses pack narrow frames, in both directions, for each frame size', () => {
  const cases = [
    [8, 4, 0x0403_0201, [1, 2, 3, 4], 0xfbfc_fdfe],
    [8, 2, 0x0201, [1, 2], 0xfdfe],
    [16, 4, 0x0002_0001, [1, 2], 0xfffd_fffe],
    [12, 2, 0x0345, [0x345], 0xcba],
    [32, 4, 0x8000_0001, [0x8000_0001], 0x7fff_fffe],
  ] as const
  for (const [bits, size, written, frames, answer] of cases) {
    const { bench, device, read, write, init } = board()
    init(bits - 1)
    write('CR2', frames.length)
    write('CR1', SSI | SPE)
    write('TXDR', written, size)
    write('CR1', SSI | SPE | CSTART)
    bench.settle()
    assert.deepEqual(
      device.words.map(({ value }) => value),
      frames,
    )
    assert.equal(read('RXDR', size), answer)
  }
})

test('TXP and RXP tell of packets, RXWNE and RXPLVL of the rest', () => {
  const { bench, flags, read, write, init } = board()
  init(BYTES | (3 << 5))
  write('CR2', 6)
  write('CR1', SSI | SPE)
  write('TXDR', 0x0403_0201)
  write('TXDR', 0x0605, 2)
  write('CR1', SSI | SPE | CSTART)
  bench.run(3 * 16)
  assert.deepEqual(flags('RXP', 'RXWNE'), [])
  assert.equal((read('SR') >>> 13) & 3, 3)
  bench.run(16)
  assert.deepEqual(flags('RXP', 'RXWNE'), ['RXP', 'RXWNE'])
  bench.settle()
  read('RXDR')
  assert.deepEqual(flags('RXP', 'RXWNE'), [])
  assert.equal((read('SR') >>> 13) & 3, 2)
})

test('the FIFO of SPI1 holds 16 bytes, that of SPI3 8', () => {
  for (const [name, bytes] of [
    ['SPI1', 16],
    ['SPI3', 8],
  ] as const) {
    const { flags, write, init } = board(name)
    init()
    write('CR1', SSI | SPE)
    let written = 0
    while (flags('TXP').length > 0) {
      write('TXDR', 0, 1)
      written++
    }
    assert.equal(written, bytes)
  }
})

test('an endless transfer pauses without data and ends with CSUSP', () => {
  const { bench, device, flags, read, write, init } = board()
  init()
  write('CR1', SSI | SPE)
  write('CR1', SSI | SPE | CSTART)
  write('TXDR', 1, 1)
  assert.deepEqual(flags('TXC'), [])
  bench.settle()
  assert.deepEqual(flags('TXC', 'EOT'), ['TXC'])
  write('TXDR', 2, 1)
  write('TXDR', 3, 1)
  write('CR1', SSI | SPE | CSUSP)
  bench.settle()
  assert.deepEqual(flags('SUSP'), ['SUSP'])
  assert.equal(device.words.length, 2, 'the frame under way is finished')
  assert.equal(read('CR1') & CSTART, 0)
})

test('a receiver that nobody empties overruns; with MASRX the master waits', () => {
  for (const masrx of [0, 1 << 8]) {
    const { bench, flags, read, write, init } = board()
    init(BYTES, COMM.receive)
    write('CR2', 20)
    write('CR1', SSI | SPE | masrx)
    write('CR1', SSI | SPE | masrx | CSTART)
    bench.settle()
    assert.deepEqual(flags('OVR', 'EOT'), masrx ? [] : ['OVR', 'EOT'])
    if (masrx) {
      for (let n = 0; n < 20; n++) {
        read('RXDR', 1)
        bench.settle()
      }
      assert.deepEqual(flags('OVR', 'EOT'), ['EOT'])
    }
  }
})

test('receive only sends ones by itself; transmit only keeps nothing', () => {
  const receive = board()
  receive.init(BYTES, COMM.receive)
  receive.write('CR2', 2)
  receive.write('CR1', SSI | SPE)
  assert.deepEqual(receive.flags('TXP'), [])
  receive.write('CR1', SSI | SPE | CSTART)
  receive.bench.settle()
  assert.deepEqual([receive.read('RXDR', 1), receive.read('RXDR', 1)], [0, 0])
  const transmit = board()
  transmit.init(BYTES, COMM.transmit)
  transmit.write('CR2', 1)
  transmit.write('CR1', SSI | SPE)
  transmit.write('TXDR', 9, 1)
  transmit.write('CR1', SSI | SPE | CSTART)
  transmit.bench.settle()
  assert.deepEqual(transmit.flags('RXP', 'EOT'), ['EOT'])
})

test('the mode and the order of bits reach the part', () => {
  for (let mode = 0; mode < 4; mode++) {
    const { bench, device, read, write, init } = board()
    init(BYTES, (1 << 23) | ((mode & 1) << 24) | ((mode >> 1) << 25))
    write('CR2', 1)
    write('CR1', SSI | SPE)
    write('TXDR', 0x13, 1)
    write('CR1', SSI | SPE | CSTART)
    bench.settle()
    assert.deepEqual(device.words, [{ value: 0xc8, bits: 8, mode }])
    assert.equal(read('RXDR', 1), 0xec)
  }
})

test('after TSIZE frames the CRC is exchanged and compared', () => {
  for (const isRight of [true, false]) {
    const { bench, device, flags, read, write, init } = board()
    init(BYTES | (7 << 16) | (1 << 22))
    device.transfer = (word) => {
      device.words.push(word)
      return device.words.length < 3 ? 0x55 : isRight ? crc8([0x55, 0x55]) : 0
    }
    write('CR2', 2)
    write('CR1', SSI | SPE)
    write('TXDR', 0x0201, 2)
    write('CR1', SSI | SPE | CSTART)
    bench.settle()
    assert.equal(device.words[2].value, crc8([1, 2]))
    assert.equal(read('TXCRC'), crc8([1, 2]))
    assert.deepEqual(flags('CRCE', 'EOT'), isRight ? ['EOT'] : ['CRCE', 'EOT'])
  }
})

function crc8(data: readonly number[]): number {
  let crc = 0
  for (const byte of data) {
    crc ^= byte
    for (let bit = 0; bit < 8; bit++) crc = ((crc << 1) ^ (crc & 0x80 ? 7 : 0)) & 0xff
  }
  return crc
}

test('NSS as output selects the part for as long as the transfer lasts', () => {
  const { bench, device, select, write } = board()
  select.chip.drive(undefined)
  bench.pins.route(select, 'SPI1_NSS')
  bench.pins.onDriven(select, () => select.chip.drive(bench.pins.drivenOn(select)))
  write('CFG1', BYTES)
  write('CFG2', MASTER | SSOE)
  write('CR2', 2)
  write('CR1', SPE)
  write('TXDR', 0x0201, 2)
  device.selections.length = 0
  write('CR1', SPE | CSTART)
  bench.settle()
  assert.deepEqual(device.selections, [true, false])
  assert.equal(device.words.length, 2)
})

test('a master that is selected by another one has a mode fault', () => {
  const { bench, flags, read, write, init } = board()
  init()
  write('IER', 1 << 9)
  write('CR1', SSI | SPE)
  assert.equal(bench.isPending('SPI1'), false)
  write('CR1', SPE)
  assert.deepEqual(flags('MODF'), ['MODF'])
  assert.equal(read('CR1') & SPE, 0)
  assert.equal(read('CFG2') & MASTER, 0)
  assert.equal(bench.isPending('SPI1'), true)
  write('IFCR', SR.MODF)
  assert.equal(bench.isPending('SPI1'), false)
})

test('configuration is locked while SPE is set', () => {
  const { read, write, init } = board()
  init()
  write('CR1', SSI | SPE)
  const before = (['CFG1', 'CFG2', 'CR2', 'CRCPOLY', 'UDRDR'] as const).map(
    (name) => [name, read(name)] as const,
  )
  for (const [name, value] of before) {
    write(name, ~value)
    assert.equal(read(name), value, name)
  }
})

test('DMA requests and interrupts follow RXP and TXP', () => {
  const { bench, read, write, init } = board()
  init(BYTES | (3 << 14))
  assert.equal(bench.isRequesting('SPI1_TX'), false)
  write('CR2', 1)
  write('CR1', SSI | SPE)
  assert.equal(bench.isRequesting('SPI1_TX'), true)
  write('TXDR', 1, 1)
  assert.equal(bench.isRequesting('SPI1_TX'), false, 'TSIZE is loaded')
  write('IER', 1)
  write('CR1', SSI | SPE | CSTART)
  bench.settle()
  assert.deepEqual([bench.isRequesting('SPI1_RX'), bench.isPending('SPI1')], [true, true])
  read('RXDR', 1)
  assert.deepEqual([bench.isRequesting('SPI1_RX'), bench.isPending('SPI1')], [false, false])
})

test('as a slave it answers while selected, overruns and underruns', () => {
  const { bench, bus, device, flags, read, write, select } = board()
  select.chip.drive(true)
  bench.pins.route(select, 'SPI1_NSS')
  write('CFG1', BYTES)
  write('UDRDR', 0xa5)
  write('CR1', SPE)
  write('TXDR', 0x11, 1)
  const word = { value: 0x77, bits: 8, mode: 0 }
  assert.equal(bus.transfer(word), 0xff, 'not selected')
  select.chip.drive(false)
  device.transfer = () => 0xff
  assert.equal(bus.transfer(word), 0x11)
  assert.equal(read('RXDR', 1), 0x77)
  assert.equal(bus.transfer(word), 0xa5)
  assert.deepEqual(flags('UDR', 'OVR'), ['UDR'])
  for (let n = 0; n < 16; n++) bus.transfer(word)
  assert.deepEqual(flags('OVR'), ['OVR'])
})
