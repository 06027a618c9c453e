/**
 * System calls as C applications make them, one application for each group of calls: compiled, run as
 * scenarios on virtual time, then deployed over the air to a device that runs in real time, against a
 * real server, an HTTPS server and mosquitto. They count their checks and log how many failed. And the
 * samples of this part of the kernel.
 */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { formatEvent, runScenarioFile } from '@microvisor/device'
import {
  type Broker,
  httpsServer,
  mosquitto,
  TestAuthority,
  type TestServer,
} from '../../packages/server/src/testing/outside-world.ts'
import { missing } from '../../tools/programs.ts'
import { buildProject } from '../../tools/samples.ts'
import { prebuilt, withTexts } from './images.ts'
import { type Running, World } from './world.ts'

const SOURCES = join(import.meta.dirname, '../calls')
const skip = missing('cmake', 'make', 'arm-none-eabi-gcc', 'mosquitto')
const scenarios = readdirSync(SOURCES).filter((name) => name.endsWith('.yaml'))

/** The pages that web.c asks for. */
function pages(authority: TestAuthority): Promise<TestServer> {
  return authority.issue().then((identity) =>
    httpsServer(identity, ({ url, method }, response) => {
      if (url === '/slow') return
      const contents: Readonly<Record<string, string | undefined>> = {
        ...{ '/any': method, '/plain': '0123456789', '/large': 'x'.repeat(2100) },
      }
      const content = contents[url ?? '']
      response.writeHead(content === undefined ? 404 : 200, { 'x-served-by': 'the outside' })
      response.end(content)
    }),
  )
}

describe('system calls of C applications', { skip }, () => {
  const world = new World()
  let page: TestServer
  let broker: Broker
  let logs: Running
  let crashes: Running
  let device: Running

  before(async () => {
    buildProject(SOURCES, join(world.folder, 'calls'))
    const authority = await TestAuthority.make()
    page = await pages(authority)
    broker = await mosquitto({ authority, identity: await authority.issue() })
    const ca = join(world.folder, 'outside.pem')
    writeFileSync(ca, authority.pem)
    world.environment.MICROVISOR_EGRESS_CA = ca
    world.environment.MICROVISOR_EGRESS_ALLOW = `localhost:${page.port},localhost:${broker.port}`
    await world.startServer()
    device = await world.startDevice('caller')
    crashes = world.start(['logs', 'stream', 'caller', '--json'])
    logs = world.start(['logs', 'stream', 'caller'])
    await logs.says(/Logging from UV/)
  })
  after(async () => {
    await world.end()
    await page?.close()
    await broker?.close()
  })

  for (const name of scenarios) {
    test(`${name} passes on virtual time`, async () => {
      const file = join(world.folder, 'calls', name)
      writeFileSync(file, readFileSync(join(SOURCES, name)))
      const options = { seed: undefined, timeoutMs: 120_000, isRecording: false, onEvent() {} }
      const result = await runScenarioFile(file, options)
      assert.equal(result.failure, undefined, result.events.map(formatEvent).join('\n'))
    })
  }

  const deploy = (image: string, ...flags: string[]) =>
    world.succeed('deploy', image, '--device', 'caller', ...flags)
  const built = (name: string) => join(world.folder, 'calls', `${name}.elf`)

  /** None of the application's checks fails. */
  async function passes(name: string): Promise<void> {
    const [line, , failed] = await logs.says(new RegExp(`${name}: (\\d+) checks, (\\d+) failed`))
    assert.equal(failed, '0', `${line}\n${logs.output}`)
  }

  test('every call that needs no channel does what it should', async () => {
    await deploy(built('calls'))
    await passes('calls')
  })

  test('opaque channels: bytes to the cloud and back, lines into the log', async () => {
    await deploy(built('opaque'))
    await logs.says(/a line through a channel[\s\S]*another one[\s\S]*and one without an end!/)
    await passes('opaque')
  })

  test('HTTP: every method and everything that is refused, with a real HTTPS server', async () => {
    const [from, to] = [join(world.folder, 'calls/web.bin'), join(world.folder, 'web.bin')]
    await deploy(withTexts(from, { 'https://web.test': `https://localhost:${page.port}` }, to))
    await passes('web')
  })

  test('MQTT 3.1.1 and 5, with mosquitto', async () => {
    const [from, to] = [join(world.folder, 'calls/broker.bin'), join(world.folder, 'broker.bin')]
    const texts = { 'broker.test': 'localhost', '8883': `${broker.port}` }
    await deploy(withTexts(from, texts, to))
    await passes('broker')
  })

  test('config fetch: both scopes, both stores, what is not set and what does not fit', async () => {
    await world.succeed('configs', 'create', 'size', '5', '--device', 'caller')
    await world.succeed('configs', 'create', 'long', 'x'.repeat(600), '--device', 'caller')
    await world.succeed('secrets', 'create', 'word', 'swordfish')
    await deploy(built('values'))
    await passes('values')
  })

  test('logging: limits, and the cloud’s word that it wants none', async () => {
    await deploy(built('logger'))
    await logs.says(/logger: waits to be silenced/)
    await world.succeed('devices', 'update', 'caller', '--no-logging-enabled')
    await world.succeed('devices', 'update', 'caller', '--logging-enabled')
    await passes('logger')
  })

  test('a fast interrupt that hangs stops the application alone, with a report', async () => {
    await deploy(built('hung'))
    await logs.says(/about to hang/)
    const [line] = await crashes.says(/^\{.*"type":"crash".*FastInterruptHung.*\}$/m)
    const { registers } = JSON.parse(line).crash
    assert.ok(registers.pc > 0x0800_0000 && registers.pc < 0x0810_0000, line)
  })

  test('an application that asks for a reset of the chip is stopped for it', async () => {
    await deploy(built('reset'))
    await logs.says(/about to reset/)
    await crashes.says(/"type":"crash".*ResetRequest/)
    assert.doesNotMatch(device.output, /watchdog/)
  })

  test('bytes that a fast interrupt sends leave without a gap while calls are made', async () => {
    await deploy(prebuilt('fast-interrupt'))
    const [, bytes, nanoseconds] = await logs.says(
      /round 2: (\d+) bytes and \d+ system calls, at most (\d+) ns/,
    )
    assert.equal(bytes, '36')
    // A byte takes 10,850 ns; a fast interrupt waits less than 20 microseconds.
    assert.ok(Number(nanoseconds) < 20_000, `${nanoseconds} ns`)
  })

  test('a diary in external flash outlives restarts and another application', async () => {
    await deploy(prebuilt('flash'))
    const [, first] = await logs.says(/start number (\d+), for reason 9/)
    await world.succeed('devices', 'update', 'caller', '--restart-app')
    await logs.says(new RegExp(`start number ${Number(first) + 1}, for reason 2`))
  })

  test('a device that sleeps in Standby wakes to check in', async () => {
    const policies = ['--minimum-check-in-time', '3', '--connection-grace-time', '1']
    await deploy(prebuilt('sleep'), ...policies)
    await logs.says(/awake because it is new/)
    await logs.says(/(awake because a check-in is due[\s\S]*){2}/)
    const { report } = (await world.succeedJson(
      ...['device', 'report', 'caller', '--data', world.data],
    )) as { report: { energy: { microseconds: Record<string, number> } } }
    assert.ok(report.energy.microseconds.standby! > 1_000_000, JSON.stringify(report.energy))
  })
})
