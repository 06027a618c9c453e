/**
 * What transfers look like on their lines, bit by bit: models pass whole frames, bytes and words, and
 * whoever draws waveforms (`Pins.onLines`) gets the edges that these have on the wire. RM0456, "USART
 * character description" and "SPI communication general aspects"; UM10204, "I2C-bus protocol".
 *
 *   (1) Edges are counted in bits before the end of the transfer, which is when the model tells of it.
 *   (2) An I2C transfer leaves SCL low until its next one: the clock is stretched.
 */

/** A signal (`USART1_TX`), how many bits before the end, and the level from there on. */
export type LineEdge = readonly [signal: string, bitsBefore: number, isHigh: boolean]

export interface LineTransfer {
  readonly bitCycles: number
  readonly edges: readonly LineEdge[]
}

export interface UartCharacter {
  /** Without parity. */
  readonly data: number
  /** Between start and stop, parity included. */
  readonly wordBits: number
  readonly parity: 'none' | 'even' | 'odd'
  readonly stopBits: number
  readonly trouble?: 'parity' | 'framing' | 'noise' | 'break' | undefined
}

/** Part of a bit that the line is known to be idle before a start bit: half a stop bit at least. */
const IDLE_BITS = 0.25

export function uartEdges(signal: string, character: UartCharacter): readonly LineEdge[] {
  const { data, wordBits, parity, stopBits, trouble } = character
  const bits = 1 + wordBits + stopBits
  const word = Array.from({ length: wordBits }, (_, bit) => (data >>> bit) & 1)
  if (parity !== 'none') {
    const isOdd = (parity === 'odd') !== (trouble === 'parity')
    word[wordBits - 1] = word.slice(0, -1).reduce((sum, bit) => sum ^ bit, Number(isOdd))
  }
  const levels = trouble === 'break' ? word.map(() => 0) : word
  const isStopLow = trouble === 'break' || trouble === 'framing'
  return [
    [signal, bits + IDLE_BITS, true],
    [signal, bits, false],
    ...levels.map((bit, n): LineEdge => [signal, bits - 1 - n, bit === 1]),
    [signal, isStopLow ? 0 : stopBits, true],
  ]
}

/** SDA changes this part of a bit after SCL has fallen. */
const HOLD_BITS = 0.1

/** START or repeated START, and the bytes that address the target. */
export function i2cStartEdges(
  name: string,
  { value, isTenBit, isRead }: { value: number; isTenBit: boolean; isRead: boolean },
  isAcknowledged: boolean,
): readonly LineEdge[] {
  const head = isTenBit ? 0xf0 | ((value >> 7) & 6) | Number(isRead) : (value << 1) | Number(isRead)
  const bytes = isTenBit && !isRead ? [head, value & 0xff] : [head]
  const bits = 1 + 9 * bytes.length
  const [scl, sda] = [`${name}_SCL`, `${name}_SDA`]
  return [
    [sda, bits - HOLD_BITS, true],
    [scl, bits - 0.3, true],
    [sda, bits - 0.7, false],
    [scl, bits - 1, false],
    ...bytes.flatMap((byte, n) =>
      i2cByteEdges(name, byte, isAcknowledged, 9 * (bytes.length - 1 - n)),
    ),
  ]
}

/** Eight bits and the acknowledgement, that many bits before the end. */
export function i2cByteEdges(
  name: string,
  byte: number,
  isAcknowledged: boolean,
  bitsAfter = 0,
): readonly LineEdge[] {
  return Array.from({ length: 9 }, (_, n) => {
    const from = bitsAfter + 9 - n
    const isHigh = n < 8 ? ((byte >>> (7 - n)) & 1) === 1 : !isAcknowledged
    return [
      [`${name}_SDA`, from - HOLD_BITS, isHigh],
      [`${name}_SCL`, from - 0.5, true],
      [`${name}_SCL`, from - 1, false],
    ] as const
  }).flat()
}

export function i2cStopEdges(name: string): readonly LineEdge[] {
  return [
    [`${name}_SDA`, 1 - HOLD_BITS, false],
    [`${name}_SCL`, 0.5, true],
    [`${name}_SDA`, 0, true],
  ]
}

/** Levels of a bit each, on one or more signals alike. */
export function levelEdges(
  signals: readonly string[],
  levels: readonly number[],
): readonly LineEdge[] {
  const changes = levels.flatMap((level, n) => {
    const from = levels.length - n
    return n > 0 && level === levels[n - 1] ? [] : [[from, level === 1] as const]
  })
  return signals.flatMap((signal): LineEdge[] => [
    [signal, levels.length + IDLE_BITS, true],
    ...changes.map(([from, isHigh]) => [signal, from, isHigh] as const),
  ])
}

export interface SpiExchange {
  /** As they are on the lines, the first bit first. */
  readonly sent: number
  readonly received: number
  readonly bits: number
  /** Clock polarity and phase, 0 to 3. */
  readonly mode: number
}

export function spiEdges(name: string, exchange: SpiExchange): readonly LineEdge[] {
  const { sent, received, bits, mode } = exchange
  const isIdleHigh = mode >= 2
  // Data is valid half a bit before the clock's first edge, or from that edge on.
  const firstEdge = (mode & 1) === 0 ? 0.5 : 0
  const bitOf = (word: number, n: number) => ((word >>> (bits - 1 - n)) & 1) === 1
  const cells = Array.from({ length: bits }, (_, n): LineEdge[] => {
    const from = bits - n
    return [
      [`${name}_MOSI`, from, bitOf(sent, n)],
      [`${name}_MISO`, from, bitOf(received, n)],
      [`${name}_SCK`, from - firstEdge, !isIdleHigh],
      [`${name}_SCK`, from - firstEdge - 0.5, isIdleHigh],
    ]
  })
  return [[`${name}_SCK`, bits + IDLE_BITS, isIdleHigh], ...cells.flat()]
}
