import assert from 'node:assert/strict'
import { test } from 'node:test'
import { PartBench } from '../testing/part-bench.ts'

const A = 0x76
const bench = () => new PartBench('bme280', { address: A })

/** A driver's integer formulas, written from the datasheet and not from the model. */
function drive(unit: PartBench) {
  const low = unit.read(A, [0x88], 26)
  const high = unit.read(A, [0xe1], 7)
  const u = (i: number) => low[i]! | (low[i + 1]! << 8)
  const s = (i: number) => (u(i) << 16) >> 16
  const H = {
    h1: low[25]!,
    h2: ((high[0]! | (high[1]! << 8)) << 16) >> 16,
    h3: high[2]!,
    h4: ((high[3]! << 24) >> 20) | (high[4]! & 0x0f),
    h5: ((high[5]! << 24) >> 20) | (high[4]! >> 4),
    h6: (high[6]! << 24) >> 24,
  }
  const data = unit.read(A, [0xf7], 8)
  const rawP = (data[0]! << 12) | (data[1]! << 4) | (data[2]! >> 4)
  const rawT = (data[3]! << 12) | (data[4]! << 4) | (data[5]! >> 4)
  const rawH = (data[6]! << 8) | data[7]!
  const a = (((rawT >> 3) - (u(0) << 1)) * s(2)) >> 11
  const b = (((((rawT >> 4) - u(0)) * ((rawT >> 4) - u(0))) >> 12) * s(4)) >> 14
  const fine = a + b
  const celsius = ((fine * 5 + 128) >> 8) / 100
  let v1 = BigInt(fine) - 128_000n
  let v2 = v1 * v1 * BigInt(s(16)) + ((v1 * BigInt(s(14))) << 17n) + (BigInt(s(12)) << 35n)
  v1 = ((v1 * v1 * BigInt(s(10))) >> 8n) + ((v1 * BigInt(s(8))) << 12n)
  v1 = (((1n << 47n) + v1) * BigInt(u(6))) >> 33n
  let p = ((((1_048_576n - BigInt(rawP)) << 31n) - v2) * 3125n) / v1
  v1 = (BigInt(s(22)) * (p >> 13n) * (p >> 13n)) >> 25n
  v2 = (BigInt(s(20)) * p) >> 19n
  p = ((p + v1 + v2) >> 8n) + (BigInt(s(18)) << 4n)
  const x = BigInt(fine - 76_800)
  let v =
    (((BigInt(rawH) << 14n) - (BigInt(H.h4) << 20n) - BigInt(H.h5) * x + 16_384n) >> 15n) *
    (((((((x * BigInt(H.h6)) >> 10n) * (((x * BigInt(H.h3)) >> 11n) + 32_768n)) >> 10n) +
      2_097_152n) *
      BigInt(H.h2) +
      8192n) >>
      14n)
  v -= ((((v >> 15n) * (v >> 15n)) >> 7n) * BigInt(H.h1)) >> 4n
  const percent = Number(v < 0n ? 0n : v > 419_430_400n ? 419_430_400n : v) / 4096 / 1024
  return { celsius, hectopascal: Number(p) / 25_600, percent }
}

test('a driver computes what was set, over the whole range', () => {
  const unit = bench()
  for (let t = -40; t <= 85; t += 12.5) {
    for (let p = 300; p <= 1100; p += 100) {
      for (let h = 0; h <= 100; h += 20) {
        unit.part.set!('temperature', t)
        unit.part.set!('pressure', p)
        unit.part.set!('humidity', h)
        unit.write(A, 0xf2, 1)
        unit.write(A, 0xf4, 0x25)
        unit.pass(0.02)
        const seen = drive(unit)
        const text = JSON.stringify({ t, p, h, seen })
        assert.ok(Math.abs(seen.celsius - t) < 0.02, text)
        assert.ok(Math.abs(seen.hectopascal - p) < 0.15, text)
        assert.ok(Math.abs(seen.percent - h) < 0.15, text)
      }
    }
  }
})

test('forced mode measures once, with the time it takes; normal mode goes on', () => {
  const unit = bench()
  unit.write(A, 0xf4, 0x25)
  assert.deepEqual(unit.read(A, [0xf3], 1), [8])
  unit.pass(0.02)
  assert.deepEqual(unit.read(A, [0xf3], 2), [0, 0x24])
  unit.pass(1)
  assert.equal(unit.part.readings!().measurements, 1)
  unit.write(A, 0xf4, 0x27)
  unit.pass(1)
  assert.ok(Number(unit.part.readings!().measurements) > 100)
})

test('what is skipped reads as its reset value; reset brings it back', () => {
  const unit = bench()
  unit.write(A, 0xf4, 0x21)
  unit.pass(0.1)
  assert.deepEqual(unit.read(A, [0xf7], 3), [0x80, 0, 0])
  unit.write(A, 0xe0, 0xb6)
  assert.deepEqual(unit.read(A, [0xd0], 1), [0x60])
  assert.deepEqual(unit.read(A, [0xfa], 1), [0x80])
})
