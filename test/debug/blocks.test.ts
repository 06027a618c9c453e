/** Blocks that a debugger writes: what is wrong with one is said precisely, and changes nothing. */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  DEBUG_BLOCK_BYTES_MAX,
  DEBUG_PROTOCOL_VERSION,
  type DebugReplyInit,
  type DebugRequestBody,
  DebugRequestDecoder,
  type DebugRequestInit,
  encodeDebugRequest,
  makeDelta,
} from '../../packages/protocol/src/index.ts'
import { sampled, seed } from '../../tools/sampling.ts'
import { BareDevice } from './bare-device.ts'

const FLASH = 0x0800_0000
const SRAM = 0x2000_1000
const PAGE_BYTES = 8192
const NOTHING = new Uint8Array(0)

const old = Uint8Array.from({ length: 4 * PAGE_BYTES }, (_, at) => (at * at) >> 5)
const fresh = old.map((byte, at) => (at % 1000 === 7 ? byte + 1 : byte))

/** A device with this in flash, and a debugger. */
function bench() {
  const device = new BareDevice(old)
  const replies: DebugReplyInit[] = []
  device.reply = (_, reply) => replies.push(reply)
  const ask = (request: DebugRequestInit): DebugReplyInit => {
    for (const { id, body } of new DebugRequestDecoder().push(encodeDebugRequest(1, request))
      .messages)
      device.agent.handle(id, body as DebugRequestBody)
    return replies.pop()!
  }
  ask({ case: 'attach', value: { protocolVersion: DEBUG_PROTOCOL_VERSION } })
  const flash = (address: number, bytes: number) =>
    device.chip.flashBytes.slice(address - FLASH, address - FLASH + bytes)
  const memory = (address: number, bytes: number) => {
    const value = { ranges: [{ address, length: bytes }] }
    const reply = ask({ case: 'readMemory', value })
    assert.equal(reply.case, 'memoryRead')
    return reply.value.contents![0]!.data!
  }
  return { device, ask, flash, memory }
}

const block = (address: number, data: Uint8Array, base = NOTHING) => ({
  ...{ address, length: data.length, delta: makeDelta(base, data), hash: sha256(data) },
})
const write = (value: Extract<DebugRequestInit, { case: 'writeBlock' }>['value']) =>
  ({ case: 'writeBlock', value }) as const

test('a block is made of what lies in flash, or of nothing, and lies in flash or SRAM then', () => {
  const { ask, flash, memory } = bench()
  const base = { address: FLASH, length: old.length }
  const second = FLASH + PAGE_BYTES
  const data = fresh.subarray(PAGE_BYTES, 2 * PAGE_BYTES)
  const told = block(second, data, old)
  assert.ok(told.delta.length < 200, `${told.delta.length} bytes`)
  assert.equal(ask(write({ ...told, base })).case, 'done')
  assert.deepEqual(flash(second, PAGE_BYTES), data)
  assert.deepEqual(flash(FLASH, PAGE_BYTES), old.slice(0, PAGE_BYTES), 'what is beside it stays')
  const odd = fresh.subarray(3, 1003)
  assert.equal(ask(write(block(SRAM + 1, odd))).case, 'done')
  assert.deepEqual(memory(SRAM + 1, odd.length), odd)
})

test('what is wrong with a block is said, and nothing is written', () => {
  const data = fresh.subarray(0, PAGE_BYTES)
  const good = block(FLASH, data)
  const rows: readonly (readonly [string, object, RegExp])[] = [
    ['too long', { length: DEBUG_BLOCK_BYTES_MAX + 1 }, /has 32769 bytes; a block has 1 to 32768/],
    ['a bomb', { length: 2 ** 32 - 1 }, /has 4294967295 bytes/],
    ['empty', { length: 0 }, /has 0 bytes/],
    ['shorter than its delta', { length: 16 }, /is malformed: its delta .* behind byte 0 of 16/],
    ['cut short', { delta: good.delta.subarray(0, 900) }, /damaged or cut short|is malformed/],
    ['trailing bytes', { delta: Buffer.concat([good.delta, old]) }, /of \d+ bytes follow/],
    ['no delta', { delta: NOTHING }, /The block at 0x8000000 /],
    ['another hash', { hash: sha256(old) }, /not what its hash promises/],
    ['no hash', { hash: NOTHING }, /not what its hash promises/],
    [
      'another base',
      { ...block(FLASH, data, old), base: { address: FLASH + 16, length: old.length } },
      /not what its hash promises/,
    ],
    [
      'a base without memory',
      { ...block(FLASH, data, old), base: { address: 0x3000_0000, length: old.length } },
      /made from memory that ends at 0x30000000/,
    ],
    ['no base', { delta: makeDelta(old, data) }, /is malformed/],
    ['half a page', block(FLASH, data.subarray(0, 100)), /in pages of 8192 bytes; 100 bytes/],
    ['between pages', { address: FLASH + 16 }, /8192 bytes at 0x8000010 are not whole pages/],
    ['beyond flash', { address: FLASH + 2 ** 20 - 16 }, /not all in the application's 1048576/],
    ['no memory', { address: 0x3000_0000 }, /Memory at 0x30000000 cannot be written/],
  ]
  const { device, ask, memory } = bench()
  const before = device.chip.flashBytes.slice()
  const sram = memory(SRAM, 4096)
  for (const [name, change, says] of rows) {
    const reply = ask(write({ ...good, ...change }))
    assert.equal(reply.case, 'refused', name)
    assert.match(reply.value.detail!, says, name)
    assert.equal(Buffer.compare(device.chip.flashBytes, before), 0, name)
    assert.deepEqual(memory(SRAM, 4096), sram, name)
  }
})

test('a block with any byte changed is refused and changes nothing, or is what it was', () => {
  const { device, ask } = bench()
  const data = fresh.subarray(0, PAGE_BYTES)
  const good = block(FLASH, data)
  const before = device.chip.flashBytes.slice()
  const damage = fc.tuple(fc.nat(good.delta.length - 1), fc.nat(255), fc.nat(good.delta.length))
  const property = fc.property(damage, ([at, byte, bytes]) => {
    const delta = good.delta.with(at, byte).subarray(0, bytes)
    const reply = ask(write({ ...good, delta }))
    const now = device.chip.flashBytes.subarray(0, PAGE_BYTES)
    if (reply.case === 'done') assert.deepEqual(now, data)
    else {
      assert.equal(reply.case, 'refused')
      assert.equal(Buffer.compare(device.chip.flashBytes, before), 0)
    }
    device.chip.flashBytes.set(before)
  })
  fc.assert(property, { seed, numRuns: sampled(60, 5_000) })
})

test('while the application runs, nothing is written', () => {
  const { ask, flash } = bench()
  ask({ case: 'resume', value: {} })
  const reply = ask(write(block(FLASH, fresh.subarray(0, PAGE_BYTES))))
  assert.match(JSON.stringify(reply), /running: halt it first/)
  assert.deepEqual(flash(FLASH, PAGE_BYTES), old.slice(0, PAGE_BYTES))
})

function sha256(data: Uint8Array): Uint8Array {
  return createHash('sha256').update(data).digest()
}
