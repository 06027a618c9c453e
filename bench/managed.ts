/**
 * What the cloud's half costs, on loopback: an HTTP request of a device to a server and back, and MQTT
 * messages to and from a broker (mosquitto), each through the link of one device. The device is a
 * program that speaks the link: its own time is not in it.
 */
import { performance } from 'node:perf_hooks'
import { ChannelType, encodeUtf8 } from '@microvisor/protocol'
import { type TestCloud, testCloud } from '../packages/server/src/testing/cloud.ts'
import { provision, TestDevice } from '../packages/server/src/testing/device.ts'
import { DeviceChannel } from '../packages/server/src/testing/device-channel.ts'
import {
  httpsServer,
  mosquitto,
  mqttPeer,
  TestAuthority,
} from '../packages/server/src/testing/outside-world.ts'
import type { Report } from './run.ts'

const REQUESTS = 500
const MESSAGES = 4_000
/** As many as an application may have under way. */
const IN_FLIGHT = 8
const PLENTY = 1_000_000

export async function bench(report: Report): Promise<void> {
  const authority = await TestAuthority.make()
  const cloud = await testCloud({
    egress: { open: ['localhost'], authorities: [authority.pem] },
    limits: {
      channelBurst: PLENTY,
      mqttMessageBurst: PLENTY,
      mqttMessagesPerSecond: PLENTY,
    },
  })
  try {
    await http(report, cloud, authority)
    await mqtt(report, cloud, authority)
  } finally {
    await cloud.close()
  }
}

async function http(report: Report, cloud: TestCloud, authority: TestAuthority): Promise<void> {
  const server = await httpsServer(await authority.issue(), (_, response) => response.end('a page'))
  const device = await TestDevice.join(await provision(cloud.client))
  const url = encodeUtf8(`https://localhost:${server.port}/`)
  const value = { method: encodeUtf8('GET'), url, timeoutMs: 10_000 }
  const times: number[] = []
  for (let i = 0; i < REQUESTS; i++) {
    const started = performance.now()
    const channel = DeviceChannel.open(device, ChannelType.HTTP, { receiveBytes: 4096 })
    channel.request({ case: 'http', value })
    await channel.expect('http')
    channel.close()
    times.push(performance.now() - started)
  }
  times.sort((a, b) => a - b)
  const at = (share: number) => Math.round(times[Math.floor(times.length * share)]! * 100) / 100
  report({ case: 'HTTP round trip, median', value: at(0.5), unit: 'ms' })
  report({ case: 'HTTP round trip, 99 of 100 within', value: at(0.99), unit: 'ms' })
  await device.close()
  await server.close()
}

async function mqtt(report: Report, cloud: TestCloud, authority: TestAuthority): Promise<void> {
  const broker = await mosquitto({
    ...{ authority, identity: await authority.issue() },
    settings: ['allow_anonymous true', 'max_queued_messages 0', 'max_inflight_messages 0'],
  })
  const peer = await mqttPeer(broker, authority)
  const device = await TestDevice.join(await provision(cloud.client))
  const channel = DeviceChannel.open(device, ChannelType.MQTT)
  const host = encodeUtf8('localhost')
  const clientId = encodeUtf8('bench')
  const connect = { protocolVersion: 1, host, port: broker.port, clientId, cleanStart: true }
  channel.request({ case: 'mqttConnect', value: connect })
  await channel.expect('mqttConnected')
  report({ case: 'MQTT publishes of QoS 1', value: await publishes(channel), unit: '/s' })
  const subscriptions = [{ topic: encodeUtf8('in'), qos: 0 }]
  channel.request({ case: 'mqttSubscribe', value: { subscriptions } })
  await channel.expect('mqttSubscribed')
  const started = performance.now()
  for (let i = 0; i < MESSAGES; i++) peer.publish('in', 'a message of some length, as they are')
  for (let i = 0; i < MESSAGES; i++) await channel.expect('mqttMessage')
  report({ case: 'MQTT messages received', value: perSecond(started), unit: '/s' })
  await peer.endAsync(true)
  await device.close()
  await broker.close()
}

async function publishes(channel: DeviceChannel): Promise<number> {
  const value = { topic: encodeUtf8('out'), payload: encodeUtf8('a message'), qos: 1 }
  const publish = () => channel.request({ case: 'mqttPublish', value })
  const started = performance.now()
  for (let i = 0; i < IN_FLIGHT; i++) publish()
  for (let i = 0; i < MESSAGES; i++) {
    await channel.expect('mqttPublished')
    if (i < MESSAGES - IN_FLIGHT) publish()
  }
  return perSecond(started)
}

function perSecond(started: number): number {
  return Math.round((MESSAGES * 1000) / (performance.now() - started))
}
