/** MQTT through a real server to real brokers. */
import assert from 'node:assert/strict'
import type { AddressInfo } from 'node:net'
import { after, before, describe, test } from 'node:test'
import { createServer } from 'node:tls'
import {
  type ChannelRequestInit,
  ChannelType,
  encodeUtf8,
  MqttRequestState as State,
} from '@microvisor/protocol'
import { missing } from '../../../../tools/programs.ts'
import { type TestCloud, testCloud } from '../testing/cloud.ts'
import { type NewDevice, provision, TestDevice } from '../testing/device.ts'
import { DeviceChannel } from '../testing/device-channel.ts'
import {
  type Broker,
  type Identity,
  type MqttClient,
  mosquitto,
  mqttPeer,
  TestAuthority,
} from '../testing/outside-world.ts'

type Connect = Extract<ChannelRequestInit, { case: 'mqttConnect' }>['value']

const text = (bytes: Uint8Array) => Buffer.from(bytes).toString()
const versions = { '3.1.1': 0, '5': 1 } as const
const skip = missing('mosquitto')

describe('MQTT through the cloud', { skip }, () => {
  let authority: TestAuthority
  let own: Identity
  let plain: Broker
  let strict: Broker
  let cloud: TestCloud
  let device: NewDevice
  let link: TestDevice
  /** Somebody else at the broker. */
  let peer: MqttClient
  let heard: string[]

  before(async () => {
    authority = await TestAuthority.make()
    own = await authority.issue('a-device')
    const identity = await authority.issue()
    plain = await mosquitto({ authority, identity })
    strict = await mosquitto({
      ...{ authority, identity },
      settings: ['require_certificate true', 'use_identity_as_username true'],
    })
    cloud = await testCloud({
      egress: { open: ['localhost'], authorities: [] },
      limits: { channelBurst: 1000, mqttMessageBurst: 150, mqttMessagesPerSecond: 1 },
    })
    device = await provision(cloud.client)
    link = await TestDevice.join(device)
    peer = await mqttPeer(plain, authority)
    await peer.subscribeAsync('out/#', { qos: 2 })
    heard = []
    peer.on('message', (topic, payload) => heard.push(`${topic} ${payload}`))
  })
  after(async () => {
    await peer.endAsync(true)
    await link.close()
    await cloud.close()
    await plain.close()
    await strict.close()
  })

  function connectTo(broker: Broker, changes: Partial<Connect> = {}): ChannelRequestInit {
    const value = {
      protocolVersion: versions['5'],
      host: encodeUtf8('localhost'),
      port: broker.port,
      clientId: encodeUtf8(`device-${Math.random()}`),
      authorities: [authority.der],
      keepaliveSeconds: 30,
      cleanStart: true,
      ...changes,
    }
    return { case: 'mqttConnect', value } as ChannelRequestInit
  }

  async function connected(
    changes: Partial<Connect> = {},
    options: { receiveBytes?: number; credit?: number } = {},
    broker = plain,
  ): Promise<DeviceChannel> {
    const channel = DeviceChannel.open(link, ChannelType.MQTT, options)
    channel.request(connectTo(broker, changes))
    const { requestState, reasonCode } = await channel.expect('mqttConnected')
    assert.deepEqual([requestState, reasonCode], [State.REQUESTCOMPLETED, 0])
    return channel
  }

  async function subscribe(channel: DeviceChannel, topic: string, qos: number) {
    const subscriptions = [{ topic: encodeUtf8(topic), qos }]
    channel.request({ case: 'mqttSubscribe', value: { correlationId: 3, subscriptions } })
    return channel.expect('mqttSubscribed')
  }

  for (const [name, protocolVersion] of Object.entries(versions)) {
    test(`${name}: publish and receive in every quality, subscribe and unsubscribe`, async () => {
      const channel = await connected({ protocolVersion })
      const subscribed = await subscribe(channel, 'in/+', 2)
      assert.deepEqual([subscribed.correlationId, subscribed.reasonCodes], [3, [2]])
      for (const qos of [0, 1, 2] as const) {
        const topic = encodeUtf8(`out/${name}`)
        const payload = encodeUtf8(`quality ${qos}`)
        const value = { correlationId: 10 + qos, topic, payload, qos }
        channel.request({ case: 'mqttPublish', value })
        const published = await channel.expect('mqttPublished')
        assert.equal(published.requestState, State.REQUESTCOMPLETED)
        assert.equal(published.correlationId, 10 + qos)
        await until(() => heard.includes(`out/${name} quality ${qos}`))

        const arrived = peer.publishAsync('in/x', `for you ${qos}`, { qos })
        const message = await channel.expect('mqttMessage')
        assert.equal(text(message.topic), 'in/x')
        assert.equal(text(message.payload), `for you ${qos}`)
        assert.equal(message.qos, qos)
        const { correlationId } = message
        channel.request({ case: 'mqttAcknowledge', value: { correlationId } })
        await arrived
      }
      const topics = [encodeUtf8('in/+')]
      channel.request({ case: 'mqttUnsubscribe', value: { correlationId: 4, topics } })
      const unsubscribed = await channel.expect('mqttUnsubscribed')
      assert.deepEqual([unsubscribed.correlationId, unsubscribed.reasonCodes], [4, [0]])
      channel.request({ case: 'mqttDisconnect', value: {} })
      const { requestState } = await channel.expect('mqttDisconnected')
      assert.equal(requestState, State.REQUESTCOMPLETED)
      channel.close()
    })

    test(`${name}: what was not acknowledged comes again in the next session`, async () => {
      const clientId = encodeUtf8(`persistent-${name}`)
      const persistent = { clientId, cleanStart: false, protocolVersion }
      const again = await connected(persistent)
      await subscribe(again, 'keep/me', 1)
      await peer.publishAsync('keep/me', 'precious', { qos: 1 })
      assert.equal(text((await again.expect('mqttMessage')).payload), 'precious')
      again.close()
      const last = await connected(persistent)
      const { payload, correlationId } = await last.expect('mqttMessage')
      assert.equal(text(payload), 'precious')
      last.request({ case: 'mqttAcknowledge', value: { correlationId } })
      last.request({ case: 'mqttDisconnect', value: {} })
      await last.expect('mqttDisconnected')
      last.close()
    })
  }

  test('a will is published when the device goes without a word, and not when it says goodbye', async () => {
    const will = (payload: string) => ({
      will: { topic: encodeUtf8('out/will'), payload: encodeUtf8(payload), qos: 1 },
    })
    const polite = await connected(will('never'))
    polite.request({ case: 'mqttDisconnect', value: {} })
    await polite.expect('mqttDisconnected')
    polite.close()
    const lost = await connected(will('lost'))
    lost.close()
    await until(() => heard.includes('out/will lost'))
    assert.ok(!heard.includes('out/will never'))
  })

  test('a certificate of its own opens a broker that asks for one', async () => {
    const certificates = [own.certificateDer]
    const channel = await connected({ certificates, privateKey: own.keyDer }, {}, strict)
    channel.close()
    const without = DeviceChannel.open(link, ChannelType.MQTT)
    without.request(connectTo(strict))
    assert.notEqual((await without.expect('mqttConnected')).requestState, State.REQUESTCOMPLETED)
    without.close()
  })

  const bytes = encodeUtf8
  const refused: readonly (readonly [keyof typeof State, () => Partial<Connect>])[] = [
    ['UNKNOWNCA', () => ({ authorities: [] })],
    ['NXDOMAIN', () => ({ host: bytes('no-such-host.invalid') })],
    ['SOCKETERROR', () => ({ host: bytes('127.0.0.1') })],
    ['SOCKETERROR', () => ({ port: 1 })],
    ['INVALIDPARAMETERS', () => ({ port: 0 })],
    ['INVALIDPARAMETERS', () => ({ protocolVersion: 2 })],
    ['INVALIDPARAMETERS', () => ({ host: bytes('local host') })],
    ['INVALIDPARAMETERS', () => ({ host: bytes('localhost/x') })],
    ['INVALIDPARAMETERS', () => ({ keepaliveSeconds: 65_536 })],
    ['INVALIDPARAMETERS', () => ({ clientId: Uint8Array.of(0xff) })],
    ['INVALIDPARAMETERS', () => ({ authorities: [bytes('no certificate')] })],
    ['INVALIDPARAMETERS', () => ({ certificates: [own.certificateDer], privateKey: bytes('x') })],
    ['INVALIDPARAMETERS', () => ({ will: { topic: bytes('a/#'), payload: bytes('x') } })],
    ['INVALIDPARAMETERS', () => ({ will: { topic: bytes('a'), payload: bytes('x'), qos: 3 } })],
  ]
  for (const [state, changes] of refused) {
    test(`a connect is answered with ${state}: ${changes}`, async () => {
      const channel = DeviceChannel.open(link, ChannelType.MQTT)
      channel.request(connectTo(plain, changes()))
      assert.equal((await channel.expect('mqttConnected')).requestState, State[state])
      channel.request({ case: 'mqttPublish', value: { correlationId: 1, topic: bytes('a') } })
      assert.equal((await channel.expect('mqttPublished')).requestState, State.NOTCONNECTED)
      channel.close()
    })
  }

  test('requests that make no sense are answered, and the session goes on', async () => {
    const channel = await connected()
    channel.request(connectTo(plain))
    assert.equal((await channel.expect('mqttConnected')).requestState, State.ALREADYCONNECTED)
    for (const topic of ['', 'a/+', 'a\0b']) {
      channel.request({ case: 'mqttPublish', value: { topic: bytes(topic) } })
      assert.equal((await channel.expect('mqttPublished')).requestState, State.INVALIDPARAMETERS)
    }
    assert.equal((await subscribe(channel, '', 0)).requestState, State.INVALIDPARAMETERS)
    assert.equal((await subscribe(channel, 'a', 3)).requestState, State.INVALIDPARAMETERS)
    channel.request({ case: 'mqttUnsubscribe', value: { topics: [] } })
    assert.equal((await channel.expect('mqttUnsubscribed')).requestState, State.INVALIDPARAMETERS)
    assert.equal((await subscribe(channel, 'fine', 0)).requestState, State.REQUESTCOMPLETED)
    channel.close()
  })

  test('somebody with the same client id takes the session over, and the device learns it', async () => {
    const clientId = encodeUtf8('twins')
    const first = await connected({ clientId })
    const other = await TestDevice.join(await provision(cloud.client))
    const second = DeviceChannel.open(other, ChannelType.MQTT)
    second.request(connectTo(plain, { clientId }))
    await second.expect('mqttConnected')
    assert.equal((await first.expect('mqttDisconnected')).requestState, State.NOTCONNECTED)
    first.close()
    await other.close()
  })

  /** A broker that answers each connect with these packets. */
  async function scripted(packets: readonly Uint8Array[]): Promise<Broker> {
    const { key, certificate } = await authority.issue()
    const server = createServer({ key, cert: certificate }, (socket) => {
      socket.on('error', () => undefined)
      socket.once('data', () => socket.write(Buffer.concat(packets)))
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const close = () => new Promise<void>((resolve) => server.close(() => resolve()))
    return { port: (server.address() as AddressInfo).port, close, kill: close }
  }

  const CONNACK = Uint8Array.of(0x20, 3, 0, 0, 0)
  const endings: readonly (readonly [string, Uint8Array, number])[] = [
    ['says that the session was taken over', Uint8Array.of(0xe0, 1, 0x8e), 0x8e],
    ['says nothing MQTT', Uint8Array.of(0x30, 0xff, 0xff, 0xff, 0xff), 0x81],
    ['sends a packet that is too large', Uint8Array.of(0x30, 0xff, 0xff, 0x7f), 0x95],
    ['sends a packet that breaks the rules', Uint8Array.of(0x32, 2, 0, 9), 0x81],
  ]
  for (const [what, packet, code] of endings) {
    test(`a broker that ${what} ends the session with ${code}`, async () => {
      const broker = await scripted([CONNACK, packet])
      const channel = await connected({}, {}, broker)
      const { requestState, reasonCode } = await channel.expect('mqttDisconnected')
      assert.deepEqual([requestState, reasonCode], [State.NOTCONNECTED, code])
      channel.close()
      await broker.close()
    })
  }

  test('a broker that refuses is heard', async () => {
    const broker = await scripted([Uint8Array.of(0x20, 3, 0, 0x87, 0)])
    const channel = DeviceChannel.open(link, ChannelType.MQTT)
    channel.request(connectTo(broker))
    const { requestState, reasonCode } = await channel.expect('mqttConnected')
    assert.deepEqual([requestState, reasonCode], [State.REQUESTCOMPLETED, 0x87])
    channel.close()
    await broker.close()
  })

  test('a message that does not fit the device is reported as lost, and is over', async () => {
    const channel = await connected({}, { receiveBytes: 512 })
    await subscribe(channel, 'big/#', 1)
    await peer.publishAsync('big/one', 'x'.repeat(600), { qos: 1 })
    const lost = await channel.expect('mqttLostMessage')
    assert.equal(text(lost.topic), 'big/one')
    assert.equal(lost.messageBytes, 600)
    await peer.publishAsync(`big/${'y'.repeat(800)}`, 'z', { qos: 1 })
    const long = await channel.expect('mqttLostMessage')
    assert.ok(long.topic.length > 450 && long.topic.length < 512)
    channel.close()
  })

  test('a broker that sends too much is left', async () => {
    const channel = await connected()
    await subscribe(channel, 'flood', 0)
    for (let i = 0; i < 200; i++) peer.publish('flood', 'x')
    for (let i = 0; i < 150; i++) await channel.expect('mqttMessage')
    const { requestState } = await channel.expect('mqttDisconnected')
    assert.equal(requestState, State.CONNECTIONCIRCUITBREAKER)
    channel.close()
  })

  test('a broker that dies ends the session, and what was under way is answered', async () => {
    const broker = await mosquitto({ authority, identity: await authority.issue() })
    const channel = await connected({}, {}, broker)
    await broker.kill()
    assert.equal((await channel.expect('mqttDisconnected')).requestState, State.NOTCONNECTED)
    channel.request({ case: 'mqttDisconnect', value: {} })
    assert.equal((await channel.expect('mqttDisconnected')).requestState, State.NOTCONNECTED)
    channel.close()
  })
})

async function until(condition: () => boolean): Promise<void> {
  const end = performance.now() + 20_000
  while (!condition()) {
    if (performance.now() > end) throw new Error('It did not come about within 20 s.')
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}
