/** What systemd hears, over a socket of its kind, by its own program. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { missing } from '../../../tools/programs.ts'
import { serviceManager } from './service-manager.ts'

const folder = mkdtempSync(join(tmpdir(), 'microvisor-notify-'))
after(() => rmSync(folder, { recursive: true }))

/** Prints what comes, a line each; Node has no such sockets. */
const LISTENER = `
import socket, sys
listening = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
listening.bind(sys.argv[1])
print("listening", flush=True)
while True:
    print(listening.recv(4096).decode().replace("\\n", " "), flush=True)
`

test('systemd hears that the server is ready, that it lives, and that it stops', {
  skip: missing('systemd-notify', 'python3'),
}, async () => {
  const socket = join(folder, 'notify')
  const listener = spawn('python3', ['-c', LISTENER, socket])
  after(() => listener.kill())
  let heard = ''
  listener.stdout.setEncoding('utf8').on('data', (text: string) => {
    heard += text
  })
  const hears = async (what: RegExp) => {
    const deadline = performance.now() + 30_000
    while (!what.test(heard)) {
      assert.ok(performance.now() < deadline, `${what} was not heard, but ${heard}`)
      await sleep(20)
    }
  }
  await hears(/listening/)
  const watched = { NOTIFY_SOCKET: socket, WATCHDOG_USEC: '100000', PATH: process.env.PATH }
  const manager = serviceManager(watched)
  const alive = setInterval(() => undefined, 1000)
  manager.ready()
  await hears(/READY=1/)
  await hears(/(WATCHDOG=1[^W]*){3}/)
  manager.stopping()
  await hears(/STOPPING=1/)
  await sleep(300)
  const count = heard.split('WATCHDOG').length
  await sleep(300)
  assert.equal(heard.split('WATCHDOG').length, count, 'a server that stops is not watched')
  serviceManager({ ...watched, NOTIFY_SOCKET: '' }).ready()
  clearInterval(alive)
})
