/**
 * The story a user lives, with real processes over TLS: a server, devices, applications that travel,
 * run, log, crash and are replaced.
 */
import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { missing } from '../../tools/programs.ts'
import { GDB } from '../debug/gdb.ts'
import { blinkProject, blinkSaying, prebuilt } from './images.ts'
import { type Running, World } from './world.ts'

const skip = missing('cmake', 'make', 'arm-none-eabi-gcc')

// A suite, so that its processes live only as long as its own tests.
describe('the story of a user', () => {
  const world = new World()
  let server: Running
  let logs: Running
  let crashLogs: Running

  before(async () => {
    server = await world.startServer()
    await Promise.all([world.startDevice('thermostat'), world.startDevice('crasher')])
  })
  after(() => world.end())

  test('devices that run are devices of the account, by the names they were given', async () => {
    const devices = (await world.succeedJson('devices', 'list')) as { unique_name: string }[]
    assert.deepEqual(devices.map(({ unique_name }) => unique_name).sort(), [
      'crasher',
      'thermostat',
    ])
  })

  test('an application goes over the air to a device, runs and logs', async () => {
    // Crashes after ten seconds, while the tests in between run.
    await world.succeed('deploy', prebuilt('crash'), '--device', 'crasher', '--name', 'crash')
    crashLogs = world.start(['logs', 'stream', 'crasher', '--json'])
    logs = world.start(['logs', 'stream', 'thermostat'])
    await logs.says(/Logging from UV/)
    const { stderr } = await world.run('deploy', prebuilt('blink'), '--device', 'thermostat')
    assert.match(stderr, /Bundling blink\.\.\.\n/)
    assert.match(stderr, /Uploading .*blink\.zip\.\.\.\n/)
    assert.match(stderr, /Assigning app KA[0-9a-f]{32} to device UV[0-9a-f]{32}\.\.\.\n/)
    await logs.says(/\[ota_update] +INSTALLING_APP/)
    await logs.says(/\[ota_update] +STARTING_NEW_APP/)
    await logs.says(/\[ota_update] +COMPLETE/)
    await logs.says(
      /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z \[app_logging] Hello from blink, second 0$/m,
    )
    await logs.says(/Hello from blink, second 1/)
  })

  test('a second version takes over', async () => {
    const said = logs.output.length
    const image = blinkSaying('Hallo from blink', world.folder)
    await world.succeed('deploy', image, '--device', 'thermostat', '--name', 'hallo')
    await logs.says(/Hallo from blink, second 1/, { after: said })
    const device = (await world.succeedJson('devices', 'show', 'thermostat')) as {
      app: { update_status: string; target_sid: string; reported_sid: string }
    }
    const app = (await world.succeedJson('apps', 'show', 'hallo')) as { sid: string }
    assert.equal(device.app.update_status, 'up-to-date')
    assert.equal(device.app.target_sid, app.sid)
    assert.equal(device.app.reported_sid, app.sid)
    const end = logs.output.lastIndexOf('Hello from blink')
    assert.ok(logs.output.indexOf('Hallo from blink') > end, 'the first version is heard no more')
  })

  test('a device is asked what it is, while it runs', async () => {
    const text = await world.succeed('device', 'report', 'thermostat', '--data', world.data)
    assert.match(text, /UV[0-9a-f]{32}/)
    assert.match(text, /connected/)
    const report = await world.succeedJson('device', 'report', 'thermostat', '--data', world.data)
    assert.equal(typeof report, 'object')
  })

  test('logging off silences the application, restarting it starts it anew', async () => {
    await world.succeed('devices', 'update', 'thermostat', '--no-logging-enabled')
    await world.succeed('devices', 'update', 'thermostat', '--logging-enabled')
    const said = logs.output.length
    await world.succeed('devices', 'update', 'thermostat', '--restart-app')
    await logs.says(/Hallo from blink, second 0/, { after: said })
  })

  test('the log stream comes back after the server was restarted', async () => {
    const stopped = await server.interrupt()
    assert.equal(stopped.code, 0, stopped.stderr)
    await logs.says(/Connection lost/)
    server = await world.startServer()
    await logs.says(/Connected again/)
    const said = logs.output.length
    await logs.says(/Hallo from blink/, { after: said })
  })

  test('notifications reach the application, and the network state with them', async () => {
    const said = logs.output.length
    await world.succeed('deploy', prebuilt('notify'), '--device', 'thermostat')
    await logs.says(/\[app_logging] .*network connected/, { after: said })
  })

  test('Ctrl-C ends a log stream with success', async () => {
    const { code, stderr } = await logs.interrupt()
    assert.equal(code, 0, stderr)
  })

  test('a project is edited, built and deployed, and says its new words', { skip }, async () => {
    const project = blinkProject('My very own words', world.folder)
    const deployment = world.start(['deploy', project, '--device', 'thermostat', '--log'])
    await deployment.says(/Building blink\.\.\./)
    await deployment.says(/Uploading .*build\/blink\.zip\.\.\./)
    await deployment.says(/Logging from UV/)
    await deployment.says(/\[ota_update] +COMPLETE/)
    await deployment.says(/\[app_logging] My very own words, second 1/)
    const { code, stderr } = await deployment.interrupt()
    assert.equal(code, 0, stderr)
  })

  test('keys, building, deploying and GDB are one command', {
    skip: skip || missing(GDB),
  }, async () => {
    const project = join(world.folder, 'samples/blink')
    const flags = ['--device', 'thermostat', '--genkeys', '--debug', '--port', '0']
    const deployment = world.start(['deploy', project, ...flags])
    const [, port] = await deployment.says(/GDB server listening on \S+:(\d+)/)
    const script = [
      ...['set confirm off', 'set pagination off', `target extended-remote localhost:${port}`],
      ...['break mv_log', 'continue', 'backtrace', 'up', 'print second', 'detach'],
    ].flatMap((command) => ['-ex', command])
    const elf = join(project, 'build/blink.elf')
    const gdb = world.startProgram([GDB, '--nx', '--batch', ...script, elf], 'gdb')
    const { stdout } = await gdb.succeeds()
    assert.match(stdout, /Breakpoint 1, mv_log/)
    assert.match(stdout, /^#1 .* in main /m)
    assert.match(stdout, /^\$1 = \d+$/m)
    assert.ok(existsSync(join(project, 'build/debug_auth_prv_key.pem')))
    const { code, stderr } = await deployment.interrupt()
    assert.equal(code, 0, stderr)
  })

  test('a crash is reported with PC and LR, the device stays reachable, and an update cures it', async () => {
    const [line] = await crashLogs.says(/^\{.*"type":"crash".*\}$/m)
    const { crash } = JSON.parse(line)
    // An attempt to enter secure memory elsewhere than at a gateway: SFSR.INVEP.
    assert.match(crash.exception, /^SecureFault$/)
    assert.equal(crash.sfsr, 1)
    assert.equal(crash.registers.pc, 0x0c00_0000)
    assert.ok(crash.registers.lr > 0x0800_0000 && crash.registers.lr < 0x0810_0000)
    const kept = await world.succeed('crashes', 'list', '--device', 'crasher')
    const id = /^(\S+) .*SecureFault/m.exec(kept)?.[1] ?? assert.fail(kept)
    const shown = await world.succeed('crashes', 'show', id, '--device', 'crasher')
    assert.match(shown, /^pc +0x0c00_?0000$/im)
    assert.match(await world.succeed('devices', 'list'), / crasher +connected /)
    const report = await world.succeed('device', 'report', 'crasher', '--data', world.data)
    assert.match(report, /PC +0x0C00_0000/)
    const said = crashLogs.output.length
    await world.succeed('deploy', prebuilt('blink'), '--device', 'crasher', '--name', 'cure')
    await crashLogs.says(/Hello from blink, second 0/, { after: said })
  })

  test('what is over can be removed, and Ctrl-C ends server and devices with success', async () => {
    await world.succeed('apps', 'remove', 'crash')
    const apps = (await world.succeedJson('apps', 'list')) as { unique_name: string | null }[]
    assert.deepEqual(apps.map(({ unique_name }) => unique_name).filter(Boolean), ['cure', 'hallo'])
    const { code, stderr } = await server.interrupt()
    assert.equal(code, 0, stderr)
  })
})
