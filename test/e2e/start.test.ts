/** `npm start`: the whole story in one command, quick the second time, and at peace with what is there. */
import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { blinkSaying } from './images.ts'
import { type Running, World } from './world.ts'

const START = fileURLToPath(new URL('../../tools/start.ts', import.meta.url))
// A suite, so that its processes live only as long as its own tests.
describe('npm start', () => {
  const world = new World()
  after(() => world.end())

  async function start(): Promise<Running> {
    const { port, gateway } = await world.ports()
    const places = ['--data', world.data, '--port', `${port}`, '--gateway-port', `${gateway}`]
    return world.startProgram([process.execPath, START, ...places], 'npm start')
  }

  test('the first start shows an application going over the air, running and logging', async () => {
    const story = await start()
    await story.says(/Uploading .*blink\.zip/)
    await story.says(/\[ota_update] +COMPLETE/)
    await story.says(/\[app_logging] Hello from blink, second 0/)
    await story.says(/The first log line came after \d+\.\d s/)
    await story.says(/npx microvisor devices list/)

    const second = await (await start()).ended()
    assert.equal(second.code, 2)
    assert.match(second.stderr, /^error (PORT|DATA_FOLDER)_IN_USE: /m)
    assert.match(second.stderr, /another `npm start`/)

    const [device] = (await world.succeedJson('devices', 'list')) as { unique_name: string }[]
    assert.equal(device?.unique_name, 'first-device')
    await world.succeed('deploy', blinkSaying('Mine, from blink', world.folder))
    assert.equal((await story.interrupt()).code, 0)
  })

  test('a later start goes on with what was deployed since', async () => {
    const story = await start()
    await story.says(/\[app_logging] Mine, from blink, second \d/)
    assert.doesNotMatch(story.output, /Uploading/)
    const { code, stderr } = await story.interrupt()
    assert.equal(code, 0)
    assert.equal(stderr, '')
  })

  test('the device ends with the process that started it, however that ended', async () => {
    const killed = await start()
    await killed.says(/\[app_logging] Mine, from blink, second \d/)
    await killed.kill('SIGKILL')
    const story = await start()
    await story.says(/\[app_logging] Mine, from blink, second \d/)
    assert.equal((await story.interrupt()).code, 0)
  })
})
