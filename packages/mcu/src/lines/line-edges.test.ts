import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  i2cByteEdges,
  i2cStartEdges,
  i2cStopEdges,
  type LineEdge,
  spiEdges,
  uartEdges,
} from './line-edges.ts'

/** Level of a signal so many bits before the end. */
function levelAt(edges: readonly LineEdge[], signal: string, bitsBefore: number) {
  const before = edges.filter(([name, at]) => name === signal && at >= bitsBefore)
  return before.toSorted((a, b) => b[1] - a[1]).at(-1)?.[2]
}

const even = { data: 0x55, wordBits: 9, parity: 'even', stopBits: 1 } as const

test('a receiver that samples in the middle of each bit reads what a UART sent', () => {
  const bits = (character: Parameters<typeof uartEdges>[1]) => {
    const length = 1 + character.wordBits + character.stopBits
    const edges = uartEdges('TX', character)
    return Array.from({ length }, (_, n) => Number(levelAt(edges, 'TX', length - n - 0.5))).join('')
  }
  assert.equal(bits(even), '01010101001')
  assert.equal(bits({ ...even, parity: 'odd' }), '01010101011')
  assert.equal(bits({ ...even, trouble: 'parity' }), '01010101011')
  assert.equal(bits({ data: 0x41, wordBits: 7, parity: 'none', stopBits: 2 }), '0100000111')
  assert.equal(bits({ ...even, trouble: 'break' }), '0'.repeat(11))
})

test('a receiver that samples on the edges of its mode reads what both sides of an SPI sent', () => {
  for (const mode of [0, 1, 2, 3]) {
    const edges = spiEdges('SPI1', { sent: 0xb4d, received: 0x2e1, bits: 12, mode })
    const isOnRise = mode === 0 || mode === 3
    let clock: boolean | undefined
    const samples = edges.flatMap(([name, at, isHigh]) => {
      if (name !== 'SPI1_SCK') return []
      const isEdge = clock !== undefined && clock !== isHigh
      clock = isHigh
      return isEdge && isHigh === isOnRise ? [at + 0.01] : []
    })
    assert.equal(samples.length, 12, `mode ${mode}`)
    const read = (line: string) =>
      samples.reduce((word, at) => word * 2 + Number(levelAt(edges, line, at)), 0)
    assert.deepEqual([read('SPI1_MOSI'), read('SPI1_MISO')], [0xb4d, 0x2e1], `mode ${mode}`)
    assert.equal(clock, mode >= 2, 'idle')
  }
})

test('SDA moves only while SCL is low, but for START and STOP', () => {
  const transfers: (readonly [string, readonly LineEdge[], number])[] = [
    ['start', i2cStartEdges('I2C1', { value: 0x50, isTenBit: false, isRead: true }, true), 1],
    ['ten bits', i2cStartEdges('I2C1', { value: 0x2a5, isTenBit: true, isRead: false }, true), 1],
    ['byte', i2cByteEdges('I2C1', 0xa7, false), 0],
    ['stop', i2cStopEdges('I2C1'), 1],
  ]
  for (const [what, edges, conditions] of transfers) {
    let [scl, sda, moves] = [what === 'start', true, 0]
    for (const [name, , isHigh] of edges.toSorted((a, b) => b[1] - a[1])) {
      if (name === 'I2C1_SCL') scl = isHigh
      else {
        if (scl && sda !== isHigh) moves++
        sda = isHigh
      }
    }
    assert.equal(moves, conditions, what)
  }
})
