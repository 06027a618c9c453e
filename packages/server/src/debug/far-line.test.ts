/**
 * A debugger on one server and the device on another: bytes pass both ways, a slow side holds the
 * other up, and whatever goes away, both sides learn it. With real servers: cluster.test.ts.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type DeviceNotice, deviceNotices, ProcessBus } from '../events/bus.ts'
import { PIPE_CREDIT_BYTES } from '../events/bus-pipe.ts'
import type { DebugLine, DebugPeer } from './debug-line.ts'
import { openFarLine, serveFarLine } from './far-line.ts'

const deviceSid = 'UV0'
const times = { beatMs: 10, silenceMs: 2000 }

/** What a side was given, and what it was told. */
class Side {
  readonly received: Uint8Array[] = []
  readonly told: string[] = []
  isMayGoOn = true
  readonly ended = Promise.withResolvers<string>()

  get bytes(): number {
    return this.received.reduce((sum, { length }) => sum + length, 0)
  }
}

function peerOf(side: Side): DebugPeer {
  return {
    receive: async (bytes) => void side.received.push(bytes),
    mayGoOn: (isRoom) => {
      side.isMayGoOn = isRoom
    },
    closed: (detail) => side.ended.resolve(detail),
  }
}

/** Both servers in one process; the bus is what they have of each other. */
async function session() {
  const bus = new ProcessBus()
  const people = new Side()
  const device = new Side()
  const opened = Promise.withResolvers<DebugPeer>()
  bus.subscribe(deviceNotices(deviceSid), (notice: DeviceNotice) => {
    if (notice.kind !== 'debug') return
    const open = (peer: DebugPeer): DebugLine => {
      opened.resolve(peer)
      return {
        write: (bytes) => void device.received.push(bytes),
        close: () => device.ended.resolve('closed'),
      }
    }
    assert.equal(notice.connection, 'c1')
    assert.equal(notice.holder, 'ann')
    serveFarLine({ bus, pipe: notice.pipe, times, open })
  })
  const wish = { deviceSid, connection: 'c1', holder: 'ann' }
  const line = openFarLine({ bus, times, ...wish }, peerOf(people))
  return { bus, people, device, line, far: await opened.promise }
}

const until = async (look: () => boolean) => {
  while (!look()) await new Promise(setImmediate)
}

test('bytes pass both ways, and the debugger’s end reaches the device', async () => {
  const { people, device, line, far } = await session()
  line.write(Buffer.from('to the device'))
  await far.receive(Buffer.from('to the debugger'))
  await until(() => people.bytes > 0 && device.bytes > 0)
  assert.equal(Buffer.concat(device.received).toString(), 'to the device')
  assert.equal(Buffer.concat(people.received).toString(), 'to the debugger')
  line.close()
  assert.equal(await device.ended.promise, 'closed')
})

test('a device that takes nothing holds the debugger up, and frees it', async () => {
  const { people, device, line, far } = await session()
  far.mayGoOn(false)
  for (let sent = 0; people.isMayGoOn; sent += 60_000) {
    assert.ok(sent < 4 * PIPE_CREDIT_BYTES, `the debugger may send ${sent} bytes and more`)
    line.write(Buffer.alloc(60_000))
    await new Promise(setImmediate)
  }
  assert.ok(device.bytes <= PIPE_CREDIT_BYTES)
  far.mayGoOn(true)
  await until(() => people.isMayGoOn)
  line.close()
})

test('the device closes, is removed, or connects anew: the debugger is told, the device let go', async () => {
  const closing = await session()
  closing.far.closed('not with me')
  assert.equal(await closing.people.ended.promise, 'not with me')
  const notices = [
    [{ kind: 'removed' }, /removed/],
    [{ kind: 'connected', connection: 'c2' }, /connected anew/],
  ] as const
  for (const [notice, said] of notices) {
    const { bus, people, device } = await session()
    bus.publish(deviceNotices(deviceSid), { kind: 'changed' })
    bus.publish(deviceNotices(deviceSid), { kind: 'connected', connection: 'c1' })
    bus.publish(deviceNotices(deviceSid), notice)
    assert.match(await people.ended.promise, said)
    assert.equal(await device.ended.promise, 'closed')
  }
})

test('a connection that no server has: the debugger is told after a silence', async () => {
  const people = new Side()
  const wish = { deviceSid, connection: 'gone', holder: 'ann' }
  const request = { bus: new ProcessBus(), times: { beatMs: 5, silenceMs: 30 }, ...wish }
  openFarLine(request, peerOf(people))
  assert.match(await people.ended.promise, /^Nothing was heard of the other server/)
})
