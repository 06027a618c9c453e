/** Bad input at the command line: each met with a code, a sentence and what to do; nothing lost. */
import assert from 'node:assert/strict'
import { openSync, readFileSync, readSync, writeFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { blinkFor, prebuilt } from './images.ts'
import { type Outcome, World } from './world.ts'

// A suite, so that its processes live only as long as its own tests.
describe('bad input', () => {
  const world = new World()
  before(async () => {
    await world.startServer()
    await world.startDevice('one')
  })
  after(() => world.end())

  function assertRefused({ code, stdout, stderr }: Outcome, exitCode: number, name: string): void {
    assert.equal(code, exitCode, `${stdout}${stderr}`)
    assert.match(stderr, new RegExp(`^error ${name}: .+\\n  fix: .+`, 'm'))
    assert.doesNotMatch(stderr, /\n\s+at .*:\d+/)
  }

  const machines = { x86: 3, 'RISC-V': 243 }
  for (const [name, machine] of Object.entries(machines)) {
    test(`an ELF file for ${name} is not deployed`, async () => {
      const outcome = await world.run('deploy', blinkFor(machine, world.folder), '--device', 'one')
      assertRefused(outcome, 1, 'ELF_MACHINE')
      assert.match(outcome.stderr, new RegExp(`a program for ${name}, not for Arm`))
    })
  }

  test('bundles that are broken are refused, each by what is wrong with it', async () => {
    const good = join(world.folder, 'good.zip')
    await world.succeed('apps', 'bundle', prebuilt('blink'), good)
    const bytes = readFileSync(good)
    const variants: Record<string, Buffer> = {
      BUNDLE_NOT_ZIP: Buffer.from('this is no zip file'),
      BUNDLE_TRUNCATED: bytes.subarray(0, bytes.length - 40),
      BUNDLE_ENTRY_CORRUPT: corrupted(bytes, 300),
    }
    for (const [code, content] of Object.entries(variants)) {
      const file = join(world.folder, `${code}.zip`)
      writeFileSync(file, content)
      assertRefused(await world.run('apps', 'create', file), 1, code)
    }
    assert.deepEqual(await world.succeedJson('apps', 'list'), [])
  })

  test('names that are not there, taken or in use are said', async () => {
    await world.succeed('deploy', prebuilt('blink'), '--device', 'one', '--name', 'used')
    const good = join(world.folder, 'good.zip')
    assertRefused(await world.run('apps', 'create', good, 'used'), 1, 'NAME_TAKEN')
    assertRefused(await world.run('apps', 'remove', 'used'), 1, 'APP_IN_USE')
    assertRefused(await world.run('apps', 'show', 'nothing'), 1, 'APP_NOT_FOUND')
    assertRefused(await world.run('deploy', good, '--device', 'nobody'), 1, 'DEVICE_NOT_FOUND')
    const update = ['devices', 'update', 'one', '--target-app', 'nothing']
    assertRefused(await world.run(...update), 1, 'TARGET_APP_NOT_FOUND')
    assertRefused(await world.run('deploy', 'no-such.elf', '--device', 'one'), 1, 'ENOENT')
  })

  test('wrong credentials are refused', async () => {
    assertRefused(
      await world.run('devices', 'list', '--auth-token', 'wrong'),
      1,
      'CREDENTIALS_WRONG',
    )
  })

  test('a second server on the same data folder or port does not start', async () => {
    const { port } = await world.ports()
    const sameFolder = ['up', '--data', world.data, '--port', '0', '--gateway-port', '0']
    assertRefused(await world.run(...sameFolder), 2, 'DATA_FOLDER_IN_USE')
    const other = join(world.folder, 'other')
    await world.useTemplate(other)
    const elsewhere = ['--data', other, '--gateway-port', '0']
    assertRefused(await world.run('up', ...elsewhere, '--port', `${port}`), 2, 'PORT_IN_USE')
  })

  test('a device runs once at a time', async () => {
    const outcome = await world.run('device', 'run', 'one', '--data', world.data)
    assertRefused(outcome, 1, 'DEVICE_IN_USE')
  })

  test('a device of another account, or of no server, is not run', async () => {
    const run = ['device', 'run', '--data', world.data]
    const other = `AC${'0'.repeat(32)}`
    const foreign = await world.run(...run, 'one', '--account-sid', other)
    assertRefused(foreign, 1, 'DEVICE_OF_OTHER_ACCOUNT')
    const nowhere = ['--url', 'http://127.0.0.1:1', '--account-sid', other, '--auth-token', 'x']
    assertRefused(await world.run(...run, 'new', ...nowhere), 1, 'SERVER_UNREACHABLE')
    assertRefused(await world.run(...run, '../one'), 2, 'WRONG_USAGE')
  })

  test('a flipped bit in the kernel locks the device down', async () => {
    const device = await world.startDevice('victim')
    assert.equal((await device.interrupt()).code, 0)
    flipBit(join(world.deviceFolder('victim'), 'internal-flash.bin'), 0x12_0000)
    const outcome = await world.run('device', 'run', 'victim', '--data', world.data)
    assertRefused(outcome, 1, 'DEVICE_LOCKED_DOWN')
    const report = await world.succeed('device', 'report', 'victim', '--data', world.data)
    assert.match(report, /locked down/)
  })

  test('of several devices one has to be named', async () => {
    const outcome = await world.run('deploy', prebuilt('blink'))
    assertRefused(outcome, 2, 'WRONG_USAGE')
    assert.match(outcome.stderr, /victim \(UV[0-9a-f]{32}\), one \(UV[0-9a-f]{32}\)/)
    world.environment.MV_DEVICE_SID = 'one'
    await world.succeed('deploy', prebuilt('blink'))
  })

  function corrupted(bytes: Buffer, at: number): Buffer {
    const copy = Buffer.from(bytes)
    copy[at]! ^= 0xff
    return copy
  }

  function flipBit(file: string, offset: number): void {
    const descriptor = openSync(file, 'r+')
    const byte = Buffer.alloc(1)
    readSync(descriptor, byte, 0, 1, offset)
    byte[0]! ^= 0x10
    writeSync(descriptor, byte, 0, 1, offset)
  }
})
