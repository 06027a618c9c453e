/**
 * Debug sessions that somebody or something disturbs: a hostile relay, wrong keys, two debuggers, and
 * ends of every kind. Command, GDB, cloud and device are the real ones.
 */
import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { missing } from '../../tools/programs.ts'
import type { Running } from '../e2e/world.ts'
import { DebugWorld } from './debug-world.ts'
import { GDB } from './gdb.ts'
import { HostileRelay, mischiefs } from './hostile-relay.ts'

const skip = missing('cmake', 'make', 'arm-none-eabi-gcc', GDB)

describe('debug sessions', { skip }, () => {
  const debug = new DebugWorld('debuggee')
  const { world } = debug
  const config = join(world.folder, 'config/microvisor')
  let device: Running
  let relay: HostileRelay
  let around: string[]

  before(async () => {
    device = await debug.begin(join(import.meta.dirname, 'debuggee'))
    const profile = JSON.parse(readFileSync(join(config, 'profiles/local.json'), 'utf8'))
    relay = new HostileRelay(profile.url)
    const url = await relay.listen()
    const { accountSid, authToken } = profile
    around = ['--url', url, '--account-sid', accountSid, '--auth-token', authToken]
  })
  after(async () => {
    relay?.close()
    await debug.end()
  })

  test('a relay that tampers with a session cannot change what GDB sees, only interrupt it', async () => {
    const { command, port } = await debug.debug(...around)
    const gdb = await debug.gdb(port)
    await gdb.ask('break descend')
    for (const [name, mischief] of Object.entries(mischiefs)) {
      const from = command.output.length
      relay.mischief = mischief
      const stop = await gdb.run('continue')
      assert.equal(stop.function, 'descend', name)
      await command.says(/Trying again[\s\S]*Connected again/, { after: from })
      const depth = await gdb.value('depth')
      assert.ok(depth >= 0 && depth <= 7, `${name}: ${depth}`)
    }
    await gdb.end()
    await command.interrupt()
  })

  test('a relay reads nothing of what passes', async () => {
    const text = Buffer.concat(relay.seen).toString('latin1')
    assert.ok(text.length > 10_000)
    // The kernel's version and the text that GDB asked for pass in every session.
    assert.doesNotMatch(text, /debuggee|descend|Reset_Handler/)
  })

  test('another key is refused, by the device', async () => {
    const other = join(world.folder, 'other.pem')
    const files = ['--debug-auth-privkey', other, '--debug-auth-pubkey', `${other}.pub`]
    await world.succeed('debug', 'generate-keypair', ...files)
    const { code, stderr } = await world.run('debug', 'patient', other, '--port', '0')
    assert.equal(code, 1)
    assert.match(stderr, /does not hold the key that the running application names/)
  })

  test('a device that shows another certificate than before is refused, by the command', async () => {
    const file = join(config, 'known-devices.json')
    const known = readFileSync(file, 'utf8')
    writeFileSync(file, known.replaceAll(/"[\da-f]{64}"/g, `"${'0'.repeat(64)}"`))
    const { code, stderr } = await world.run('debug', 'patient', debug.key, '--port', '0')
    writeFileSync(file, known)
    assert.equal(code, 1)
    assert.match(stderr, /DEVICE_KEY_CHANGED.*Somebody may be pretending/s)
  })

  test('a second debugger is refused and told who holds the device', async () => {
    const { command } = await debug.debug()
    const { code, stderr } = await world.run('debug', 'patient', debug.key, '--port', '0')
    assert.equal(code, 1)
    assert.match(stderr, /Another debugger holds this device: .+ from .+/)
    await command.interrupt()
  })

  test('when GDB is killed the application runs on, and the next GDB is served', async () => {
    const { command, port } = await debug.debug()
    const first = await debug.gdb(port)
    const turns = await first.value('turns')
    await first.end('SIGKILL')
    await command.says(/GDB has gone/)
    const second = await debug.gdb(port)
    await second.ask('tbreak work')
    await second.run('continue')
    assert.ok((await second.value('turns')) > turns)
    await second.end()
    await command.interrupt()
  })

  test('when the command is killed the device is free for the next debugger', async () => {
    const { command, port } = await debug.debug()
    await debug.gdb(port)
    await command.kill('SIGKILL')
    const next = await debug.debug()
    await next.command.interrupt()
  })

  test('a device that restarts is found again, and GDB is at its beginning or later', async () => {
    const { command, port } = await debug.debug()
    const gdb = await debug.gdb(port)
    await gdb.ask('break descend')
    await device.interrupt()
    await command.says(/Trying again/)
    device = await world.startDevice('patient')
    await command.says(/Connected again/)
    assert.equal((await gdb.run('continue')).function, 'descend')
    await gdb.end()
    await command.interrupt()
  })

  test('an application that names no key cannot be debugged', async () => {
    await debug.deploy(debug.elf)
    const { code, stderr } = await world.run('debug', 'patient', debug.key, '--port', '0')
    assert.equal(code, 1)
    assert.match(stderr, /names no key for debugging: bundle it with --debug-auth-pubkey/)
  })
})
