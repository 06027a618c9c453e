/**
 * Applications that talk to the world: the samples http, mqtt and config, as machine code on a device,
 * through a real server, to a real HTTPS server and a real broker; and what they see when the cloud
 * goes away under them.
 */
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import {
  type Broker,
  httpsServer,
  type MqttClient,
  mosquitto,
  mqttPeer,
  TestAuthority,
  type TestServer,
} from '../../packages/server/src/testing/outside-world.ts'
import { missing } from '../../tools/programs.ts'
import { prebuilt, withTexts } from './images.ts'
import { type Running, World } from './world.ts'

const skip = missing('mosquitto')

describe('applications that talk to the world', { skip }, () => {
  const world = new World()
  let authority: TestAuthority
  let page: TestServer
  let broker: Broker
  let peer: MqttClient
  let server: Running
  let logs: Running

  before(async () => {
    authority = await TestAuthority.make()
    page = await httpsServer(await authority.issue(), ({ url }, response) => {
      if (url === '/slow') return
      response.writeHead(200, { 'x-served-by': 'the outside' }).end('a page')
    })
    broker = await mosquitto({ authority, identity: await authority.issue() })
    peer = await mqttPeer(broker, authority)
    const ca = join(world.folder, 'outside.pem')
    writeFileSync(ca, authority.pem)
    world.environment.MICROVISOR_EGRESS_CA = ca
    world.environment.MICROVISOR_EGRESS_ALLOW = `localhost:${page.port},localhost:${broker.port}`
    server = await world.startServer()
    await world.startDevice('one')
    logs = world.start(['logs', 'stream', 'one'])
    await logs.says(/Logging from UV/)
  })
  after(async () => {
    await world.end()
    await peer.endAsync(true)
    await page.close()
    await broker.close()
  })

  /** A sample with other texts in the places that it keeps for them. */
  function edited(sample: string, texts: Readonly<Record<string, string>>, name = sample): string {
    return withTexts(prebuilt(sample, 'bin'), texts, join(world.folder, `${name}.bin`))
  }

  async function deploy(image: string): Promise<number> {
    const said = logs.output.length
    await world.succeed('deploy', image, '--device', 'one')
    return said
  }

  test('http: a page is fetched, its status, headers and body arrive', async () => {
    const url = `https://localhost:${page.port}/`
    const said = await deploy(edited('http', { 'https://example.com/': url }))
    await logs.says(/result 0, HTTP status 200/, { after: said })
    await logs.says(/header: x-served-by: the outside/, { after: said })
    await logs.says(/body, 6 bytes: a page/, { after: said })
  })

  test('http: what the policy refuses fails, and the application goes on', async () => {
    const url = `https://127.0.0.1:${page.port}/`
    const said = await deploy(edited('http', { 'https://example.com/': url }, 'refused'))
    await logs.says(/result 5, HTTP status 0/, { after: said })
  })

  test('config: the values set for a device arrive, and a Secret is never shown', async () => {
    await world.succeed('configs', 'create', 'colour', 'blue', '--device', 'one')
    await world.succeed('secrets', 'create', 'token', 'open sesame')
    const shown = await world.succeedJson('secrets', 'show', 'token')
    assert.deepEqual(Object.keys(shown as object).sort(), ['date_rotated', 'key', 'url'])
    const said = await deploy(prebuilt('config'))
    await logs.says(/colour is blue/, { after: said })
    await logs.says(/token has 11 bytes/, { after: said })
    await world.succeed('configs', 'update', 'colour', 'green', '--device', 'one')
    await world.succeed('secrets', 'remove', 'token')
    await world.succeed('devices', 'update', 'one', '--restart-app')
    await logs.says(/colour is green/, { after: said })
    await logs.says(/token is not set \(1\)/, { after: said })
  })

  test('mqtt: hello goes out, messages come in and are sent back, the end is told', async () => {
    const heard: string[] = []
    peer.on('message', (topic, payload) => heard.push(`${topic.split('/').at(-1)} ${payload}`))
    await peer.subscribeAsync('microvisor/+/out', { qos: 1 })
    const said = await deploy(
      edited('mqtt', { 'test.mosquitto.org': 'localhost', '8886': `${broker.port}` }),
    )
    const [, topic = ''] = await logs.says(/listening on (\S+)/, { after: said })
    await until(() => heard.includes('out hello'))
    for (const text of ['one', 'two', 'three']) await peer.publishAsync(topic, text, { qos: 1 })
    await logs.says(/received: three/, { after: said })
    await until(() => heard.includes('out three'))
    await broker.kill()
    await logs.says(/the session is over: state 3/, { after: said })
    await logs.says(/mqtt: done/, { after: said })
  })

  test('http: the cloud goes away in the midst of a request, and the application goes on', async () => {
    const url = `https://localhost:${page.port}/slow`
    const said = await deploy(edited('http', { 'https://example.com/': url }, 'slow'))
    await logs.says(/http: fetching .*slow/, { after: said })
    assert.equal((await server.interrupt()).code, 0)
    server = await world.startServer()
    await logs.says(/Connected again/, { after: said })
    // What was logged meanwhile nobody streamed; the next request fails at its own timeout.
    await logs.says(/result 5, HTTP status 0/, { after: said, timeoutMs: 60_000 })
  })
})

async function until(condition: () => boolean): Promise<void> {
  const end = performance.now() + 30_000
  while (!condition()) {
    if (performance.now() > end) throw new Error('It did not come about within 30 s.')
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}
