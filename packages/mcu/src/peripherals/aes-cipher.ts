/**
 * AES (FIPS 197) on blocks of four words, most significant first, and multiplication in GCM's field
 * (NIST SP 800-38D). Not made to withstand timing: it is a model.
 */

export type Block = readonly [number, number, number, number]

export const ZERO: Block = [0, 0, 0, 0]
const BLOCK_BYTES = 16

/** FIPS 197, 5.1.1: inverses in GF(2^8), then an affine transformation. */
const SBOX = makeSbox()
const INVERSE = Uint8Array.from({ length: 256 }, (_, value) => SBOX.indexOf(value))

export function xor(a: Block, b: Block): Block {
  return [a[0] ^ b[0], a[1] ^ b[1], a[2] ^ b[2], a[3] ^ b[3]].map(
    (w) => w >>> 0,
  ) as unknown as Block
}

export function toBytes(block: Block): Uint8Array {
  const bytes = new Uint8Array(BLOCK_BYTES)
  const view = new DataView(bytes.buffer)
  for (const [i, word] of block.entries()) view.setUint32(i * 4, word)
  return bytes
}

export function toBlock(bytes: Uint8Array): Block {
  const view = new DataView(bytes.buffer, bytes.byteOffset)
  return [0, 4, 8, 12].map((at) => view.getUint32(at)) as unknown as Block
}

/** A key of four or eight words, expanded. */
export class AesKey {
  readonly #rounds: Uint8Array[]

  constructor(words: readonly number[]) {
    this.#rounds = expand(words)
  }

  encrypt(block: Block): Block {
    const last = this.#rounds.length - 1
    let state = addKey(toBytes(block), this.#rounds[0])
    for (let round = 1; round <= last; round++) {
      state = shiftRows(
        state.map((byte) => SBOX[byte]),
        1,
      )
      if (round < last) state = mixColumns(state, [2, 3, 1, 1])
      state = addKey(state, this.#rounds[round])
    }
    return toBlock(state)
  }

  decrypt(block: Block): Block {
    const last = this.#rounds.length - 1
    let state = addKey(toBytes(block), this.#rounds[last])
    for (let round = last - 1; round >= 0; round--) {
      state = shiftRows(state, -1).map((byte) => INVERSE[byte])
      state = addKey(state, this.#rounds[round])
      if (round > 0) state = mixColumns(state, [14, 11, 13, 9])
    }
    return toBlock(state)
  }
}

/** Product in GF(2^128), bits as GCM counts them: the first is the most significant of word 0. */
export function multiply(a: Block, b: Block): Block {
  let product: number[] = [...ZERO]
  let factor: number[] = [...b]
  for (let bit = 0; bit < 128; bit++) {
    if ((a[bit >> 5] >>> (31 - (bit & 31))) & 1) product = product.map((w, i) => w ^ factor[i])
    const carry = factor[3] & 1
    factor = factor.map((w, i) => (w >>> 1) | (i > 0 ? (factor[i - 1] & 1) << 31 : 0))
    if (carry) factor[0] ^= 0xe100_0000
  }
  return product.map((w) => w >>> 0) as unknown as Block
}

function expand(key: readonly number[]): Uint8Array[] {
  const total = (key.length + 7) * 4
  const words = [...key]
  let constant = 1
  for (let i = key.length; i < total; i++) {
    let word = words[i - 1]
    if (i % key.length === 0) {
      word = substitute((word << 8) | (word >>> 24)) ^ (constant << 24)
      constant = double(constant)
    } else if (key.length > 6 && i % key.length === 4) word = substitute(word)
    words[i] = (words[i - key.length] ^ word) >>> 0
  }
  return Array.from({ length: total / 4 }, (_, round) =>
    toBytes(words.slice(round * 4, round * 4 + 4) as unknown as Block),
  )
}

function substitute(word: number): number {
  const byte = (shift: number) => SBOX[(word >>> shift) & 0xff] << shift
  return byte(24) | byte(16) | byte(8) | byte(0)
}

function addKey(state: Uint8Array, key: Uint8Array): Uint8Array {
  return state.map((byte, i) => byte ^ key[i])
}

/** Row r moves r columns, to the left for 1. */
function shiftRows(state: Uint8Array, direction: 1 | -1): Uint8Array {
  return state.map((_, i) => {
    const [row, column] = [i % 4, i >> 2]
    return state[((column + direction * row + 4) % 4) * 4 + row]
  })
}

function mixColumns(state: Uint8Array, factors: readonly number[]): Uint8Array {
  return state.map((_, i) => {
    const column = i & ~3
    let sum = 0
    for (let row = 0; row < 4; row++) sum ^= times(state[column + row], factors[(row - i + 16) % 4])
    return sum
  })
}

function times(value: number, factor: number): number {
  let [product, power] = [0, value]
  for (let rest = factor; rest > 0; rest >>= 1) {
    if (rest & 1) product ^= power
    power = double(power)
  }
  return product
}

function double(value: number): number {
  return ((value << 1) ^ (value & 0x80 ? 0x11b : 0)) & 0xff
}

function makeSbox(): Uint8Array {
  const box = new Uint8Array(256)
  for (let value = 0; value < 256; value++) {
    let inverse = 0
    for (let other = 1; other < 256; other++) if (times(value, other) === 1) inverse = other
    let result = 0x63
    for (let turn = 0; turn < 5; turn++) result ^= (inverse << turn) | (inverse >> (8 - turn))
    box[value] = result & 0xff
  }
  return box
}
