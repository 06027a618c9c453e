/**
 * The guide's Caddy in front of a server, with an authority of its own for HTTPS: the command, the
 * vendor's client, event streams, uploads and debuggers go through it, and the server knows who asks. In
 * `npm run test:slow`.
 */
import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { Agent, request } from 'node:https'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { missing } from '../../tools/programs.ts'
import { isComplete } from '../../tools/sampling.ts'
import { guideBlock, ROOT } from './guide.ts'
import { prebuilt } from './images.ts'
import { freePort, type Running, World } from './world.ts'

const skip = isComplete && missing('caddy')
const MIB = 1 << 20

interface Answer {
  readonly status: number
  readonly body: string
}

if (isComplete)
  describe('a server behind the Caddy of the guide', { skip }, () => {
    const world = new World()
    let url: string
    let authority: string
    let account: { accountSid: string; authToken: string }

    before(async () => {
      const front = await freePort()
      const { port } = await world.ports()
      url = `https://localhost:${front}`
      Object.assign(world.environment, {
        MICROVISOR_PUBLIC_URL: url,
        MICROVISOR_TRUSTED_PROXIES: '127.0.0.1',
      })
      const block = guideBlock('microvisor.example {\n')
      const file = join(world.folder, 'Caddyfile')
      const own = '{\n  admin off\n  skip_install_trust\n  auto_https disable_redirects\n}\n'
      const site = block
        .replace('microvisor.example {', `localhost:${front} {\n  tls internal`)
        .replace('127.0.0.1:8700', `127.0.0.1:${port}`)
      assert.equal(site.split('\n').length, block.split('\n').length + 1)
      writeFileSync(file, own + site)
      await world.startServer()
      const words = ['caddy', 'run', '--config', file, '--adapter', 'caddyfile']
      const caddy = world.startProgram(words, 'caddy')
      await caddy.says(/serving initial configuration/)
      authority = join(world.folder, 'share/caddy/pki/authorities/local/root.crt')
      world.environment.NODE_EXTRA_CA_CERTS = authority
      const profile = join(world.folder, 'config/microvisor/profiles/local.json')
      account = JSON.parse(readFileSync(profile, 'utf8'))
    })
    after(() => world.end())

    /** From another address of this machine, as another one would. */
    function ask(path: string, localAddress: string, more: Record<string, string> = {}) {
      const { accountSid, authToken } = account
      const headers = {
        authorization: `Basic ${btoa(`${accountSid}:${authToken}`)}`,
        'content-type': 'application/x-www-form-urlencoded',
        ...more,
      }
      const agent = new Agent({ ca: readFileSync(authority), localAddress, family: 4 })
      return new Promise<Answer>((resolve, reject) => {
        const method = path.includes('Configs') ? 'POST' : 'GET'
        const sent = request(`${url}${path}`, { method, headers, agent }, (answer) => {
          let body = ''
          answer.setEncoding('utf8').on('data', (part: string) => {
            body += part
          })
          answer.on('end', () => resolve({ status: answer.statusCode ?? 0, body }))
        })
        sent.on('error', reject).end('Key=k&Value=v')
      })
    }

    test('the command goes through it, and what a device logs comes at once', async () => {
      assert.match(await world.succeed('devices', 'list'), /SID|No devices/)
      const device: Running = await world.startDevice('pump')
      const reader = world.start(['logs', 'stream', 'pump'])
      await world.succeed('deploy', prebuilt('blink'), '--device', 'pump')
      await reader.says(/Hello from blink, second 2/)
      // A proxy that gathers would give several at once.
      const from = reader.output.length
      const second = Number(/second (\d+)\n$/.exec(reader.output)?.[1])
      await reader.says(new RegExp(`second ${second + 1}\n`), { after: from, timeoutMs: 5000 })
      await reader.interrupt()
      await device.interrupt()
    })

    test('an upload of five megabytes goes through it', async () => {
      const file = join(world.folder, 'large.bin')
      const bytes = Buffer.alloc(5 * MIB)
      for (let at = 0; at < bytes.length; at += 4) bytes.writeUInt32LE((at * 2654435761) >>> 0, at)
      writeFileSync(file, bytes)
      const script = `
        const { readFileSync } = require('node:fs')
        const body = new FormData()
        body.append('File', new Blob([readFileSync(${JSON.stringify(file)})]), 'a.zip')
        const headers = { authorization: 'Basic ' + btoa('${account.accountSid}:${account.authToken}') }
        fetch('${url}/v1/Apps', { method: 'POST', body, headers }).then(async (answer) =>
          console.log(answer.status, await answer.text()))`
      const sent = await world.startProgram([process.execPath, '-e', script], 'upload').succeeds()
      // All of it arrived: only then is a bundle opened.
      assert.match(sent.stdout, /^400 .*BUNDLE/)
    })

    test("the vendor's client goes through it", async () => {
      const script = `
        const client = require('twilio-5')('${account.accountSid}', '${account.authToken}')
        client.microvisor.baseUrl = '${url}'
        client.microvisor.v1.devices.list().then((all) => console.log(all.map((one) => one.uniqueName).join()))`
      const file = join(ROOT, 'node_modules')
      world.environment.NODE_PATH = file
      const { stdout } = await world
        .startProgram([process.execPath, '-e', script], 'client')
        .succeeds()
      assert.equal(stdout, 'pump\n')
    })

    test('the audit log has the address of who asked, whatever they claim to be', async () => {
      const claimed = { 'x-forwarded-for': '203.0.113.9', forwarded: 'for=203.0.113.9' }
      const made = await ask('/v1/Configs', '127.0.0.2', claimed)
      assert.equal(made.status, 201, made.body)
      const log = await ask('/v1/Audit?PageSize=1', '127.0.0.1')
      assert.equal(JSON.parse(log.body).entries[0].address, '127.0.0.2', log.body)
    })

    test('who guesses passwords locks out nobody else', async () => {
      const wrong = { authorization: `Basic ${btoa(`AC${'0'.repeat(32)}:wrong`)}` }
      const all = Array.from({ length: 200 }, () => ask('/v1/Devices', '127.0.0.3', wrong))
      const statuses = new Set((await Promise.all(all)).map(({ status }) => status))
      assert.deepEqual(statuses, new Set([401, 429]))
      assert.equal((await ask('/v1/Devices', '127.0.0.4', wrong)).status, 401)
      assert.equal((await ask('/v1/Devices', '127.0.0.4')).status, 200)
    })
  })
