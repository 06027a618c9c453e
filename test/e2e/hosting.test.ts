/**
 * What docs/guides/hosting.md says an operator does, done: one process becomes two behind HAProxy with
 * the guide's own configuration, over PostgreSQL, NATS and an object store; then a rolling restart, a
 * new master key, and a backup that becomes one process again. In `npm run test:slow`.
 */
import assert from 'node:assert/strict'
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { missingStores } from '../../packages/server/src/testing/stores.ts'
import { missing } from '../../tools/programs.ts'
import { isComplete } from '../../tools/sampling.ts'
import { haproxyFile } from './guide.ts'
import { blinkSaying, prebuilt } from './images.ts'
import { clusterSettings, prepareTwoServers, type TwoServers } from './two-servers.ts'
import { type Running, World } from './world.ts'

const skip = isComplete && (missing('haproxy') || missingStores())

if (isComplete)
  describe('an operator who follows the guide to hosting', { skip }, () => {
    const world = new World()
    const servers = new Map<string, Running>()
    let cluster: TwoServers
    let device: Running
    let logs: Running

    const folder = (name: string) => join(world.folder, name)

    /** A server of the cluster, with a data folder of its own. */
    async function startServer(name: string): Promise<void> {
      const { api, gateway } = cluster.portsOf.get(name)!
      const places = ['--data', folder(name), '--port', `${api}`, '--gateway-port', `${gateway}`]
      const server = world.start(['up', ...places, '--profile', name])
      servers.set(name, server)
      await server.says(/REST API/)
    }

    async function isReady(name: string): Promise<boolean> {
      const { api } = cluster.portsOf.get(name)!
      const response = await fetch(`http://127.0.0.1:${api}/ready`).catch(() => undefined)
      return response?.ok ?? false
    }

    const deploy = (greeting: string) =>
      world.succeed('deploy', blinkSaying(greeting, world.folder), '--device', 'pump')

    before(async () => {
      cluster = await prepareTwoServers()
    })
    after(async () => {
      await world.end()
      await cluster?.stores.stop()
    })

    test('begins with one process', async () => {
      const { front } = cluster
      const places = ['--port', `${front.api}`, '--gateway-port', `${front.gateway}`]
      const server = world.start(['up', '--data', world.data, ...places])
      await server.says(/REST API/)
      device = await world.startDevice('pump')
      await world.succeed('secrets', 'create', 'word', 'sesame')
      await world.succeed('deploy', prebuilt('blink'), '--device', 'pump')
      assert.equal((await server.interrupt()).code, 0)
    })

    test('moves it to a cluster, which its device finds by the address that it knows', async () => {
      const copy = folder('copy')
      await world.succeed('backup', copy, '--portable', '--data', world.data)
      const { stores, front, portsOf } = cluster
      Object.assign(world.environment, await clusterSettings(stores, world.folder), {
        MICROVISOR_PUBLIC_URL: `http://localhost:${front.api}`,
        MICROVISOR_GATEWAY: `localhost:${front.gateway}`,
      })
      await world.succeed('restore', copy, '--data', folder('a'))
      await Promise.all([startServer('a'), startServer('b')])
      writeFileSync(folder('haproxy.cfg'), haproxyFile(front, Object.fromEntries(portsOf)))
      const from = device.output.length
      world.startProgram(['haproxy', '-f', folder('haproxy.cfg')], 'haproxy')
      await device.says(/connected to the cloud/, { after: from })
      assert.match(await world.succeed('devices', 'list'), /pump/)
      assert.match(await world.succeed('secrets', 'list'), /word/)
      logs = world.start(['logs', 'stream', 'pump'])
      await logs.says(/Hello from blink/)
      await deploy('Hello, two of us')
      await logs.says(/Hello, two of us/)
    })

    test('restarts one after the other, and no update and no log reader is lost', async () => {
      for (const [name, greeting] of [
        ['a', 'Hello without a!'],
        ['b', 'Hello without b!'],
      ] as const) {
        const stopped = servers.get(name)!.interrupt()
        await until(async () => !(await isReady(name)))
        await deploy(greeting)
        assert.equal((await stopped).code, 0)
        const reader = world.start(['logs', 'stream', 'pump'])
        await reader.says(new RegExp(greeting))
        await startServer(name)
        await until(() => isReady(name))
        await reader.interrupt()
      }
    })

    test('gives the servers a new master key', async () => {
      await world.succeed('keys', 'rotate-master', '--data', folder('a'))
      for (const name of ['a', 'b']) {
        await servers.get(name)!.interrupt()
        await startServer(name)
      }
      assert.match(await world.succeed('secrets', 'list'), /word/)
      assert.match(await world.succeed('audit', 'verify'), /intact +yes/)
    })

    test('makes a backup while all run, and one process of it', async () => {
      const copy = folder('copy-of-cluster')
      await world.succeed('backup', copy, '--data', folder('a'))
      await Promise.all([...servers.values()].map((server) => server.interrupt()))
      for (const name of Object.keys(world.environment))
        if (name.startsWith('MICROVISOR_')) delete world.environment[name]
      rmSync(world.data, { recursive: true, force: true })
      await world.succeed('restore', copy, '--data', folder('alone'))
      const server = world.start(['up', '--data', folder('alone'), '--port', '0'])
      await server.says(/REST API/)
      assert.match(await world.succeed('devices', 'list'), /pump/)
      assert.match(await world.succeed('secrets', 'list'), /word/)
    })
  })

async function until(isSo: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 60_000
  while (!(await isSo())) {
    assert.ok(performance.now() < deadline, 'It did not come about within a minute.')
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}
