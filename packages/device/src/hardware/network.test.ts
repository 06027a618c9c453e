import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type ConnectionEvents, NetworkPort } from './network.ts'

/** A wire that a test holds the other end of. */
function wire() {
  const log: string[] = []
  const calls: ConnectionEvents[] = []
  const peer = { pendingBytes: 0, sent: [] as number[], isReceiving: true }
  const port = new NetworkPort(
    {
      connect(events) {
        calls.push(events)
        return {
          get pendingBytes() {
            return peer.pendingBytes
          },
          send(bytes) {
            peer.pendingBytes += bytes.length
            peer.sent.push(...bytes)
          },
          setReceiving: (isReceiving) => (peer.isReceiving = isReceiving),
          end: () => log.push('end'),
          destroy: () => log.push('destroy'),
        }
      },
    },
    () => log.push(port.state),
  )
  return { port, log, peer, calls }
}

test('a connection comes about, carries bytes both ways, and is lost with a reason', () => {
  const { port, log, peer, calls } = wire()
  assert.equal(port.state, 'idle')
  port.connect()
  assert.equal(port.state, 'connecting')
  assert.equal(port.send(Uint8Array.of(1)), 0)
  calls[0].connected()
  assert.equal(port.send(Uint8Array.of(1, 2)), 2)
  assert.deepEqual(peer.sent, [1, 2])
  calls[0].received(Uint8Array.of(3, 4, 5))
  calls[0].closed('gone')
  assert.deepEqual([port.state, port.lastError], ['idle', 'gone'])
  const into = new Uint8Array(2)
  assert.equal(port.receive(into), 2)
  assert.deepEqual([...into], [3, 4])
  assert.equal(port.receive(into), 1)
  assert.deepEqual(log, ['connected', 'connected', 'idle'])
})

test('both buffers are bounded, and both tell when there is room again', () => {
  const { port, peer, calls, log } = wire()
  port.connect()
  calls[0].connected()
  assert.equal(port.send(new Uint8Array(100_000)), 65_536)
  assert.equal(port.send(new Uint8Array(1)), 0)
  peer.pendingBytes = 0
  calls[0].drained()
  assert.equal(log.length, 2)
  assert.equal(port.send(new Uint8Array(1)), 1)
  for (let i = 0; i < 4; i++) calls[0].received(new Uint8Array(65_536).fill(i))
  assert.equal(peer.isReceiving, false)
  const into = new Uint8Array(100_000)
  assert.equal(port.receive(into), 100_000)
  assert.equal(into[65_536], 1)
  assert.equal(peer.isReceiving, true)
})

test('what is sent belongs to the caller again', () => {
  const { port, peer, calls } = wire()
  port.connect()
  calls[0].connected()
  const bytes = Uint8Array.of(7)
  port.send(bytes)
  bytes[0] = 8
  assert.deepEqual(peer.sent, [7])
})

test('a connection that was closed is never heard of again', () => {
  const { port, log, calls } = wire()
  port.connect()
  calls[0].connected()
  port.close()
  assert.equal(port.state, 'idle')
  port.connect()
  calls[0].received(Uint8Array.of(1))
  calls[0].closed('late')
  assert.deepEqual([port.state, port.lastError], ['connecting', ''])
  assert.equal(port.receive(new Uint8Array(1)), 0)
  assert.deepEqual(log, ['connected', 'end'])
})

test('without a link nothing connects', () => {
  const { port, calls, log } = wire()
  port.connect()
  port.setLink(false)
  assert.equal(port.state, 'down')
  port.connect()
  port.reset()
  assert.equal(port.state, 'down')
  assert.equal(calls.length, 1)
  port.setLink(true)
  assert.equal(port.state, 'idle')
  assert.deepEqual(log, ['destroy', 'down', 'idle'])
})
