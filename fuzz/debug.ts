/**
 * The device's end of the debug protocol: bytes that are no messages, and messages that are well formed
 * and mean anything. The decoder and the agent must not throw, every request gets an answer unless it
 * is one that waits for a stop, and the application can always be taken hold of again.
 */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { seededRandom } from '../packages/mcu/src/index.ts'
import {
  DEBUG_PROTOCOL_VERSION,
  type DebugReplyInit,
  type DebugRequestBody,
  DebugRequestDecoder,
  type DebugRequestInit,
  encodeDebugRequest,
  makeDelta,
} from '../packages/protocol/src/index.ts'
import { BareDevice, spinningImage } from '../test/debug/bare-device.ts'

const NOTHING = new Uint8Array(0)
const PLACES = [0x0800_0400, 0x0800_0402, 0x2000_0000, 0x4000_0000, 0xe000_ed00, 0x3000_0000, 0]

export async function fuzz({ seed, count }: { seed: number; count: number }): Promise<void> {
  const random = seededRandom(seed)
  const upTo = (most: number) => random() % most
  const device = new BareDevice(spinningImage())
  let replies: DebugReplyInit[] = []
  device.reply = (_, reply) => replies.push(reply)
  const ask = (request: DebugRequestInit) => {
    const bytes = encodeDebugRequest(1, request)
    for (const { id, body } of new DebugRequestDecoder().push(bytes).messages) {
      device.agent.handle(id, body as DebugRequestBody)
    }
  }
  for (let turn = 0; turn < count; turn++) {
    const noise = Uint8Array.from({ length: upTo(64) }, () => upTo(256))
    new DebugRequestDecoder().push(noise)
    replies = []
    const request = someRequest(upTo)
    const before = request.case === 'writeBlock' ? device.chip.flashBytes.slice() : undefined
    try {
      ask(request)
    } catch (error) {
      assert.ok(error instanceof RangeError, `seed ${seed}: ${error}`)
      continue
    }
    if (request.case !== 'resume') assert.ok(replies.length > 0, `${request.case}, seed ${seed}`)
    if (before !== undefined && replies.at(-1)?.case === 'refused') {
      const isAsBefore = Buffer.compare(before, device.chip.flashBytes) === 0
      assert.ok(isAsBefore, `a block was refused and changed flash, seed ${seed}`)
    }
    device.advance(200)
    if (turn % 64 === 0) {
      replies = []
      ask({ case: 'attach', value: { protocolVersion: DEBUG_PROTOCOL_VERSION } })
      assert.equal(replies.at(-1)?.case, 'attached', `seed ${seed}`)
    }
  }
}

type UpTo = (most: number) => number

function someRequest(upTo: UpTo): DebugRequestInit {
  const place = () => PLACES[upTo(PLACES.length)]! + upTo(16)
  const bytes = (most: number) => Uint8Array.from({ length: upTo(most) }, () => upTo(256))
  const range = () => ({ address: place(), length: upTo(300) })
  const content = () => ({ address: place(), data: bytes(40) })
  const register = () => ({ number: upTo(70), value: place() })
  const some = <T>(make: () => T) => Array.from({ length: upTo(4) }, make)
  const breakpoint = () => {
    const address = (place() & ~1) >>> 0
    return { address, conditions: some(() => bytes(12)), commands: some(() => bytes(12)) }
  }
  const block = () => {
    const address = upTo(2) ? place() : 0x0800_0000 + 8192 * (1 + upTo(130))
    const length = upTo(2) ? 1 + upTo(300) : 8192 * (1 + upTo(6))
    const data = Uint8Array.from({ length: Math.min(length, 32_768) }, (_, at) => at % 251)
    return { address, length, delta: makeDelta(NOTHING, data), hash: sha256(data) }
  }
  const step = () => ({ stepStart: place(), stepEnd: place(), pc: place(), sp: place() })
  const all: readonly (() => DebugRequestInit)[] = [
    () => ({ case: 'readMemory', value: { ranges: some(range) } }),
    () => ({ case: 'hashMemory', value: { ranges: some(range) } }),
    () => ({ case: 'writeMemory', value: { contents: some(content) } }),
    () => ({ case: 'writeRegisters', value: { registers: some(register) } }),
    () => ({ case: 'writeBlock', value: block() }),
    () => ({ case: 'writeBlock', value: spoilt(block(), upTo) }),
    () => ({ case: 'halt', value: {} }),
    () => ({ case: 'restart', value: {} }),
    () => ({ case: 'detach', value: {} }),
    () => ({ case: 'attach', value: { protocolVersion: upTo(3) } }),
    () => ({
      case: 'resume',
      value: {
        ...{ breakpoints: some(breakpoint), foreseen: some(step), catchFaults: true },
        ...(upTo(2) ? { passage: step() } : {}),
        ...(upTo(2) ? { stepStart: place(), stepEnd: place() } : {}),
        watchpoints: some(() => ({ ...range(), length: 1 + upTo(8), access: upTo(4) })),
      },
    }),
  ]
  return all[upTo(all.length)]!()
}

interface Block {
  readonly address: number
  readonly length: number
  readonly delta: Uint8Array
  readonly hash: Uint8Array
  readonly base?: { readonly address: number; readonly length: number }
}

/** Wrong in one of the ways in which a block can be. */
function spoilt(block: Block, upTo: UpTo): Block {
  const { delta } = block
  const at = upTo(delta.length)
  const wrongs: readonly (() => Partial<Block>)[] = [
    () => ({ delta: delta.subarray(0, at) }),
    () => ({ delta: Uint8Array.of(...delta, ...delta) }),
    () => ({ delta: delta.with(at, upTo(256)) }),
    () => ({ length: upTo(2 ** 31) }),
    () => ({ hash: new Uint8Array(upTo(40)) }),
    () => ({ base: { address: PLACES[upTo(PLACES.length)]!, length: upTo(2 ** 31) } }),
    () => ({ delta: Uint8Array.from({ length: 200 }, () => upTo(256)) }),
  ]
  return { ...block, ...wrongs[upTo(wrongs.length)]!() }
}

function sha256(data: Uint8Array): Uint8Array {
  return createHash('sha256').update(data).digest()
}
