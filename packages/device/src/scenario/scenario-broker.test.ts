/** The broker of a scenario, without a device: what its clients are told. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  type ChannelRequestInit,
  type ChannelResponseInit,
  decodeChannelRequest,
  decodeUtf8,
  encodeChannelRequest,
  encodeUtf8,
  Framing,
} from '@microvisor/protocol'
import { ScenarioBroker, topicMatches } from './scenario-broker.ts'

type ConnectInit = Omit<
  Extract<ChannelRequestInit, { case: 'mqttConnect' }>['value'],
  '$typeName' | '$unknown'
>

/** A broker whose time the test moves, and clients that note what they hear. */
function broker() {
  const due: { at: number; action: () => void }[] = []
  let now = 0
  const published: string[] = []
  const unit = new ScenarioBroker({
    brokers: ['broker.test:8883'],
    after(ms, action) {
      const timer = { at: now + ms, action }
      due.push(timer)
      return () => void due.splice(due.indexOf(timer), 1)
    },
    published: (topic, payload) => published.push(`${topic} ${decodeUtf8(payload)}`),
  })
  const settle = () => {
    while (due.length > 0) {
      due.sort((a, b) => a.at - b.at)
      const { at, action } = due.shift()!
      now = at
      action()
    }
  }
  const join = (receiveBytes = 4096) => {
    const heard: string[] = []
    const session = unit.open(receiveBytes, (response) => heard.push(tell(response)))
    const ask = (body: ChannelRequestInit) => {
      const problem = session.request(asReceived(body))
      settle()
      return problem
    }
    const connect = (name: string, more: ConnectInit = {}) => {
      const text = { host: encodeUtf8('broker.test'), clientId: encodeUtf8(name) }
      const value = { ...{ ...text, port: 8883, protocolVersion: 1, cleanStart: true }, ...more }
      ask({ case: 'mqttConnect', value })
    }
    const subscribe = (filter: string, more: object = {}) => {
      const subscriptions = [{ topic: encodeUtf8(filter), qos: 1, ...more }]
      ask({ case: 'mqttSubscribe', value: { correlationId: 1, subscriptions } })
    }
    const publish = (topic: string, payload: string, more: object = {}) => {
      const texts = { topic: encodeUtf8(topic), payload: encodeUtf8(payload) }
      ask({ case: 'mqttPublish', value: { correlationId: 2, ...texts, qos: 1, ...more } })
    }
    const leave = () => {
      session.end()
      settle()
    }
    return { heard, ask, connect, subscribe, publish, leave }
  }
  return { unit, published, settle, join }
}

function asReceived(body: ChannelRequestInit) {
  const [content] = new Framing(65_536).push(encodeChannelRequest(body)).contents
  const request = decodeChannelRequest(content!)
  assert.ok(typeof request !== 'string')
  return request
}

function tell({ case: kind, value }: ChannelResponseInit): string {
  const { requestState, reasonCode, reasonCodes, topic, payload, qos, retain, correlationId } =
    value as Record<string, never>
  if (kind === 'mqttMessage') {
    const flags = `${qos ?? 0}${retain ? 'r' : ''}`
    return `${decodeUtf8(topic!)}=${decodeUtf8(payload!)} ${flags} #${correlationId}`
  }
  if (kind === 'mqttLostMessage') return `lost ${decodeUtf8(topic!)}`
  return `${kind} ${requestState} ${reasonCodes ?? reasonCode ?? 0}`
}

test('filters match topics as the standard says', () => {
  const cases = [
    ['sport/#', ['sport', 'sport/tennis', 'sport/tennis/player1'], ['sports', 'a/sport']],
    ['sport/+', ['sport/tennis', 'sport/'], ['sport', 'sport/tennis/x']],
    ['+/+', ['/finance', 'a/b'], ['a', 'a/b/c']],
    ['/+', ['/finance'], ['finance']],
    ['#', ['a', 'a/b'], ['$SYS/load']],
    ['+/load', ['x/load'], ['$SYS/load']],
    ['$SYS/#', ['$SYS/load'], ['SYS/load']],
  ] as const
  for (const [filter, good, bad] of cases) {
    for (const topic of good) assert.ok(topicMatches(filter, topic), `${filter} ${topic}`)
    for (const topic of bad) assert.ok(!topicMatches(filter, topic), `${filter} ${topic}`)
  }
})

test('a message goes to whoever wants it, with the lower quality, and its sender is told', () => {
  const { join, published } = broker()
  const [one, two] = [join(), join()]
  one.connect('one')
  two.connect('two')
  one.subscribe('a/+')
  two.publish('a/b', 'hello', { qos: 2 })
  two.publish('c', 'nobody')
  assert.deepEqual(one.heard, ['mqttConnected 0 0', 'mqttSubscribed 0 1', 'a/b=hello 1 #1'])
  assert.deepEqual(two.heard, ['mqttConnected 0 0', 'mqttPublished 0 0', 'mqttPublished 0 16'])
  assert.deepEqual(published, ['a/b hello', 'c nobody'])
})

test('what cannot be reached is said as the cloud would say it', () => {
  const { unit, join } = broker()
  const states: string[] = []
  const attempt = (more: ConnectInit) => {
    const client = join()
    client.connect('x', more)
    states.push(client.heard[0]!)
  }
  attempt({ host: encodeUtf8('elsewhere.test') })
  attempt({ port: 1883 })
  attempt({ will: { topic: encodeUtf8('a/#'), payload: encodeUtf8(''), qos: 0 } as never })
  unit.setDown(true)
  attempt({})
  unit.setDown(false)
  attempt({})
  const expected = [4, 7, 1, 7, 0].map((state) => `mqttConnected ${state} 0`)
  assert.deepEqual(states, expected)
})

test('a client of the same name takes over, and the will of a broken one is published', () => {
  const { join, published } = broker()
  const [first, second] = [join(), join()]
  const will = { topic: encodeUtf8('wills/x'), payload: encodeUtf8('gone'), qos: 1 } as never
  first.connect('x', { will })
  second.connect('x', { will })
  assert.deepEqual(first.heard, ['mqttConnected 0 0', 'mqttDisconnected 3 142'])
  assert.deepEqual(published, ['wills/x gone'])
  second.ask({ case: 'mqttDisconnect', value: {} })
  assert.deepEqual(second.heard.at(-1), 'mqttDisconnected 0 0')
  assert.equal(published.length, 1, 'who says goodbye has no will')
})

test('a session that is kept gets what it has not acknowledged again', () => {
  const { unit, join, settle } = broker()
  const kept = { cleanStart: false }
  const before = join()
  before.connect('x', kept)
  before.subscribe('in')
  unit.publish('in', 'one')
  settle()
  unit.publish('in', 'two')
  settle()
  before.ask({ case: 'mqttAcknowledge', value: { correlationId: 1 } })
  before.leave()
  unit.publish('in', 'three')
  const after = join()
  after.connect('x', kept)
  assert.deepEqual(after.heard.slice(1), ['in=two 1 #1', 'in=three 1 #2'])
  after.leave()
  const clean = join()
  clean.connect('x')
  assert.deepEqual(clean.heard, ['mqttConnected 0 0'])
})

test('retained messages come with a new subscription, and retain handling is obeyed', () => {
  const { join } = broker()
  const [one, two] = [join(), join()]
  one.connect('one')
  two.connect('two')
  one.publish('state', 'on', { retain: true })
  two.subscribe('state')
  two.subscribe('state', { retainHandling: 1 })
  two.subscribe('state', { retainHandling: 2 })
  assert.deepEqual(
    two.heard.filter((line) => line.startsWith('state')),
    ['state=on 1r #1'],
  )
  one.publish('state', '', { retain: true })
  const three = join()
  three.connect('three')
  three.subscribe('state')
  assert.equal(three.heard.length, 2)
})

test('a message that is too large for the device is lost, with word of it', () => {
  const { unit, join, settle } = broker()
  const small = join(100)
  small.connect('small', { cleanStart: false })
  small.subscribe('in')
  unit.publish('in', 'x'.repeat(200))
  settle()
  assert.equal(small.heard.at(-1), 'lost in')
})

test('requests that make no sense, and those without a session, are answered', () => {
  const { join } = broker()
  const client = join()
  client.publish('a', 'x')
  client.connect('x')
  client.connect('x')
  client.publish('a/#', 'x')
  client.publish('a', 'x', { qos: 3 })
  client.subscribe('')
  client.subscribe('a', { qos: 3 })
  client.ask({ case: 'mqttUnsubscribe', value: { correlationId: 1, topics: [encodeUtf8('b')] } })
  const expected = [
    ...['mqttPublished 3 0', 'mqttConnected 0 0', 'mqttConnected 2 0', 'mqttPublished 1 0'],
    ...['mqttPublished 1 0', 'mqttSubscribed 1 0', 'mqttSubscribed 1 0', 'mqttUnsubscribed 0 17'],
  ]
  assert.deepEqual(client.heard, expected)
  assert.match(client.ask({ case: 'http', value: {} })!, /is for MQTT/)
})
