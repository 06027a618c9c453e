/**
 * A server that speaks HTTPS itself is told of a renewed certificate: SIGHUP, and no restart. One that
 * cannot be used is refused in the log, which here goes to standard error.
 */
import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { connect } from 'node:tls'
import { TestAuthority } from '../../packages/server/src/testing/outside-world.ts'
import { World } from './world.ts'

const world = new World()
after(() => world.end())

test('SIGHUP has the certificate read again; a broken one changes nothing', async () => {
  const authority = await TestAuthority.make()
  const files = { certificate: join(world.folder, 'api.crt'), key: join(world.folder, 'api.key') }
  const lay = async () => {
    const { key, certificate } = await authority.issue()
    writeFileSync(files.key, key)
    writeFileSync(files.certificate, certificate)
    return new X509Certificate(certificate).fingerprint256
  }
  const shown = async () => {
    const { port } = await world.ports()
    const socket = connect({ host: 'localhost', port, ca: authority.pem })
    await new Promise<void>((resolve, reject) => {
      socket.once('secureConnect', () => resolve()).once('error', reject)
    })
    const { fingerprint256 } = socket.getPeerCertificate()
    socket.destroy()
    return fingerprint256
  }
  Object.assign(world.environment, {
    MICROVISOR_TLS_CERTIFICATE: files.certificate,
    MICROVISOR_TLS_KEY: files.key,
    MICROVISOR_LOG: 'stderr',
    MICROVISOR_LOG_LEVEL: 'info',
  })
  const first = await lay()
  const server = await world.startServer()
  assert.match(server.output, /REST API +https:/)
  assert.match(server.output, /log +standard error/)
  assert.equal(await shown(), first)

  writeFileSync(files.certificate, 'not a certificate')
  server.hangUp()
  const said = await server.says(/\{.*not read, the old one stays.*\}/)
  const { level, err } = JSON.parse(said[0])
  assert.equal(level, 40)
  assert.match(err.message, new RegExp(`${files.certificate}.*PEM`))
  assert.equal(await shown(), first)

  const second = await lay()
  server.hangUp()
  await server.says(/certificate of the API read again.*"until":/)
  assert.equal(await shown(), second)
  assert.equal((await server.interrupt()).code, 0)
})
