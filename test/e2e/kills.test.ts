/** kill -9 at bad moments: nothing is lost, and what was begun is completed. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { blinkSaying, prebuilt } from './images.ts'
import { type Running, World } from './world.ts'

// A suite, so that its processes live only as long as its own tests.
describe('kill -9', () => {
  const world = new World()
  let server: Running
  let device: Running
  before(async () => {
    server = await world.startServer()
    device = await world.startDevice('one')
    await world.succeed('deploy', prebuilt('blink'), '--device', 'one')
  })
  after(() => world.end())

  /** Spread over what an update takes: fetching, staging, installing, starting. */
  const delaysMs = [10, 80]

  for (const delayMs of delaysMs) {
    test(`a device killed ${delayMs} ms into an update completes it after its restart`, async () => {
      const image = blinkSaying(`Cut at ${String(delayMs).padStart(3)} blink`, world.folder)
      const deployment = world.start(['deploy', image, '--device', 'one'])
      await deployment.says(/Assigning app/)
      await sleep(delayMs)
      await device.kill('SIGKILL')
      device = await world.startDevice('one')
      await deployment.succeeds()
    })
  }

  test('a server killed in an update comes back, and the update completes', async () => {
    const image = blinkSaying('Server cut blink', world.folder)
    const deployment = world.start(['deploy', image, '--device', 'one'])
    await deployment.says(/Assigning app/)
    await server.kill('SIGKILL')
    server = await world.startServer()
    await deployment.succeeds()
  })

  test('a server killed in an upload has either all of the app or nothing of it', async () => {
    const before = (await world.succeedJson('apps', 'list')) as unknown[]
    const upload = world.start(['deploy', prebuilt('notify'), '--device', 'one', '--no-wait'])
    await upload.says(/Uploading/)
    await server.kill('SIGKILL')
    const { code } = await upload.ended()
    server = await world.startServer()
    const apps = (await world.succeedJson('apps', 'list')) as { sid: string }[]
    assert.ok(apps.length - before.length <= 1)
    for (const { sid } of apps) await world.succeed('apps', 'show', sid)
    if (code === 0) assert.equal(apps.length, before.length + 1, 'what was acknowledged is there')
    await world.succeed('deploy', prebuilt('notify'), '--device', 'one')
  })
})
