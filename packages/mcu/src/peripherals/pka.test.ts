import assert from 'node:assert/strict'
import { createHash, createSign, generateKeyPairSync } from 'node:crypto'
import { test } from 'node:test'
import { PeripheralBench } from '../testing/peripheral-bench.ts'
import { Pka } from './pka.ts'

const [INITOK, BUSY, PROCENDF] = [1, 1 << 16, 1 << 17]
const [RAMERRF, ADDRERRF, OPERRF] = [1 << 19, 1 << 20, 1 << 21]
const OK = 0xd60d

/** NIST P-256, FIPS 186-5 and SP 800-186. */
const P256 = {
  p: 0xffffffff00000001000000000000000000000000ffffffffffffffffffffffffn,
  b: 0x5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604bn,
  n: 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n,
  gx: 0x6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296n,
  gy: 0x4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5n,
}

function unit() {
  const b = new PeripheralBench('PKA', { cycleHz: 160e6, hz: 160e6 }, (w) => new Pka(w))
  b.write('CR', 1)
  b.run(667)
  const { window } = b.model
  const word = (offset: number) => window.read(offset - 0x400, 4)!
  /** As ST's HAL writes operands: all words of the size, and a zero behind them. */
  const put = (offset: number, value: bigint | number, words = 1) => {
    let rest = BigInt(value)
    let at = offset - 0x400
    for (let n = 0; n < words || rest > 0n; n++) {
      window.write(at, 4, Number(rest & 0xffff_ffffn))
      rest >>= 32n
      at += 4
    }
    window.write(at, 4, 0)
  }
  const get = (offset: number, bits: number) => {
    let value = 0n
    for (let n = Math.ceil(bits / 32) - 1; n >= 0; n--) {
      value = (value << 32n) | BigInt(word(offset + n * 4))
    }
    return value
  }
  const run = (mode: number) => {
    b.write('CR', 1 | (mode << 8))
    b.write('CR', 1 | (mode << 8) | 2)
    assert.equal(b.read('SR') & BUSY, BUSY)
    b.settle()
    assert.equal(b.read('SR') & (BUSY | PROCENDF), PROCENDF)
    b.write('CLRFR', PROCENDF)
  }
  return { b, put, get, word, run }
}

test('EN erases the RAM, then INITOK says that it is ready', () => {
  const b = new PeripheralBench('PKA', { cycleHz: 1, hz: 1 }, (w) => new Pka(w))
  b.model.window.write(0, 4, 5)
  b.write('CR', 1)
  assert.deepEqual([b.read('SR'), b.model.window.read(0, 4)], [0, 0])
  b.run(667)
  assert.equal(b.read('SR'), INITOK)
})

test('arithmetic: sum, difference, product, comparison, remainders, inverse', () => {
  const { put, get, run } = unit()
  const [one, two, modulus] = [
    0x1234_5678_9abc_def0_1234n,
    0xfff_ffff_ffffn,
    0xffff_ffff_ffff_ffc5n,
  ]
  put(0x408, 96)
  put(0xa50, one)
  put(0xc68, two)
  put(0x1088, modulus)
  const result = (mode: number, bits = 96) => {
    run(mode)
    return get(0xe78, bits)
  }
  assert.equal(result(0x09), one + two)
  assert.equal(result(0x0a), one - two)
  assert.equal(result(0x0b, 192), one * two)
  assert.equal(result(0x0e), (one + two) % modulus)
  assert.equal(result(0x0f), (one - two) % modulus)
  assert.equal(result(0x0c, 32), 0x7af8n)
  put(0x400, 96)
  assert.equal(result(0x0d), one % two)
  put(0xc68, modulus)
  assert.equal((result(0x08) * one) % modulus, 1n)
})

test('modular powers, and RSA by the Chinese remainder theorem', () => {
  const { put, get, run } = unit()
  const [p, q] = [0xffff_ffff_ffff_ffc5n, 0xffff_ffff_ffff_ff43n]
  const [n, e] = [p * q, 65_537n]
  const phi = (p - 1n) * (q - 1n)
  const egcd = (a: bigint, m: bigint): bigint => {
    let [r0, r1, x0, x1] = [a, m, 1n, 0n]
    while (r1 > 0n) [r0, r1, x0, x1] = [r1, r0 % r1, x1, x0 - (r0 / r1) * x1]
    return ((x0 % m) + m) % m
  }
  const d = egcd(e, phi)
  const message = 0x1234_5678_9abc_def0n
  put(0x400, 17)
  put(0x408, 128)
  put(0xc68, message)
  put(0xe78, e)
  put(0x1088, n)
  run(0x02)
  const cipher = get(0x838, 128)
  put(0x730, d % (p - 1n))
  put(0xe78, d % (q - 1n))
  put(0x948, egcd(q, p))
  put(0xb60, p)
  put(0x1088, q)
  put(0x12a0, cipher)
  run(0x07)
  assert.equal(get(0x838, 128), message)
})

test('P-256: points are on the curve, and twice the generator is what SP 800-186 gives', () => {
  const { put, get, word, run } = unit()
  put(0x400, 256)
  put(0x408, 256)
  put(0x410, 1)
  put(0x418, 3)
  put(0x520, P256.b)
  put(0x470, P256.p)
  put(0x578, P256.gx)
  put(0x5d0, P256.gy)
  run(0x28)
  assert.equal(word(0x680), OK)
  put(0x5d0, P256.gy + 1n)
  run(0x28)
  assert.equal(word(0x680), 0xa3b7)
  put(0x1088, P256.p)
  put(0x12a0, 2)
  put(0x578, P256.gx)
  put(0x470, P256.gy)
  run(0x20)
  assert.equal(word(0x680), OK)
  assert.equal(get(0x578, 256), 0x7cf27b188d034f7e8a52380304b51ac3c08969e277f21b35a60b48fc47669978n)
  assert.equal(get(0x5d0, 256), 0x07775510db8ed040293d9ac69f7430dbba7dade63ce982299e04b79d227873d1n)
})

const big = (bytes: Buffer) => BigInt(`0x${bytes.toString('hex')}`)
const coordinate = (text: string) => big(Buffer.from(text, 'base64url'))

test('ECDSA: what was signed verifies, and so does what OpenSSL signs', () => {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const { d, x, y } = privateKey.export({ format: 'jwk' })
  const message = Buffer.from('a message')
  const hash = 0xa0ca2de8c9b1e3d1f2a4b5c6d7e8f90011223344556677889900aabbccddeeffn
  const { put, get, word, run } = unit()
  const domain = (a: number, p: number, gx: number, gy: number, n: number) => {
    put(a, 3, 8)
    put(p, P256.p)
    put(gx, P256.gx)
    put(gy, P256.gy)
    put(n, P256.n)
  }
  put(0x400, 256)
  put(0x408, 256)
  put(0x410, 1)
  domain(0x418, 0x1088, 0x578, 0x470, 0xf88)
  put(0x12a0, hash ^ 0x5555n)
  put(0xfe8, hash)
  put(0xf28, coordinate(d!))
  run(0x24)
  assert.equal(word(0xfe0), OK)
  const [r, s] = [get(0x730, 256), get(0x788, 256)]
  const verify = (e: bigint, r1: bigint, s1: bigint) => {
    put(0x408, 256)
    put(0x4c8, 256)
    put(0x468, 1)
    domain(0x470, 0x4d0, 0x678, 0x6d0, 0x1088)
    put(0x12f8, coordinate(x!))
    put(0x1350, coordinate(y!))
    put(0x10e0, r1)
    put(0xc68, s1)
    put(0x13a8, e)
    run(0x26)
    return word(0x5d0)
  }
  assert.equal(verify(hash, r, s), OK)
  assert.equal(verify(hash + 1n, r, s), 0xa3b7)
  const theirs = createSign('sha256')
    .update(message)
    .sign({ key: privateKey, dsaEncoding: 'ieee-p1363' })
  const digest = big(createHash('sha256').update(message).digest())
  assert.equal(verify(digest, big(theirs.subarray(0, 32)), big(theirs.subarray(32))), OK)
})

test('errors: a mode that there is not, the RAM while busy; interrupts', () => {
  const { b } = unit()
  b.write('CR', 1 | (0x3f << 8) | (1 << 21))
  assert.deepEqual([b.read('SR') & OPERRF, b.isPending('PKA')], [OPERRF, true])
  b.write('CLRFR', OPERRF)
  b.write('CR', 1 | (9 << 8) | (1 << 17))
  b.write('CR', 1 | (9 << 8) | (1 << 17) | 2)
  assert.equal(b.model.window.read(0, 4), 0)
  assert.equal(b.read('SR') & RAMERRF, RAMERRF)
  b.settle()
  assert.equal(b.isPending('PKA'), true)
  b.model.window.read(1334 * 4, 4)
  assert.equal(b.read('SR') & ADDRERRF, ADDRERRF)
})
