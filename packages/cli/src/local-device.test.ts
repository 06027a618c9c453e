import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { chooseLocalDevice, localDevices } from './local-device.ts'

const data = mkdtempSync(join(tmpdir(), 'microvisor-devices-'))
after(() => rmSync(data, { recursive: true }))

test('the only device is the one that is meant; of several, one has to be named', () => {
  assert.throws(() => chooseLocalDevice(data, undefined), { code: 'NO_DEVICE' })
  mkdirSync(join(data, 'devices/one'), { recursive: true })
  mkdirSync(join(data, 'devices/half-made.partial'))
  assert.equal(chooseLocalDevice(data, undefined), 'one')
  mkdirSync(join(data, 'devices/another'))
  assert.deepEqual(localDevices(data), ['another', 'one'])
  assert.throws(() => chooseLocalDevice(data, undefined), { message: /another, one/, exitCode: 2 })
  assert.equal(chooseLocalDevice(data, 'one'), 'one')
})

test('a name that would lead out of the folder, or is no name, is refused', () => {
  for (const name of ['..', '../x', 'a/b', '', '.hidden', 'x'.repeat(65), 'a b', 'x.partial']) {
    assert.throws(() => chooseLocalDevice(data, name), { code: 'WRONG_USAGE' }, name)
  }
})
