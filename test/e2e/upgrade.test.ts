/**
 * Upgrades from an older version, as docs/guides/hosting.md says, with a device that stays as old as it
 * was: one process on its data folder; then two on PostgreSQL, NATS and an object store, one after the
 * other, old and new side by side meanwhile. In `npm run test:slow`.
 */
import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { missingStores } from '../../packages/server/src/testing/stores.ts'
import { missing } from '../../tools/programs.ts'
import { isComplete } from '../../tools/sampling.ts'
import { haproxyFile, type Ports } from './guide.ts'
import { blinkSaying, prebuilt } from './images.ts'
import { installOldVersion, missingOldVersion } from './old-version.ts'
import { clusterSettings, prepareTwoServers, type TwoServers } from './two-servers.ts'
import { type Running, World } from './world.ts'

const skip = isComplete && (missing('haproxy', 'git') || missingStores() || missingOldVersion())

if (isComplete)
  describe('an upgrade from an older version', { skip }, () => {
    const world = new World()
    const servers = new Map<string, Running>()
    let command: string
    let cluster: TwoServers

    /** The older version's command, left running. */
    const startOld = (...words: string[]) =>
      world.startProgram([process.execPath, command, ...words], `old ${words.join(' ')}`)

    async function succeedOld(...words: string[]): Promise<string> {
      return (await startOld(...words).succeeds()).stdout
    }

    const places = (data: string, { api, gateway }: Ports) => [
      ...['--data', data, '--port', `${api}`, '--gateway-port', `${gateway}`],
    ]

    async function up(data: string, ports: Ports, start = startOld): Promise<Running> {
      const server = start('up', ...places(data, ports))
      await server.says(/REST API/)
      return server
    }

    const startNew = (...words: string[]) => world.start(words)

    /** What an installation has when it is used, made with the older version. */
    async function furnish(data: string): Promise<Running> {
      const device = startOld('device', 'run', 'pump', '--data', data)
      await device.says(/connected to the cloud/)
      await succeedOld('deploy', prebuilt('blink'), '--device', 'pump')
      await succeedOld('configs', 'create', 'interval', '60')
      await succeedOld('secrets', 'create', 'word', 'sesame')
      await succeedOld('api-keys', 'create', 'ci', '--scopes', 'read')
      return device
    }

    /** That all of it is there, that the device takes an update, and that it is heard. */
    async function check(device: Running, greeting: string): Promise<void> {
      assert.match(await world.succeed('devices', 'list'), /pump .*up-to-date/)
      assert.match(await world.succeed('configs', 'list'), /interval/)
      assert.match(await world.succeed('secrets', 'list'), /word/)
      assert.match(await world.succeed('api-keys', 'list'), /ci/)
      const reader = world.start(['logs', 'stream', 'pump'])
      await reader.says(/Hello/)
      await world.succeed('deploy', blinkSaying(greeting, world.folder), '--device', 'pump')
      await reader.says(new RegExp(greeting))
      await reader.interrupt()
      await world.succeed('configs', 'update', 'interval', '61')
      assert.match(await world.succeed('audit', 'verify'), /intact +yes/)
      assert.doesNotMatch(device.output, /error/i)
    }

    before(async () => {
      command = installOldVersion(join(world.folder, 'old'))
      cluster = await prepareTwoServers()
    })
    after(async () => {
      await world.end()
      await cluster?.stores.stop()
    })

    test('of one process on its data folder: nothing is lost, its device is heard and updated', async () => {
      const { front } = cluster
      const old = await up(world.data, front)
      const device = await furnish(world.data)
      assert.equal((await old.interrupt()).code, 0)
      await succeedOld('backup', join(world.folder, 'before'), '--data', world.data)

      const from = device.output.length
      const server = await up(world.data, front, startNew)
      await device.says(/connected to the cloud/, { after: from })
      await check(device, 'Hello after it!!')
      assert.equal((await server.interrupt()).code, 0)

      const refused = await startOld('up', ...places(world.data, front)).ended()
      assert.equal(refused.code, 2)
      assert.match(refused.stderr, /DATA_FOLDER_NEWER.*migration \d+_\w+\.sql.*\n +fix: .*later/)
      await device.interrupt()
    })

    test('can be taken back, or done again, from the backup that was made before', async () => {
      const { front } = cluster
      const back = join(world.folder, 'back')
      await succeedOld('restore', join(world.folder, 'before'), '--data', back)
      const old = await up(back, front)
      assert.match(await succeedOld('devices', 'list'), /pump/)
      await old.interrupt()
      const again = join(world.folder, 'again')
      await world.succeed('restore', join(world.folder, 'before'), '--data', again)
      const server = await up(again, front, startNew)
      assert.match(await world.succeed('devices', 'list'), /pump/)
      assert.match(await world.succeed('secrets', 'list'), /word/)
      await server.interrupt()
    })

    test('of two processes, one after the other: old and new serve side by side', async () => {
      const { stores, front, portsOf } = cluster
      Object.assign(world.environment, await clusterSettings(stores, world.folder))
      const folder = (name: string) => join(world.folder, name)
      const run = async (name: string, start: typeof startOld) => {
        servers.set(name, await up(folder(name), portsOf.get(name)!, start))
      }
      // The device learns the balancer's address.
      const first = await up(folder('a'), front)
      world.environment.MICROVISOR_PUBLIC_URL = `http://localhost:${front.api}`
      const device = await furnish(folder('a'))
      await first.interrupt()
      await run('a', startOld)
      await run('b', startOld)
      writeFileSync(folder('haproxy.cfg'), haproxyFile(front, Object.fromEntries(portsOf)))
      const from = device.output.length
      world.startProgram(['haproxy', '-f', folder('haproxy.cfg')], 'haproxy')
      await device.says(/connected to the cloud/, { after: from })

      await servers.get('a')!.interrupt()
      await run('a', startNew)
      // Through both servers, whichever has the device; a command is no newer than its server.
      for (const [name, start, greeting] of [
        ['a', startNew, 'Hello by the new'],
        ['a', startOld, 'Hello old to new'],
        ['b', startOld, 'Hello by the old'],
      ] as const) {
        const here = at(portsOf.get(name)!)
        const reader = start('logs', 'stream', 'pump', ...here)
        await reader.says(/Hello/)
        const image = blinkSaying(greeting, world.folder)
        await start('deploy', image, '--device', 'pump', ...here).succeeds()
        await reader.says(new RegExp(greeting))
        await reader.interrupt()
      }
      const tooNew = await world.run('devices', 'show', 'pump', ...at(portsOf.get('b')!))
      assert.match(tooNew.stderr, /ANSWER_UNEXPECTED.*\n.*of a version that fits/)
      await servers.get('b')!.interrupt()
      await run('b', startNew)
      await check(device, 'Hello by the two')
    })

    /** Flags for a server of the cluster itself, past the balancer. */
    function at({ api }: Ports): string[] {
      const file = join(world.folder, 'config/microvisor/profiles/local.json')
      const { accountSid, authToken } = JSON.parse(readFileSync(file, 'utf8'))
      const url = `http://127.0.0.1:${api}`
      return ['--url', url, '--account-sid', accountSid, '--auth-token', authToken]
    }
  })
