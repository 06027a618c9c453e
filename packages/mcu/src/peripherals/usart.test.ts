import assert from 'node:assert/strict'
import { test } from 'node:test'
import { UartLine } from '../lines/uart-line.ts'
import { PeripheralBench } from '../testing/peripheral-bench.ts'
import { Usart, usartLayout } from './usart.ts'

const MHZ_160 = 160_000_000
const CR1 = {
  UE: 1,
  RE: 4,
  TE: 8,
  IDLEIE: 0x10,
  RXNEIE: 0x20,
  TCIE: 0x40,
  TXEIE: 0x80,
  FIFOEN: 1 << 29,
}
const ISR = { ORE: 8, IDLE: 0x10, RXNE: 0x20, TC: 0x40, TXE: 0x80, TXFE: 1 << 23, RXFF: 1 << 24 }

function usart({ kernelHz = MHZ_160, isLowPower = false } = {}) {
  const bench = new PeripheralBench(
    'USART1',
    { cycleHz: MHZ_160, hz: kernelHz },
    (wiring) => new Usart(wiring, { isLowPower }),
  )
  const { pins } = bench
  const [tx, rx] = [pins.pad('PA9'), pins.pad('PA10')]
  pins.route(tx, 'USART1_TX')
  pins.route(rx, 'USART1_RX')
  const wire = new UartLine(pins, { tx, rx })
  const sent: { data: number; cycle: number }[] = []
  wire.listen(({ data }) => sent.push({ data, cycle: bench.cycle }))
  return {
    port: bench.model,
    bench,
    wire,
    sent,
    line: {
      get isHigh() {
        return bench.isPending('USART1')
      },
    },
    receive: (bytes: number[]) => wire.send(bytes),
    read: (name: keyof typeof usartLayout) => bench.read(name),
    write: (name: keyof typeof usartLayout, value: number) => bench.write(name, value),
    runTo: (cycle: number) => bench.runTo(cycle),
  }
}

test('every register starts at its reset value', () => {
  const { read } = usart()
  for (const name of Object.keys(usartLayout) as (keyof typeof usartLayout)[]) {
    assert.equal(read(name), name === 'ISR' ? 0xc0 : 0, name)
  }
})

test('at 115200 baud a character takes 86.8 microseconds, from any kernel clock', () => {
  for (const kernelHz of [4_000_000, 16_000_000, 48_000_000, MHZ_160]) {
    const { sent, write, runTo } = usart({ kernelHz })
    const brr = Math.round(kernelHz / 115_200)
    write('BRR', brr)
    write('CR1', CR1.UE | CR1.TE)
    for (let n = 1; n <= 3; n++) {
      write('TDR', 0x40 + n)
      runTo(Math.ceil((n * 10 * brr * MHZ_160) / kernelHz))
      assert.equal(sent.length, n)
      const microseconds = sent[n - 1].cycle / 160
      assert.ok(Math.abs(microseconds - (n * 10 * brr * 1e6) / kernelHz) < 0.01)
    }
    assert.deepEqual(
      sent.map(({ data }) => data),
      [0x41, 0x42, 0x43],
    )
  }
})

test('baud rate follows OVER8, the prescaler and the low-power divider', () => {
  const cases = [
    [{}, 0, 1600, 0, 1600],
    [{}, 1 << 15, 0x0647, 0, (0x640 | (7 << 1)) / 2],
    [{}, 0, 100, 11, 25_600],
    [{ isLowPower: true }, 0, 0x1_0000, 0, 256],
  ] as const
  for (const [options, over8, brr, prescaler, cycles] of cases) {
    const { port, write } = usart(options)
    write('CR1', over8)
    write('BRR', brr)
    write('PRESC', prescaler)
    assert.equal(port.bitCycles(), cycles)
  }
})

test('TXE tells of room, TC of silence', () => {
  const { read, write, runTo } = usart()
  write('BRR', 16)
  write('CR1', CR1.UE | CR1.TE)
  write('TDR', 1)
  assert.equal(read('ISR') & (ISR.TXE | ISR.TC), ISR.TXE, 'moved to the shift register')
  write('TDR', 2)
  assert.equal(read('ISR') & (ISR.TXE | ISR.TC), 0)
  write('TDR', 3)
  runTo(160)
  assert.equal(read('ISR') & (ISR.TXE | ISR.TC), ISR.TXE)
  runTo(320)
  assert.equal(read('ISR') & (ISR.TXE | ISR.TC), ISR.TXE | ISR.TC, 'the third did not fit')
})

test('the FIFO takes eight beside the shift register', () => {
  const { read, write, runTo, sent } = usart()
  write('BRR', 16)
  write('CR1', CR1.UE | CR1.TE | CR1.FIFOEN)
  for (let n = 0; n < 9; n++) {
    assert.equal(read('ISR') & ISR.TXE, ISR.TXE, `room for ${n}`)
    write('TDR', n)
  }
  assert.equal(read('ISR') & (ISR.TXE | ISR.TXFE), 0)
  runTo(9 * 160)
  assert.deepEqual(
    sent.map(({ data }) => data),
    [0, 1, 2, 3, 4, 5, 6, 7, 8],
  )
  assert.equal(read('ISR') & (ISR.TXE | ISR.TXFE | ISR.TC), (ISR.TXE | ISR.TXFE | ISR.TC) >>> 0)
})

test('received characters arrive a frame apart, raise the line, and overrun when not taken', () => {
  const { receive, read, write, runTo, line } = usart()
  write('BRR', 16)
  write('CR1', CR1.UE | CR1.RE | CR1.RXNEIE | CR1.IDLEIE)
  receive([0x55, 0x56, 0x57])
  runTo(159)
  assert.equal(line.isHigh, false)
  runTo(160)
  assert.equal(line.isHigh, true)
  assert.equal(read('RDR'), 0x55)
  assert.equal(line.isHigh, false)
  runTo(480)
  assert.equal(read('ISR') & (ISR.RXNE | ISR.ORE), ISR.RXNE | ISR.ORE)
  assert.equal(read('RDR'), 0x56, 'the one that came too late is lost')
  write('ICR', ISR.ORE)
  assert.equal(line.isHigh, false)
  runTo(640)
  assert.equal(read('ISR') & ISR.IDLE, ISR.IDLE)
  assert.equal(line.isHigh, true)
  write('ICR', ISR.IDLE)
  assert.equal(line.isHigh, false)
})

test('a port that is off neither sends nor receives', () => {
  const { receive, read, write, runTo, sent } = usart()
  write('BRR', 16)
  write('TDR', 1)
  receive([1])
  runTo(1000)
  assert.equal(sent.length, 0)
  assert.equal(read('ISR') & ISR.RXNE, 0)
})

test('what comes before there is a baud rate passes by, and what comes later is received', () => {
  const { receive, read, write, runTo } = usart()
  receive([0x55, 0xaa])
  runTo(1000)
  write('BRR', 16)
  write('CR1', CR1.UE | CR1.RE)
  receive([0x42])
  runTo(2000)
  assert.equal(read('RDR'), 0x42)
})

test('turning the port off forgets what was under way', () => {
  const { read, write, runTo, sent } = usart()
  write('BRR', 16)
  write('CR1', CR1.UE | CR1.TE | CR1.TCIE)
  write('TDR', 1)
  write('CR1', 0)
  runTo(1000)
  assert.equal(sent.length, 0)
  assert.equal(read('ISR'), 0xc0)
})

test('errors on the line are told beside the character', () => {
  for (const [trouble, flag, data] of [
    ['parity', 1, 0x55],
    ['framing', 2, 0x55],
    ['noise', 4, 0x55],
    ['break', 2, 0],
  ] as const) {
    const { wire, read, write, runTo, line } = usart()
    write('BRR', 16)
    write('CR3', 1)
    write('CR1', CR1.UE | CR1.RE | (1 << 10) | (1 << 8) | (1 << 12))
    wire.sendFrames([{ data: 0x55, trouble }])
    runTo(176)
    assert.equal(read('ISR') & 0x2f, flag | ISR.RXNE, trouble)
    assert.equal(line.isHigh, true)
    write('ICR', flag)
    assert.equal(line.isHigh, false)
    assert.equal(read('RDR'), data)
  }
})

test('a sender of another rate arrives as framing errors, one that is nearly right as data', () => {
  for (const [baud, isWrong] of [
    [9600, true],
    [115_200 * 1.02, false],
    [115_200 * 1.05, true],
  ] as const) {
    const { wire, read, write, runTo } = usart()
    write('BRR', Math.round(MHZ_160 / 115_200))
    write('CR1', CR1.UE | CR1.RE)
    wire.send([0x41], baud)
    runTo(20_000)
    assert.equal((read('ISR') & 2) !== 0, isWrong, `${baud}`)
    assert.equal(read('RDR') === 0x41, !isWrong)
  }
})

test('DMA is asked for data that is there and for room that is there', () => {
  const { bench, receive, read, write, runTo } = usart()
  write('BRR', 16)
  write('CR3', (1 << 6) | (1 << 7))
  write('CR1', CR1.UE | CR1.RE)
  assert.equal(bench.isRequesting('USART1_TX'), false, 'the transmitter is off')
  write('CR1', CR1.UE | CR1.RE | CR1.TE)
  assert.equal(bench.isRequesting('USART1_TX'), true)
  write('TDR', 1)
  write('TDR', 2)
  assert.equal(bench.isRequesting('USART1_TX'), false)
  receive([0x42])
  runTo(160)
  assert.equal(bench.isRequesting('USART1_RX'), true)
  assert.equal(bench.isRequesting('USART1_TX'), true)
  read('RDR')
  assert.equal(bench.isRequesting('USART1_RX'), false)
})

test('CTS holds the next frame back, RTS rises when there is no room', () => {
  const { bench, receive, read, write, runTo, sent } = usart()
  const [cts, rts] = [bench.pins.pad('PA11'), bench.pins.pad('PA12')]
  bench.pins.route(cts, 'USART1_CTS')
  bench.pins.route(rts, 'USART1_RTS')
  const other = cts.connect('other end')
  other.drive(true)
  write('BRR', 16)
  write('CR3', (1 << 8) | (1 << 9))
  write('CR1', CR1.UE | CR1.RE | CR1.TE)
  write('TDR', 1)
  runTo(1000)
  assert.equal(sent.length, 0)
  other.drive(false)
  runTo(1160)
  assert.equal(sent.length, 1)
  assert.equal(read('ISR') & (1 << 9), 1 << 9)
  assert.equal(bench.pins.drivenOn(rts), false)
  receive([1])
  runTo(1400)
  assert.equal(bench.pins.drivenOn(rts), true)
  read('RDR')
  assert.equal(bench.pins.drivenOn(rts), false)
})

test('character match and receiver timeout', () => {
  const { receive, read, write, runTo, line } = usart()
  write('BRR', 16)
  write('CR2', (0x0a << 24) | (1 << 23))
  write('RTOR', 30)
  write('CR1', CR1.UE | CR1.RE | (1 << 14) | (1 << 26))
  receive([0x41, 0x0a])
  runTo(160)
  assert.equal(line.isHigh, false)
  runTo(320)
  assert.equal(read('ISR') & (1 << 17), 1 << 17)
  write('ICR', 1 << 17)
  assert.equal(line.isHigh, false)
  runTo(320 + 479)
  assert.equal(read('ISR') & (1 << 11), 0)
  runTo(320 + 480)
  assert.equal(read('ISR') & (1 << 11), 1 << 11)
  assert.equal(line.isHigh, true)
})
