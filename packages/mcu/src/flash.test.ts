import assert from 'node:assert/strict'
import { test } from 'node:test'
import { EXTERNAL_FLASH_BYTES, FlashChip, INTERNAL_FLASH_BYTES, OTP_BYTES, Otp } from './flash.ts'
import { PowerCut, Supply } from './power.ts'
import { seededRandom } from './seeded-random.ts'

const sizes = { internal: INTERNAL_FLASH_BYTES, external: EXTERNAL_FLASH_BYTES, otp: OTP_BYTES }

function fresh<Kind extends keyof typeof sizes>(kind: Kind) {
  const bytes = new Uint8Array(sizes[kind]).fill(0xff)
  const supply = new Supply()
  const changes: [number, number][] = []
  const onChange = (offset: number, length: number) => changes.push([offset, length])
  return { bytes, supply, changes, store: { bytes, supply, onChange } }
}

const quadWord = (fill: number) => new Uint8Array(16).fill(fill)

test('a quad-word is programmed once, then only to all zeros, until its page is erased', () => {
  const { bytes, store, changes } = fresh('internal')
  const flash = new FlashChip('internal', store)
  assert.equal(flash.program(0x2010, quadWord(0x5a)), undefined)
  assert.equal(flash.program(0x2010, quadWord(0x5a)), 'PROGERR')
  assert.equal(flash.program(0x2010, quadWord(0x50)), 'PROGERR')
  assert.equal(flash.program(0x2010, quadWord(0)), undefined)
  assert.equal(bytes[0x2010], 0)
  assert.equal(flash.erase(0x2000), undefined)
  assert.equal(flash.program(0x2010, quadWord(0x5a)), undefined)
  assert.deepEqual(changes.at(-1), [0x2010, 16])
})

test('what is misaligned or of the wrong size changes nothing', () => {
  const { bytes, store, changes } = fresh('internal')
  const flash = new FlashChip('internal', store)
  assert.equal(flash.program(8, quadWord(0)), 'PGAERR')
  assert.equal(flash.program(0, new Uint8Array(8)), 'SIZERR')
  assert.equal(flash.erase(0x1000), 'PGAERR')
  const external = fresh('external')
  const nor = new FlashChip('external', external.store)
  assert.equal(nor.program(0xf8, new Uint8Array(9)), 'PGAERR')
  assert.equal(nor.program(0, new Uint8Array(257)), 'SIZERR')
  assert.equal(nor.program(0, new Uint8Array(0)), 'SIZERR')
  assert.equal(nor.erase(0x800), 'PGAERR')
  assert.ok(bytes.every((byte) => byte === 0xff) && external.bytes.every((byte) => byte === 0xff))
  assert.equal(changes.length + external.changes.length, 0)
})

test('external flash clears bits any number of times and erases by sector', () => {
  const { bytes, store } = fresh('external')
  const flash = new FlashChip('external', store)
  flash.program(0x10f8, Uint8Array.of(0xf0, 0xff))
  flash.program(0x10f8, Uint8Array.of(0x3f, 0x01))
  assert.deepEqual([...bytes.subarray(0x10f8, 0x10fa)], [0x30, 0x01])
  flash.erase(0x1000)
  assert.deepEqual([...bytes.subarray(0x10f8, 0x10fa)], [0xff, 0xff])
})

test('a fuse row burns once', () => {
  const { store } = fresh('otp')
  const otp = new Otp(store)
  assert.equal(otp.program(496, quadWord(1)), undefined)
  assert.equal(otp.program(496, quadWord(3)), 'PROGERR')
  assert.throws(() => otp.program(512, quadWord(1)), /not in a flash of 512 bytes/)
})

test('whatever the seed, a torn program leaves each bit old or new, a torn erase old or one', () => {
  const progress = { none: 0, some: 0, all: 0 }
  for (let seed = 0; seed < 2000; seed++) {
    const random = seededRandom(seed)
    const { bytes, store, supply } = fresh('otp')
    const value = Uint8Array.from({ length: 16 }, () => random())
    supply.cutAt({ operation: 0, phase: 'during', seed })
    assert.throws(() => new Otp(store).program(0, value), PowerCut)
    const torn = bytes.subarray(0, 16)
    assert.ok(
      torn.every((cell, i) => (cell | value[i]) === cell),
      `seed ${seed}`,
    )
    if (torn.every((cell) => cell === 0xff)) progress.none++
    else if (torn.every((cell, i) => cell === value[i])) progress.all++
    else progress.some++
  }
  assert.ok(progress.none > 0 && progress.all > 0 && progress.some > 1000, JSON.stringify(progress))
})

test('a torn erase never clears a bit and reaches no other sector', () => {
  const { bytes, store, supply } = fresh('external')
  const flash = new FlashChip('external', store)
  const random = seededRandom(1)
  for (let seed = 0; seed < 30; seed++) {
    for (let i = 0; i < 0x3000; i++) bytes[i] = random()
    const before = bytes.slice(0, 0x3000)
    supply.powerUp()
    supply.cutAt({ operation: 0, phase: 'during', seed })
    assert.throws(() => flash.erase(0x1000), PowerCut)
    before.forEach((cell, i) => {
      if (i < 0x1000 || i >= 0x2000) assert.equal(bytes[i], cell)
      else assert.equal(bytes[i] & cell, cell)
    })
  }
})

test('a cut happens at its operation and phase, and nothing answers until power-up', () => {
  for (let operation = 0; operation < 4; operation++) {
    for (const phase of ['before', 'during', 'after'] as const) {
      const { bytes, store, supply } = fresh('internal')
      const flash = new FlashChip('internal', store)
      supply.cutAt({ operation, phase, seed: operation })
      let done = 0
      assert.throws(() => {
        for (; done < 4; done++) flash.program(done * 16, quadWord(0))
      }, PowerCut)
      assert.equal(done, operation)
      const isWhole = bytes
        .subarray(operation * 16, operation * 16 + 16)
        .every((cell) => cell === 0)
      if (phase !== 'during') assert.equal(isWhole, phase === 'after')
      assert.throws(() => flash.read(0, quadWord(0)), PowerCut)
      assert.throws(() => flash.erase(0), PowerCut)
      supply.powerUp()
      assert.equal(flash.erase(0), undefined)
      assert.ok(bytes.subarray(0, 64).every((cell) => cell === 0xff))
    }
  }
})
