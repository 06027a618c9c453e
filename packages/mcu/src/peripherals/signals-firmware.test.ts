import assert from 'node:assert/strict'
import { test } from 'node:test'
import { missing } from '../../../../tools/programs.ts'
import type { I2cBus } from '../lines/i2c-bus.ts'
import { UartLine } from '../lines/uart-line.ts'
import { boardWith, buildDrivers, expectResults } from '../testing/board-firmware.ts'

const [ARLO, MOE, RTS] = [1 << 9, 1 << 15, 1 << 12]

/** SMBus: CRC-8 with polynomial 0x07 over address and data. */
function packetErrorCode(bytes: readonly number[]): number {
  return bytes.reduce((code, byte) => {
    let next = code ^ byte
    for (let bit = 0; bit < 8; bit++) next = ((next << 1) ^ (next & 0x80 ? 7 : 0)) & 0xff
    return next
  }, 0)
}

/** What the program notes, in its order. */
const expected: readonly (readonly [string, number])[] = [
  ['LPTIM: ARR taken over', 1],
  ['its match', 1],
  ['three more by interrupt', 3],
  ['four updates by DMA', 1],
  ['the last compare value', 400],
  ['encoder: five marks forward, one back', 4 * 4],
  ['counting down', 1 << 4],
  ['two captures', 2],
  ['a millisecond apart', 4000],
  ['TIM1: outputs on', MOE],
  ['one break', 1],
  ['outputs off', 0],
  ['one pulse is over', 1],
  ['and has stopped the counter', 0],
  ['USART: one idle line', 1],
  ['after five characters', 5],
  ['first and last', 0x6f68],
  ['RTS: ready', 0],
  ['RTS: full', RTS],
  ['what came', 0x21],
  ['RTS: ready again', 0],
  ['CTS holds the character back', 0],
  ['and lets it go', 1],
  ['LPUART: interrupt at four characters', 4],
  ['first and fourth', 0x7466],
  ['two are left', 0x6f68],
  ['and no more', 0],
  ['a FIFO of eight and the shift register', 9],
  ['is sent', 1],
  ['I2C: 10-bit write', 1],
  ['acknowledged', 0],
  ['10-bit read', 1],
  ['what was written', 0xab],
  ['SMBus write', 1],
  ['arbitration lost, by interrupt', ARLO],
  ['COMP: below', 0],
  ['above', 1],
  ['by interrupt', 1],
  ['ADC4: regulator', 1],
  ['ready', 1],
  ['end of conversion', 1],
  ['a third of full scale', 1365],
  ['LPDMA: a list is done', 1],
  ['both of its nodes', 0x1000 | (0x1003 << 16)],
  ['nothing is there, by interrupt', 1 << 10],
]

test('drivers of what watches lines and voltages find what they expect', {
  skip: missing('arm-none-eabi-gcc'),
}, () => {
  const { chip, assembly, result, run, step } = boardWith(buildDrivers('signals', '-O1'), [])
  const pin = (name: `P${'A' | 'C' | 'E'}${number}`) => chip.pins.pad(name).connect('bench')
  const [a, b, signal, overload] = [pin('PA6'), pin('PA7'), pin('PA0'), pin('PE15')]
  const [ready, sensor, divider] = [pin('PA11'), pin('PA2'), pin('PC0')]
  const written: number[] = []
  const memory = {
    begin: () => true,
    write: (byte: number) => written.push(byte) > 0,
    read: () => written[1]!,
    end() {},
  }
  for (const address of [0x2a5, 0x50]) chip.wires.i2c.I2C1.attach(address, memory)
  for (const line of [a, b, signal, overload, ready]) line.drive(false)
  const pass = (cycles: number) => void chip.run(chip.cpu.cycles + cycles)
  const turn = (...order: (typeof a)[]) => {
    for (const level of [true, false]) {
      for (const line of order) {
        line.drive(level)
        pass(100)
      }
    }
  }
  step(1, () => {
    for (let mark = 0; mark < 5; mark++) turn(a, b)
    turn(b, a)
  })
  step(2, () => {
    for (const wait of [4000, 0]) {
      signal.drive(true)
      pass(100)
      signal.drive(false)
      pass(Math.max(0, wait - 100))
    }
  })
  step(3, () => {
    overload.drive(true)
    pass(100)
  })
  step(4, () => {
    assembly.ports.send('USART1', [...Buffer.from('hello')])
    pass(20 * 350)
  })
  step(5, () => {
    assembly.ports.send('USART1', [0x21])
    ready.drive(true)
    pass(3 * 350)
  })
  step(6, () => ready.drive(false))
  const sent: number[] = []
  const line = new UartLine(chip.pins, { tx: chip.pins.pad('PC1'), rx: chip.pins.pad('PC0') })
  line.listen(({ data }) => sent.push(data))
  step(10, () => {
    line.send(Buffer.from('firtho'))
    pass(12 * 350)
  })
  step(7, () => {
    assert.equal(Buffer.from(sent).toString(), 'abcdefghi')
    const [bus] = chip.pins.busesOn<I2cBus>('i2c', { scl: 'I2C1_SCL', sda: 'I2C1_SDA' })
    bus!.seize()
    pass(100)
  })
  step(8, () => {
    sensor.voltage(2)
    pass(100)
  })
  step(9, () => {
    signal.drive(undefined)
    signal.voltage(1.1)
    divider.voltage(1.1)
    pass(100)
    assert.equal(chip.pins.pad('PA3').volts, 1.1, 'OPAMP1 follows')
  })
  run(1)
  expectResults(result, expected)
  const smbus = [0x10, 0xab]
  assert.deepEqual(written.slice(3, 6), [...smbus, packetErrorCode([0xa0, ...smbus])])
  assert.deepEqual(
    chip.notModelled.accesses.map(({ answer }) => answer),
    ['nothing is there: bus error'],
  )
})
