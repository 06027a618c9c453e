import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { resolveEgress } from './egress.ts'

test('nothing is open unless something is said', () => {
  assert.deepEqual(resolveEgress({}, {}), { open: [], authorities: [] })
  assert.deepEqual(resolveEgress({}, { MICROVISOR_EGRESS_ALLOW: '' }).open, [])
})

test('hosts come from the flag, or else from the variable', () => {
  const environment = { MICROVISOR_EGRESS_ALLOW: 'localhost:8443, 192.168.1.20,::1' }
  assert.deepEqual(resolveEgress({}, environment).open, ['localhost:8443', '192.168.1.20', '::1'])
  assert.deepEqual(resolveEgress({ 'egress-allow': 'broker.lan' }, environment).open, [
    'broker.lan',
  ])
})

test('what is no host is refused with what to write', () => {
  for (const host of ['https://localhost', 'a b', 'localhost:', 'x:999999', '*'])
    assert.throws(() => resolveEgress({ 'egress-allow': host }, {}), /is not a host/, host)
})

test('authorities are read from a PEM file', () => {
  const folder = mkdtempSync(join(tmpdir(), 'microvisor-egress-'))
  try {
    const file = join(folder, 'ca.pem')
    const pem = '-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n'
    writeFileSync(file, pem)
    assert.deepEqual(resolveEgress({}, { MICROVISOR_EGRESS_CA: file }).authorities, [pem])
    writeFileSync(file, 'something else')
    assert.throws(() => resolveEgress({ 'egress-ca': file }, {}), /holds no certificate/)
    assert.throws(() => resolveEgress({ 'egress-ca': join(folder, 'none') }, {}), /cannot be read/)
  } finally {
    rmSync(folder, { recursive: true })
  }
})
