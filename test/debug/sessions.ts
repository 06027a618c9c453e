/**
 * Debug sessions that somebody or something disturbs: a hostile relay, wrong keys, two debuggers, and
 * ends of every kind. GDB, cloud and device are the real ones; the command runs in a process of its own
 * where it is the process that ends.
 */
import assert from 'node:assert/strict'
import { execFile, execFileSync } from 'node:child_process'
import { generateKeyPairSync } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { generateKeyPair } from '../../packages/cli/src/debug/debug-keys.ts'
import type { DebugWorld } from './debug-world.ts'
import { GDB } from './gdb.ts'
import { mischiefs } from './relay.ts'
import { until } from './waiting.ts'

/** In this order: the last leaves an application that cannot be debugged. */
export function sessionTests(debug: DebugWorld): void {
  test('a relay that tampers with a session cannot change what GDB sees, only interrupt it', async () => {
    const session = await debug.session()
    const gdb = await debug.gdb(session.port)
    await gdb.ask('tbreak work')
    await gdb.run('continue')
    await gdb.ask('break descend')
    for (const [name, mischief] of Object.entries(mischiefs)) {
      for (const way of ['up', 'down'] as const) {
        const from = session.notes.length
        await gdb.ask('set var wake_reason = 77')
        debug.relay.mischief[way] = mischief
        const stop = await gdb.run('continue')
        assert.equal(stop.function, 'descend', name)
        await session.says(/Trying again[\s\S]*Connected again/, from)
        const depth = await gdb.value('depth')
        assert.ok(depth >= 0 && depth <= 7, `${name}: ${depth}`)
        assert.equal(await gdb.value('wake_reason'), 77, `${name}: what was set is set`)
        await gdb.ask('set var wake_reason = 3')
      }
    }
    await gdb.end()
    await session.close()
  })

  test('a relay reads nothing of what passes', async () => {
    const text = Buffer.concat(debug.relay.seen).toString('latin1')
    assert.ok(text.length > 10_000)
    // The kernel's version and the text that GDB asked for pass in every session.
    assert.doesNotMatch(text, /debuggee|descend|Reset_Handler/)
  })

  test('another key is refused, by the device; the refusal names the key', async () => {
    const other = join(debug.folder, 'other.pem')
    await generateKeyPair({ privateKey: other, publicKey: `${other}.pub` }, false)
    const refusal = await debug.refusal(other)
    assert.match(refusal, /^error DEBUG_KEY_REFUSED: .*other\.pem \(P-256, sha256:[\da-f]{16}/)
    assert.match(refusal, /fix: .*--debug-auth-pubkey/)
  })

  test('a device that shows another certificate than before is refused, by the command', async () => {
    const known = readFileSync(debug.knownDevices, 'utf8')
    writeFileSync(debug.knownDevices, known.replaceAll(/"[\da-f]{64}"/g, `"${'0'.repeat(64)}"`))
    const refusal = await debug.refusal()
    writeFileSync(debug.knownDevices, known)
    assert.match(refusal, /DEVICE_KEY_CHANGED.*Somebody may be pretending/s)
  })

  test('a second debugger is refused and told who holds the device, and what to do', async () => {
    const session = await debug.session()
    const refusal = await debug.refusal()
    assert.match(refusal, /^error DEBUG_HELD: Another debugger holds this device: .+ from .+/)
    assert.match(refusal, /fix: wait .*debug end/)
    await session.close()
  })

  test('a second GDB of the same session is told that there is one', async () => {
    const session = await debug.session()
    const first = await debug.gdb(session.port)
    const target = `target remote localhost:${session.port}`
    const args = ['--nx', '--batch', '-ex', target, debug.elf]
    const said = await new Promise<string>((resolve) => {
      execFile(GDB, args, (_, __, stderr) => resolve(stderr))
    })
    assert.match(said, /another GDB is connected already/)
    assert.ok((await first.value('turns')) >= 0)
    await first.end()
    await session.close()
  })

  test('when GDB is killed the application runs on, and the next GDB is served', async () => {
    const session = await debug.session()
    const first = await debug.gdb(session.port)
    const turns = await first.value('turns')
    await first.end('SIGKILL')
    await session.says(/GDB has gone/)
    const second = await debug.gdb(session.port)
    await second.ask('tbreak work')
    await second.run('continue')
    assert.ok((await second.value('turns')) > turns)
    await second.end()
    await session.close()
  })

  test('the command ends on Ctrl-C with GDB connected', async () => {
    const { command, port } = await debug.debug()
    const gdb = await debug.gdb(port)
    gdb.begin('continue')
    assert.equal((await command.interrupt()).code, 0)
    await gdb.end()
  })

  test('when the command is killed the device is free for the next debugger', async () => {
    const { command, port } = await debug.debug()
    await debug.gdb(port)
    await command.kill('SIGKILL')
    const next = await debug.session()
    await next.close()
  })

  test('a device that restarts is found again, and GDB is at its beginning or later', async () => {
    const session = await debug.session()
    const gdb = await debug.gdb(session.port)
    await gdb.ask('break descend')
    debug.stopDevice()
    await session.says(/Trying again/)
    await debug.startDevice()
    await session.says(/Connected again/)
    assert.equal((await gdb.run('continue')).function, 'descend')
    await gdb.end()
    await session.close()
  })

  test('while the device is offline it keeps what the debugger left, and goes on as it is told later', async () => {
    const session = await debug.session()
    const gdb = await debug.gdb(session.port)
    await gdb.ask('tbreak work')
    await gdb.run('continue')
    const turn = await gdb.value('turn')
    await gdb.ask('break descend')
    await gdb.ask('set var total = 4711')
    debug.device.networks.set('ethernet', { isUp: false })
    const from = gdb.begin('continue')
    await session.says(/Trying again/)
    debug.device.networks.set('ethernet', { isUp: true })
    await session.says(/Connected again/)
    assert.equal((await gdb.stopped(from)).function, 'descend')
    await gdb.ask('up')
    while (/descend/.test(await gdb.ask('frame'))) await gdb.ask('up')
    assert.equal(await gdb.value('turn'), turn, 'it has not run on by itself')
    await gdb.end()
    await session.close()
  })

  test('an operator ends a session: GDB and its user are told, and the next may come', async () => {
    const session = await debug.session()
    const gdb = await debug.gdb(session.port)
    gdb.begin('continue')
    const [outcome] = await debug.run(['debug', 'end', 'patient'])
    assert.equal(outcome!.code, 0, outcome!.stderr)
    assert.match(await session.over, /^The session was ended by AC/)
    await gdb.end()
    await session.close()
    const next = await debug.session()
    await next.close()
  })

  test('a crash is kept, and its core file shows stack and registers, floating point among them', async () => {
    await crash(debug)
    const core = join(debug.folder, 'plain.core')
    const [outcome] = await debug.run(['crashes', 'core', '--device', 'patient', '--out', core])
    assert.equal(outcome!.code, 0, outcome!.stderr)
    assert.match(lookAt(debug, core), IN_FAULT)
  })

  for (const [how, fault, s0] of [
    ['that is still in the registers', 6, 5],
    ['that the handler made the chip save', 7, 7],
  ] as const) {
    test(`a crash in a handler is followed to where it came from, with its floating-point state ${how}`, async () => {
      await crash(debug, fault)
      const core = join(debug.folder, `handler-${fault}.core`)
      const [outcome] = await debug.run(['crashes', 'core', '--device', 'patient', '--out', core])
      assert.equal(outcome!.code, 0, outcome!.stderr)
      // A double holds two: GDB before 14 shows `s` registers of the innermost frame in all of them.
      const floats = ['info registers d0', 'info registers s16']
      const text = gdbSays(debug, core, 'backtrace', 'print $s0', ...floats, 'frame 2', ...floats)
      assert.match(text, /#0 .*SVC_Handler[\s\S]*#1 +<signal handler called>[\s\S]*#2 +main \(\)/)
      assert.match(text, new RegExp(`^\\$1 = ${s0}$`, 'm'))
      const low = [...text.matchAll(/^d0 .*raw 0x[\da-f]*([\da-f]{8})\)$/gm)].map(
        ([, word]) => word,
      )
      assert.deepEqual(low, [s0 === 5 ? FIVE : SEVEN, FIVE], text)
      assert.equal([...text.matchAll(/^s16 +1\.5 /gm)].length, 2)
    })
  }

  test('a sealed report is made into a core file by whoever has the key, and by nobody else', async () => {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const [key, half, core] = ['crash.pem', 'crash.pub', 'sealed.core'].map((name) =>
      join(debug.folder, name),
    ) as [string, string, string]
    writeFileSync(key, privateKey.export({ type: 'pkcs8', format: 'pem' }))
    writeFileSync(half, publicKey.export({ type: 'spki', format: 'pem' }))
    await debug.deploy(`${debug.key}.pub`, half)
    await crash(debug)
    const words = ['crashes', 'core', '--device', 'patient', '--out', core]
    const [without, with_] = await debug.run(words, [...words, '--crash-key', key])
    assert.match(without!.stderr, /^error CRASH_SEALED: /)
    assert.equal(with_!.code, 0, with_!.stderr)
    assert.match(lookAt(debug, core), IN_FAULT)
  })

  test('while the application is halted the device is connected, and an update waits until the debugger has gone', async () => {
    const session = await debug.session()
    const gdb = await debug.gdb(session.port)
    const turns = await gdb.value('turns')
    const sid = await debug.target(`${debug.key}.pub`)
    const { api, client } = debug.cloud
    await downloaded(debug)
    const { app, connection } = await client.call(api.fetchDevice, { params: { Sid: 'patient' } })
    assert.deepEqual([app.update_status, connection.connected], ['pending', true])
    await gdb.ask('maintenance flush dcache')
    assert.equal(await gdb.value('turns'), turns)
    await gdb.end()
    await session.close()
    await runs(debug, sid)
  })

  test('an update that an operator does not let wait, to a program without a key, ends the session', async () => {
    const session = await debug.session()
    const gdb = await debug.gdb(session.port)
    gdb.begin('continue')
    const sid = await debug.target(undefined)
    await downloaded(debug)
    const { api, client } = debug.cloud
    const params = { Sid: 'patient' }
    await client.call(api.updateDevice, { params, form: { RestartApp: true } })
    assert.match(await session.over, /^The application was replaced by another one/)
    await gdb.end()
    await session.close()
    await runs(debug, sid)
  })

  test('an application that names no key cannot be debugged', async () => {
    await debug.deploy(undefined)
    const refusal = await debug.refusal()
    assert.match(refusal, /^error DEBUG_KEY_MISSING: .*names no key for debugging/)
  })
}

/** Waits until the device runs this application. */
async function runs(debug: DebugWorld, sid: string): Promise<void> {
  const { api, client } = debug.cloud
  await until('the device runs the program', async () => {
    const { app } = await client.call(api.fetchDevice, { params: { Sid: 'patient' } })
    return app.reported_sid === sid
  })
}

/** The update is in the device's staging, and waits there. */
async function downloaded(debug: DebugWorld): Promise<void> {
  const { api, client } = debug.cloud
  await until('the update is there', async () => {
    const { events } = await client.call(api.listEvents, { query: {} })
    const [last = ''] = /DOWNLOADED|COMPLETE/.exec(JSON.stringify(events)) ?? []
    return last === 'DOWNLOADED'
  })
}

/** What GDB says of a core file of `crash`. */
const IN_FAULT = /#0 .*fault \(which=2\)[\s\S]*#1 .*main \(\)[\s\S]*\$1 = 1\.5\n[\s\S]*\$2 = -2\n/

/** As floating-point registers have them. */
const [FIVE, SEVEN] = ['40a00000', '40e00000']

/** The application executes an undefined instruction, or does another of its faults; resolves when the cloud has the report. */
async function crash(debug: DebugWorld, fault = 2): Promise<void> {
  const { api, client } = debug.cloud
  const kept = async () => {
    const { crashes } = await client.call(api.listDeviceCrashes, { params: { Sid: 'patient' } })
    return crashes.length
  }
  const before = await kept()
  const session = await debug.session()
  const gdb = await debug.gdb(session.port)
  await gdb.ask('tbreak work')
  await gdb.run('continue')
  await gdb.ask(`set var fault_wanted = ${fault}`)
  assert.match((await gdb.run('continue')).reason, /SIGILL/)
  gdb.begin('continue')
  await until('the report is kept', async () => (await kept()) > before)
  await gdb.end()
  await session.close()
}

function lookAt(debug: DebugWorld, core: string): string {
  return gdbSays(debug, core, 'backtrace', 'print $s16', 'print $s17')
}

function gdbSays(debug: DebugWorld, core: string, ...asked: readonly string[]): string {
  const commands = ['set width 0', ...asked]
  const args = commands.flatMap((command) => ['-ex', command])
  return execFileSync(GDB, ['--nx', '--batch', debug.elf, core, ...args], {
    ...{ encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] },
  })
}
