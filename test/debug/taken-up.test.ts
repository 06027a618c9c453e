/** A session whose connection was lost: what is taken up, what is repeated and what is not. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { Target } from '../../packages/cli/src/debug/target.ts'
import type { Tunnel } from '../../packages/cli/src/debug/tunnel.ts'
import { StopReason } from '../../packages/protocol/src/index.ts'
import { BareDevice, spinningImage } from './bare-device.ts'
import { until } from './waiting.ts'

const FLASH = 0x0800_0000
const COUNTER = 0
const UNUSED = 7

/** A debugger that is attached to a device that counts. */
async function bench() {
  const device = new BareDevice(spinningImage())
  const notes: string[] = []
  const line: { tunnel: Tunnel | undefined; isCut: boolean } = { tunnel: undefined, isCut: false }
  const target = new Target({
    foresees: true,
    connect: async () => {
      line.isCut = false
      line.tunnel = device.tunnel(() => line.isCut)
      return line.tunnel
    },
    events: { output() {}, note: (text) => notes.push(text), ended: (why) => notes.push(why) },
  })
  await target.connect()
  await target.attach()
  device.start()
  return {
    ...{ device, target, notes, line },
    isBack: () => until('it is connected again', () => notes.includes('Connected again.')),
    end: () => {
      device.stop()
      target.close()
    },
  }
}

test('what had not come to the device when the connection was lost comes with the next', async () => {
  const { device, target, line, isBack, end } = await bench()
  target.state.setRegister(UNUSED, 0x1234)
  await target.state.write(0x2000_0100, Uint8Array.of(1, 2, 3, 4))
  line.isCut = true
  const stopped = target.resume()
  await sleep(20)
  line.tunnel!.close()
  await isBack()
  await until('it runs', () => !device.agent.holdsApplication)
  await target.halt()
  assert.equal((await stopped).reason, StopReason.HALTED)
  assert.equal(device.register(UNUSED), 0x1234)
  assert.deepEqual([...(await target.state.read(0x2000_0100, 4))], [1, 2, 3, 4])
  end()
})

test('what had come is not done again', async () => {
  const { device, target, line, isBack, end } = await bench()
  target.state.setRegister(COUNTER, 5)
  const stopped = target.resume()
  await until('it counts', () => device.register(COUNTER) > 1000)
  device.stop()
  line.isCut = true
  line.tunnel!.close()
  await isBack()
  await until('it runs', () => !device.agent.holdsApplication)
  assert.ok(device.register(COUNTER) > 1000, `${device.register(COUNTER)}`)
  await target.halt()
  await stopped
  end()
})

test('a stop whose news was lost is told when the session is taken up', async () => {
  const { device, target, line, isBack, end } = await bench()
  const address = FLASH + 0x402
  const breakpoint = { address, conditions: [], commands: [], ignoreCount: 0, continues: false }
  target.breakpoints.set(address, breakpoint)
  device.stop()
  const stopped = target.resume()
  await until('it runs', () => !device.agent.holdsApplication)
  line.isCut = true
  device.start()
  await until('it has stopped', () => device.agent.holdsApplication)
  device.stop()
  line.tunnel!.close()
  await isBack()
  assert.equal((await stopped).reason, StopReason.BREAKPOINT)
  end()
})

test('flash that is not as it was is read again, and what is the same need not be', async () => {
  const { device, target, notes, line, end } = await bench()
  const [first, second] = [FLASH, FLASH + 0x8000]
  const there = await target.state.read(first, 1024)
  await target.state.read(second, 1024)
  device.chip.flashBytes.fill(0x5a, 0x8000, 0x8400)
  line.isCut = true
  line.tunnel!.close()
  await until('it is connected again', () => notes.includes('Connected again.'))
  await until('flash was compared', () => target.state.knows(first, 1024))
  const before = target.requests
  assert.deepEqual(await target.state.read(first, 1024), there)
  assert.equal(target.requests, before)
  assert.equal((await target.state.read(second, 4))[0], 0x5a)
  end()
})

test('an application that is another one meanwhile ends the session', async () => {
  const { device, notes, line, end } = await bench()
  device.manifestHash = new Uint8Array(32).fill(1)
  line.isCut = true
  line.tunnel!.close()
  await until(
    'the user is told',
    () => notes.at(-1)?.startsWith('The application was replaced') === true,
  )
  end()
})
