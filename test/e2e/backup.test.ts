/** A server's life goes on: in a backup, and on another gateway port. */
import assert from 'node:assert/strict'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { type Running, World } from './world.ts'

describe('a server that moves', () => {
  const world = new World()
  let server: Running
  let device: Running

  before(async () => {
    server = await world.startServer()
    device = await world.startDevice('mover')
    await world.succeed('configs', 'create', 'colour', 'blue')
    await world.succeed('secrets', 'create', 'word', 'sesame')
  })
  after(() => world.end())

  test('is not backed up while it runs', async () => {
    const words = ['backup', join(world.folder, 'copy'), '--data', world.data]
    const { code, stderr } = await world.run(...words)
    assert.equal(code, 2)
    assert.match(stderr, /^error DATA_FOLDER_IN_USE: .*\n {2}fix: /)
  })

  test('comes back out of its backup with all that it had, and its devices come back to it', async () => {
    await device.interrupt()
    await server.interrupt()
    const copy = join(world.folder, 'copy')
    assert.match(await world.succeed('backup', copy, '--data', world.data), /Backed up \d+ files/)
    await rm(join(world.data, 'server'), { recursive: true })
    await world.succeed('restore', copy, '--data', world.data)
    server = await world.startFreshServer()
    assert.match(await world.succeed('configs', 'show', 'colour'), /blue/)
    assert.match(await world.succeed('secrets', 'list'), /word/)
    await world.succeed('audit', 'verify')
    device = await world.startDevice('mover')
    const again = await world.run('restore', copy, '--data', world.data)
    assert.match(again.stderr, /^error FOLDER_NOT_EMPTY: /)
  })

  test('takes its devices along to another gateway port', async () => {
    await device.interrupt()
    await server.interrupt()
    const { port } = await world.ports()
    server = world.start(['up', '--data', world.data, '--port', `${port}`, '--gateway-port', '0'])
    const [, gateway] = await server.says(/gateway +(\S+:\d+) /)
    assert.notEqual(gateway, undefined)
    device = await world.startDevice('mover')
    assert.ok(device.output.includes(`${gateway}`), device.output)
  })
})
