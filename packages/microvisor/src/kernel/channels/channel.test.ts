/** What an application sees of its channels, beyond the statuses of single calls. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  ChannelType,
  ClosureReason,
  EventType,
  encodeUtf8,
  GoodbyeReason,
  MqttReadableDataType,
  Status,
  StreamCloseReason,
} from '@microvisor/protocol'
import type { Bench } from '../../testing/bench.ts'
import { type OpenChannel, openChannel } from '../../testing/channel-bench.ts'
import {
  answered,
  configValues,
  handleAt,
  httpRequest,
  httpResponse,
  itemParams,
  messagePlaces,
  mqttAnswers,
  publishRequest,
  sizedBuffer,
} from '../../testing/channel-calls.ts'
import { someFault } from '../../testing/fault.ts'
import { runningBench } from '../../testing/running.ts'

const { OPAQUEBYTES, HTTP, CONFIGFETCH, MQTT } = ChannelType
const { PUBLISHRESPONSE, MESSAGERECEIVED } = MqttReadableDataType
const { CHANNELDATAREADABLE, CHANNELDATAWRITESPACE, CHANNELNOTCONNECTED } = EventType

function read(bench: Bench, handle: number): { status: number | undefined; text: string } {
  const pointer = bench.place(4)
  const length = bench.place(4)
  const status = bench.call('mvReadChannel', handle, pointer, length)
  const text = Buffer.from(bench.bytes(bench.word(pointer), bench.word(length))).toString()
  return { status, text: status === Status.OKAY ? text : '' }
}

function write(bench: Bench, handle: number, text: string): number {
  const written = bench.place(4)
  const status = bench.call('mvWriteChannelStream', handle, bench.text(text), text.length, written)
  assert.equal(status, Status.OKAY)
  return bench.word(written)
}

function closure({ bench, handle }: OpenChannel): number {
  const reason = bench.place(4)
  assert.equal(bench.call('mvGetChannelClosureReason', handle, reason), Status.OKAY)
  return bench.word(reason)
}

test('the cloud learns type, endpoint and receive buffer of a channel', () => {
  const { cloud } = openChannel(OPAQUEBYTES, { receiveBytes: 16 })
  assert.equal(cloud.openedAs.type, OPAQUEBYTES)
  assert.equal(cloud.openedAs.endpoint, 'echo')
  assert.equal(cloud.openedAs.receiveBytes, 16)
})

test('bytes go both ways, and wait where there is no room', () => {
  const bench = runningBench()
  bench.cloud.channelCreditBytes = 3
  const channel = openChannel(OPAQUEBYTES, { receiveBytes: 16, sendBytes: 512 }, bench)
  const { handle, cloud, events } = channel
  assert.equal(write(bench, handle, 'x'.repeat(600)), 512)
  bench.run()
  assert.equal(cloud.received.length, 3)
  assert.deepEqual(events(), [CHANNELDATAWRITESPACE])
  cloud.allow(1000)
  bench.run()
  assert.equal(cloud.received.length, 512)

  cloud.sendBytes(encodeUtf8('abcdefghijklmnopqrst'))
  bench.run()
  assert.equal(cloud.waitingBytes, 4)
  assert.deepEqual(events(), [CHANNELDATAWRITESPACE, CHANNELDATAREADABLE])
  assert.equal(read(bench, handle).text, 'abcdefghijklmnop')
  assert.equal(read(bench, handle).text, 'abcdefghijklmnop')
  bench.call('mvReadChannelComplete', handle, 10)
  bench.run()
  assert.equal(cloud.waitingBytes, 0)
  assert.equal(read(bench, handle).text, 'klmnop')
  bench.call('mvReadChannelComplete', handle, 6)
  assert.equal(read(bench, handle).text, 'qrst')
  bench.call('mvReadChannelComplete', handle, 9999)
  assert.equal(read(bench, handle).text, '')
})

test('a write of all or nothing tells how much room there is', () => {
  const bench = runningBench()
  bench.cloud.channelCreditBytes = 0
  const { handle, cloud, events } = openChannel(OPAQUEBYTES, { sendBytes: 512 }, bench)
  const available = bench.place(4)
  const data = bench.place(600)
  const attempt = (bytes: number) => bench.call('mvWriteChannel', handle, data, bytes, available)
  assert.equal(attempt(0), Status.OKAY)
  assert.equal(bench.word(available), 512)
  assert.equal(attempt(500), Status.OKAY)
  assert.equal(bench.word(available), 12)
  assert.equal(attempt(13), Status.INVALIDBUFFERSIZE)
  assert.equal(bench.word(available), 12)
  cloud.allow(5)
  bench.run()
  assert.deepEqual(events(), [CHANNELDATAWRITESPACE])
  assert.equal(attempt(13), Status.OKAY)
})

test('what has come can be read after the cloud has closed; then the channel is closed', () => {
  const channel = openChannel(OPAQUEBYTES)
  const { bench, handle, cloud, events } = channel
  cloud.sendBytes(encodeUtf8('last words'))
  cloud.close(StreamCloseReason.DONE)
  bench.run()
  assert.deepEqual(events(), [CHANNELDATAREADABLE, CHANNELNOTCONNECTED])
  assert.equal(closure(channel), ClosureReason.CHANNELCLOSEDBYSERVER)
  const data = bench.text('x')
  assert.equal(bench.call('mvWriteChannel', handle, data, 1, bench.place(4)), Status.CHANNELCLOSED)
  assert.equal(read(bench, handle).text, 'last words')
  bench.call('mvReadChannelComplete', handle, 10)
  assert.equal(read(bench, handle).status, Status.CHANNELCLOSED)
})

test('a response is read by index and offset, as often as one likes, also after the connection is lost', () => {
  const { bench, handle } = answered(runningBench(), HTTP, httpResponse)
  bench.disconnect()
  for (let round = 0; round < 2; round++) {
    const data = bench.place(16)
    assert.equal(bench.call('mvReadHttpResponseData', handle, data), Status.OKAY)
    const words = [0, 4, 8, 12].map((offset) => bench.word(data + offset))
    assert.deepEqual(words, [0, 200, 2, 10])
    const header = bench.place(Buffer.alloc(40, '~'))
    assert.equal(bench.call('mvReadHttpResponseHeader', handle, 1, header, 40), Status.OKAY)
    assert.equal(Buffer.from(bench.bytes(header, 6)).toString(), 'x: y~~')
    const body = bench.place(Buffer.alloc(8, '~'))
    assert.equal(bench.call('mvReadHttpResponseBody', handle, 7, body, 8), Status.OKAY)
    assert.equal(Buffer.from(bench.bytes(body, 8)).toString(), '789~~~~~')
  }
})

test('a request lies in the send buffer until the cloud takes it, and arrives as it was', () => {
  const bench = runningBench()
  bench.cloud.channelCreditBytes = 7
  const { handle, cloud } = openChannel(HTTP, {}, bench)
  assert.equal(bench.call('mvSendHttpRequest', handle, httpRequest(bench)), Status.OKAY)
  bench.run()
  assert.equal(cloud.received.length, 7)
  cloud.allow(10_000)
  bench.run()
  const [request] = cloud.requests
  assert.ok(request?.case === 'http')
  assert.equal(Buffer.from(request.value.method).toString(), 'GET')
  assert.equal(Buffer.from(request.value.url).toString(), 'https://example.com/')
  assert.deepEqual(request.value.headers.map(String), [String(encodeUtf8('Accept: */*'))])
  assert.equal(Buffer.from(request.value.body).toString(), 'body')
  assert.equal(request.value.timeoutMs, 5000)
})

test('an application that overwrites its receive buffer loses the channel, and nothing else', () => {
  for (const [type, call] of [
    [HTTP, 'mvReadHttpResponseData'],
    [MQTT, 'mvMqttReadPublishResponse'],
  ] as const) {
    const answer = type === HTTP ? httpResponse : mqttAnswers.published
    const channel = answered(runningBench(), type, answer)
    const { bench, handle, receive, cloud } = channel
    bench.hardware.application.write(receive, new Uint8Array(64).fill(0xff))
    assert.equal(bench.call(call, handle, bench.place(16)), Status.CHANNELCLOSED)
    assert.equal(closure(channel), ClosureReason.UNEXPECTEDLYTERMINATED)
    bench.run()
    assert.equal(cloud.closedFor, StreamCloseReason.FAILED)
    assert.equal(bench.hardware.network.connects, 1)
  }
})

test('a response of another kind, and one that is too long, end the channel', () => {
  for (const bytes of [Uint8Array.of(2, 0x12, 0), new Uint8Array(5).fill(0xff)]) {
    const channel = openChannel(HTTP)
    channel.cloud.sendBytes(bytes)
    channel.bench.run()
    assert.equal(closure(channel), ClosureReason.UNEXPECTEDLYTERMINATED)
    assert.deepEqual(channel.events(), [CHANNELNOTCONNECTED])
  }
})

const ends: readonly (readonly [string, (channel: OpenChannel) => void, ClosureReason])[] = [
  ['nothing', () => {}, ClosureReason.NONE],
  ['the network', ({ bench }) => bench.disconnect(), ClosureReason.NETWORKDISCONNECTED],
  [
    'the cloud, with all its connections',
    ({ bench }) =>
      bench.cloud.send({ case: 'goodbye', value: { reason: GoodbyeReason.GOING_AWAY } }),
    ClosureReason.CONNECTIONTERMINATED,
  ],
  ['the cloud', (c) => c.cloud.close(StreamCloseReason.DONE), ClosureReason.CHANNELCLOSEDBYSERVER],
  [
    'the cloud, in disorder',
    (c) => c.cloud.close(StreamCloseReason.FAILED),
    ClosureReason.CHANNELRESETBYSERVER,
  ],
  ['the cloud, at once', (c) => c.cloud.close(StreamCloseReason.REFUSED), ClosureReason.NOTYETOPEN],
]

for (const [who, end, reason] of ends) {
  test(`a channel ended by ${who} says so, once, and is freed by closing it`, () => {
    const channel = openChannel(CONFIGFETCH)
    const { bench, handle, events } = channel
    end(channel)
    bench.run()
    bench.run(5_000)
    assert.equal(closure(channel), reason)
    assert.deepEqual(events(), reason === ClosureReason.NONE ? [] : [CHANNELNOTCONNECTED])
    const address = handleAt(bench, handle)
    assert.equal(bench.call('mvCloseChannel', address), Status.OKAY)
    assert.equal(bench.word(address), 0)
    assert.equal(bench.call('mvGetChannelClosureReason', handle, address), Status.INVALIDHANDLE)
  })
}

test('a value that is longer than its buffer is cut, and the length is that of what is there', () => {
  const { bench, handle } = answered(runningBench(), CONFIGFETCH, configValues)
  const buf = sizedBuffer(bench, 5)
  const result = bench.place(4)
  const params = itemParams(bench, { result, buf })
  assert.equal(bench.call('mvReadConfigResponseItem', handle, params), Status.OKAY)
  assert.equal(Buffer.from(bench.bytes(buf.data, 6)).toString(), 'the v\0')
  assert.deepEqual([bench.word(buf.length), bench.word(result)], [5, 0])
  const second = itemParams(bench, { item_index: 1, result, buf })
  assert.equal(bench.call('mvReadConfigResponseItem', handle, second), Status.OKAY)
  assert.deepEqual([bench.word(buf.length), bench.word(result)], [0, 1])
})

test('what arrives on an MQTT channel is read in its order; reading makes room', () => {
  const { message, published, disconnected } = mqttAnswers
  const channel = openChannel(MQTT, { receiveBytes: 512 })
  const { bench, handle, cloud, events } = channel
  const payload = new Uint8Array(400).fill(7)
  cloud.respond(published)
  cloud.respond({ ...message, value: { ...message.value, payload } })
  cloud.respond({ ...message, value: { ...message.value, payload } })
  cloud.respond(disconnected)
  bench.run()
  assert.equal(events().length, 2)
  const type = bench.place(4)
  const next = () => {
    assert.equal(bench.call('mvMqttGetNextReadableDataType', handle, type), Status.OKAY)
    return bench.word(type)
  }
  assert.equal(next(), MqttReadableDataType.PUBLISHRESPONSE)
  assert.equal(bench.call('mvMqttReadPublishResponse', handle, bench.place(12)), Status.OKAY)
  for (let i = 0; i < 2; i++) {
    assert.equal(next(), MqttReadableDataType.MESSAGERECEIVED)
    const places = messagePlaces(bench, { payload: sizedBuffer(bench, 400) })
    assert.equal(bench.call('mvMqttReceiveMessage', handle, places), Status.OKAY)
    bench.run()
  }
  assert.equal(next(), MqttReadableDataType.DISCONNECTRESPONSE)
  const response = bench.place(8)
  assert.equal(bench.call('mvMqttReadDisconnectResponse', handle, response), Status.OKAY)
  assert.deepEqual([bench.word(response), bench.word(response + 4)], [3, 0x8e])
  assert.equal(next(), MqttReadableDataType.NONE)
})

test('what has arrived on an MQTT channel is read once each also after the connection is lost', () => {
  const channel = openChannel(MQTT)
  const { bench, handle, cloud } = channel
  cloud.respond(mqttAnswers.published)
  cloud.respond(mqttAnswers.message)
  bench.run()
  bench.disconnect()
  const type = bench.place(4)
  const next = () => bench.call('mvMqttGetNextReadableDataType', handle, type)
  assert.deepEqual([next(), bench.word(type)], [Status.OKAY, PUBLISHRESPONSE])
  assert.equal(bench.call('mvMqttReadPublishResponse', handle, bench.place(12)), Status.OKAY)
  assert.deepEqual([next(), bench.word(type)], [Status.OKAY, MESSAGERECEIVED])
  assert.equal(bench.call('mvMqttReceiveMessage', handle, messagePlaces(bench)), Status.OKAY)
  assert.equal(next(), Status.CHANNELCLOSED)
  assert.equal(closure(channel), ClosureReason.NETWORKDISCONNECTED)
})

test('a publish that was refused for too many in flight is taken once one was answered', () => {
  const { bench, handle, cloud } = openChannel(MQTT)
  const publish = () => bench.call('mvMqttRequestPublish', handle, publishRequest(bench))
  for (let i = 0; i < 8; i++) assert.equal(publish(), Status.OKAY)
  assert.equal(publish(), Status.RATELIMITED)
  cloud.respond(mqttAnswers.published)
  bench.run()
  assert.equal(publish(), Status.OKAY)
  assert.equal(publish(), Status.RATELIMITED)
})

test('eight opens, then none until a second has passed since the first', () => {
  const bench = runningBench()
  const { handle } = openChannel(HTTP, {}, bench)
  bench.call('mvCloseChannel', handleAt(bench, handle))
  bench.run(999)
  for (let i = 0; i < 7; i++) {
    const one = openChannel(HTTP, { receiveBytes: 512, sendBytes: 512 }, bench)
    bench.call('mvCloseChannel', handleAt(bench, one.handle))
  }
  assert.throws(() => openChannel(HTTP, {}, bench), /17/)
  bench.run(1)
  openChannel(HTTP, {}, bench)
})

test('an application that stops leaves no channel behind', () => {
  const { bench, cloud } = openChannel(MQTT)
  bench.vectors.applicationFault(someFault)
  bench.run(5_000)
  assert.equal(cloud.closedFor, StreamCloseReason.DONE)
  for (let i = 0; i < 4; i++) openChannel(HTTP, { receiveBytes: 512, sendBytes: 512 }, bench)
})
