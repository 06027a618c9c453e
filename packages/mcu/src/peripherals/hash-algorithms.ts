/**
 * SHA-1, SHA-224, SHA-256 (FIPS 180-4) and MD5 (RFC 1321), one block of 16 words at a time.
 *
 * Words are as the HASH peripheral holds them: the first byte of the message is the most
 * significant one of the first word, for MD5 too, which itself counts the other way round.
 */

export const BLOCK_WORDS = 16

export interface HashAlgorithm {
  readonly initial: readonly number[]
  readonly digestWords: number
  /** Cycles that the peripheral needs for a block (RM0456, "HASH processing time"). */
  readonly blockCycles: number
  /** Bytes of the length at the end of the padding are least significant first. */
  readonly isLittleEndian: boolean
  readonly compress: (state: Int32Array, block: ArrayLike<number>) => void
}

const rotateLeft = (value: number, by: number) => (value << by) | (value >>> (32 - by))
const rotateRight = (value: number, by: number) => rotateLeft(value, 32 - by)

const SHA1_INITIAL = [0x6745_2301, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476, 0xc3d2_e1f0]
const PRIMES = firstPrimes(64)
/** FIPS 180-4, 4.2.2 and 5.3.3: fractions of the roots of the first primes. */
const SHA256_ROUND = Int32Array.from(PRIMES, (prime) => fraction(Math.cbrt(prime)))
const SHA256_INITIAL = PRIMES.slice(0, 8).map((prime) => fraction(Math.sqrt(prime)) >>> 0)
/** FIPS 180-4, 5.3.2: the second 32 bits of the square roots of the 9th to 16th prime. */
const SHA224_INITIAL = [
  ...[0xc105_9ed8, 0x367c_d507, 0x3070_dd17, 0xf70e_5939],
  ...[0xffc0_0b31, 0x6858_1511, 0x64f9_8fa7, 0xbefa_4fa4],
]
/** RFC 1321, 3.4. */
const MD5_ROUND = Int32Array.from({ length: 64 }, (_, i) =>
  Math.floor(Math.abs(Math.sin(i + 1)) * 2 ** 32),
)
const MD5_SHIFTS = [
  [7, 12, 17, 22],
  [5, 9, 14, 20],
  [4, 11, 16, 23],
  [6, 10, 15, 21],
] as const
/** Which word of the block step `i` of each round takes: first word and stride. */
const MD5_WORDS = [
  [0, 1],
  [1, 5],
  [5, 3],
  [0, 7],
] as const

/** By HASH_CR.ALGO. */
export const hashAlgorithms: readonly HashAlgorithm[] = [
  {
    ...{ initial: SHA1_INITIAL, digestWords: 5, blockCycles: 82, isLittleEndian: false },
    compress: compressSha1,
  },
  {
    ...{ initial: SHA1_INITIAL.slice(0, 4), digestWords: 4 },
    ...{ blockCycles: 66, isLittleEndian: true },
    compress: compressMd5,
  },
  {
    ...{ initial: SHA224_INITIAL, digestWords: 7, blockCycles: 66, isLittleEndian: false },
    compress: compressSha256,
  },
  {
    ...{ initial: SHA256_INITIAL, digestWords: 8, blockCycles: 66, isLittleEndian: false },
    compress: compressSha256,
  },
]

export function swapBytes(word: number): number {
  return ((word << 24) | ((word & 0xff00) << 8) | ((word >>> 8) & 0xff00) | (word >>> 24)) >>> 0
}

/** DATATYPE of HASH and AES: words, half-words, bytes or bits change places. */
export function swapped(word: number, kind: number): number {
  if (kind === 0) return word
  if (kind === 1) return ((word << 16) | (word >>> 16)) >>> 0
  if (kind === 2) return swapBytes(word)
  let mirrored = 0
  for (let bit = 0; bit < 32; bit++) mirrored = (mirrored << 1) | ((word >>> bit) & 1)
  return mirrored >>> 0
}

function compressSha1(state: Int32Array, block: ArrayLike<number>): void {
  const w = new Int32Array(80)
  for (let i = 0; i < 80; i++) {
    w[i] = i < 16 ? block[i] : rotateLeft(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1)
  }
  let [a, b, c, d, e] = state
  for (let i = 0; i < 80; i++) {
    const [mixed, constant] = sha1Round(i, b, c, d)
    const next = (rotateLeft(a, 5) + mixed + e + constant + w[i]) | 0
    ;[a, b, c, d, e] = [next, a, rotateLeft(b, 30), c, d]
  }
  add(state, [a, b, c, d, e])
}

function sha1Round(i: number, b: number, c: number, d: number): readonly [number, number] {
  if (i < 20) return [(b & c) | (~b & d), 0x5a82_7999]
  if (i < 40) return [b ^ c ^ d, 0x6ed9_eba1]
  if (i < 60) return [(b & c) | (b & d) | (c & d), 0x8f1b_bcdc]
  return [b ^ c ^ d, 0xca62_c1d6]
}

function compressSha256(state: Int32Array, block: ArrayLike<number>): void {
  const w = new Int32Array(64)
  for (let i = 0; i < 64; i++) w[i] = i < 16 ? block[i] : expandSha256(w, i)
  let [a, b, c, d, e, f, g, h] = state
  for (let i = 0; i < 64; i++) {
    const sum1 = rotateRight(e, 6) ^ rotateRight(e, 11) ^ rotateRight(e, 25)
    const first = (h + sum1 + ((e & f) ^ (~e & g)) + SHA256_ROUND[i] + w[i]) | 0
    const sum0 = rotateRight(a, 2) ^ rotateRight(a, 13) ^ rotateRight(a, 22)
    const second = (sum0 + ((a & b) ^ (a & c) ^ (b & c))) | 0
    ;[a, b, c, d, e, f, g, h] = [(first + second) | 0, a, b, c, (d + first) | 0, e, f, g]
  }
  add(state, [a, b, c, d, e, f, g, h])
}

function expandSha256(w: Int32Array, i: number): number {
  const early = w[i - 15]
  const late = w[i - 2]
  const sigma0 = rotateRight(early, 7) ^ rotateRight(early, 18) ^ (early >>> 3)
  const sigma1 = rotateRight(late, 17) ^ rotateRight(late, 19) ^ (late >>> 10)
  return (w[i - 16] + sigma0 + w[i - 7] + sigma1) | 0
}

function compressMd5(state: Int32Array, block: ArrayLike<number>): void {
  let [a, b, c, d] = state
  for (let i = 0; i < 64; i++) {
    const round = i >> 4
    const [first, stride] = MD5_WORDS[round]
    const word = swapBytes(block[(first + stride * i) % 16])
    const sum = (a + md5Mix(round, b, c, d) + MD5_ROUND[i] + word) | 0
    ;[a, d, c, b] = [d, c, b, (b + rotateLeft(sum, MD5_SHIFTS[round][i % 4])) | 0]
  }
  add(state, [a, b, c, d])
}

function md5Mix(round: number, b: number, c: number, d: number): number {
  if (round === 0) return (b & c) | (~b & d)
  if (round === 1) return (d & b) | (~d & c)
  if (round === 2) return b ^ c ^ d
  return c ^ (b | ~d)
}

function add(state: Int32Array, by: readonly number[]): void {
  by.forEach((value, i) => {
    state[i] += value
  })
}

function fraction(value: number): number {
  return Math.floor((value % 1) * 2 ** 32)
}

function firstPrimes(count: number): number[] {
  const primes: number[] = []
  for (let n = 2; primes.length < count; n++) {
    if (primes.every((prime) => n % prime !== 0)) primes.push(n)
  }
  return primes
}
