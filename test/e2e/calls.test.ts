/**
 * System calls as C applications make them: compiled, deployed to a device over the air, running
 * there, judged by what they log through a real server. And the samples of this part of the kernel.
 */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { missing } from '../../tools/programs.ts'
import { buildProject } from '../../tools/samples.ts'
import { prebuilt } from './images.ts'
import { type Running, World } from './world.ts'

const SOURCES = join(import.meta.dirname, '../calls')
const skip = missing('cmake', 'make', 'arm-none-eabi-gcc')

describe('system calls of C applications', { skip }, () => {
  const world = new World()
  let logs: Running
  let crashes: Running
  let device: Running

  before(async () => {
    buildProject(SOURCES, join(world.folder, 'calls'))
    await world.startServer()
    device = await world.startDevice('caller')
    crashes = world.start(['logs', 'stream', 'caller', '--json'])
    logs = world.start(['logs', 'stream', 'caller'])
    await logs.says(/Logging from UV/)
  })
  after(() => world.end())

  const deploy = (image: string, ...flags: string[]) =>
    world.succeed('deploy', image, '--device', 'caller', ...flags)
  const built = (name: string) => join(world.folder, 'calls', `${name}.elf`)

  test('every call that needs no channel does what it should', async () => {
    await deploy(built('calls'))
    const [line, , failed] = await logs.says(/calls: (\d+) checks, (\d+) failed/)
    assert.equal(failed, '0', `${line}\n${logs.output}`)
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
