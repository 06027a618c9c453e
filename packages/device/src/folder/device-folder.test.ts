import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import fc from 'fast-check'
import { DeviceError } from '../errors.ts'
import { temporaryFolder } from '../testing/temporary-folder.ts'
import { readDeviceOverview } from './device-status.ts'

const GOOD = JSON.stringify({ sid: 'UV1', accountSid: 'AC1', gateway: { host: 'h', port: 1 } })

test('whatever the files hold, a device is read or refused with the file that is wrong', (context) => {
  const folder = temporaryFolder(context)
  const content = fc.oneof(fc.json(), fc.string(), fc.constantFrom(GOOD, '', 'null', '[]', '{}'))
  const property = fc.property(content, content, content, (record, status, lock) => {
    writeFileSync(join(folder, 'device.json'), record)
    writeFileSync(join(folder, 'state.json'), status)
    writeFileSync(join(folder, 'report.json'), status)
    writeFileSync(join(folder, 'lock'), lock)
    try {
      assert.equal(readDeviceOverview(folder).record.gateway.host.length > -1, true)
    } catch (error) {
      assert.ok(error instanceof DeviceError, String(error))
      assert.ok(error.message.includes('device.json'), error.message)
    }
  })
  fc.assert(property, { numRuns: 500 })
})

test('a folder without a device says so', (context) => {
  const folder = temporaryFolder(context)
  assert.throws(() => readDeviceOverview(folder), { code: 'DEVICE_FOLDER_MISSING' })
})
