/** What `up` reads from the environment besides the server's settings: taken, or refused by name and value. */
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { resolveEgress } from './egress.ts'
import { serverLogOf } from './server-log.ts'
import type { upSettings } from './up-settings.ts'

const folder = mkdtempSync(join(tmpdir(), 'microvisor-log-'))
process.once('exit', () => rmSync(folder, { recursive: true }))

/** As `up` asks for them. */
function read(environment: NodeJS.ProcessEnv) {
  return { log: serverLogOf(folder, environment), egress: resolveEgress({}, environment) }
}

test('every one of them is refused by name and value where it makes no sense', () => {
  const wrong: Record<keyof typeof upSettings, string> = {
    MICROVISOR_LOG: 'syslog',
    MICROVISOR_LOG_LEVEL: 'chatty',
    MICROVISOR_EGRESS_ALLOW: 'https://host/path',
    MICROVISOR_EGRESS_CA: join(folder, 'nowhere'),
  }
  for (const [name, value] of Object.entries(wrong)) {
    const said = ({ message, exitCode }: { message: string; exitCode: number }) =>
      exitCode === 2 && message.includes(name) && message.includes(value)
    assert.throws(() => read({ [name]: value }), said, name)
  }
})

test('the log goes to a file unless it is told to go to standard error', () => {
  const { log } = read({ MICROVISOR_LOG: '' })
  log.write('{"event":"x"}\n')
  assert.equal(readFileSync(join(folder, 'server.log'), 'utf8'), '{"event":"x"}\n')
  assert.deepEqual([log.level, log.place], ['info', join(folder, 'server.log')])
  const journal = read({ MICROVISOR_LOG: 'stderr', MICROVISOR_LOG_LEVEL: 'warn' }).log
  assert.deepEqual([journal.level, journal.place], ['warn', 'standard error'])
})
