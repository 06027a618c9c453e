/**
 * Debug sessions that somebody or something disturbs: a hostile relay, wrong keys, two debuggers, and
 * ends of every kind. Command, GDB, cloud and device are the real ones.
 */
import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { generateKeyPair } from '../../packages/cli/src/debug/debug-keys.ts'
import { missing } from '../../tools/programs.ts'
import { DebugWorld } from './debug-world.ts'
import { GDB } from './gdb.ts'
import { mischiefs } from './relay.ts'

const skip = missing('cmake', 'make', 'arm-none-eabi-gcc', GDB)

describe('debug sessions', { skip }, () => {
  const debug = new DebugWorld('debuggee')

  before(() => debug.begin(join(import.meta.dirname, 'debuggee')))
  after(() => debug.end())

  test('a relay that tampers with a session cannot change what GDB sees, only interrupt it', async () => {
    const { command, port } = await debug.debug()
    const gdb = await debug.gdb(port)
    await gdb.ask('break descend')
    for (const [name, mischief] of Object.entries(mischiefs)) {
      const from = command.output.length
      debug.relay.mischief = mischief
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
    const text = Buffer.concat(debug.relay.seen).toString('latin1')
    assert.ok(text.length > 10_000)
    // The kernel's version and the text that GDB asked for pass in every session.
    assert.doesNotMatch(text, /debuggee|descend|Reset_Handler/)
  })

  test('another key is refused, by the device', async () => {
    const other = join(debug.folder, 'other.pem')
    await generateKeyPair({ privateKey: other, publicKey: `${other}.pub` }, false)
    const refusal = await debug.debugFails(other)
    assert.match(refusal, /does not hold the key that the running application names/)
  })

  test('a device that shows another certificate than before is refused, by the command', async () => {
    const file = join(debug.commands.folder, 'config/microvisor/known-devices.json')
    const known = readFileSync(file, 'utf8')
    writeFileSync(file, known.replaceAll(/"[\da-f]{64}"/g, `"${'0'.repeat(64)}"`))
    const refusal = await debug.debugFails()
    writeFileSync(file, known)
    assert.match(refusal, /DEVICE_KEY_CHANGED.*Somebody may be pretending/s)
  })

  test('a second debugger is refused and told who holds the device', async () => {
    const { command } = await debug.debug()
    assert.match(await debug.debugFails(), /Another debugger holds this device: .+ from .+/)
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

  test('the command ends on Ctrl-C with GDB connected, halted or running', async () => {
    for (const wanted of ['halted', 'running']) {
      const { command, port } = await debug.debug()
      const gdb = await debug.gdb(port)
      if (wanted === 'running') gdb.begin('continue')
      assert.equal((await command.interrupt()).code, 0, wanted)
      await gdb.end()
    }
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
    debug.stopDevice()
    await command.says(/Trying again/)
    await debug.startDevice()
    await command.says(/Connected again/)
    assert.equal((await gdb.run('continue')).function, 'descend')
    await gdb.end()
    await command.interrupt()
  })

  test('an application that names no key cannot be debugged', async () => {
    await debug.deploy(undefined)
    const refusal = await debug.debugFails()
    assert.match(refusal, /names no key for debugging: bundle it with --debug-auth-pubkey/)
  })
})
