/** What servers of earlier releases say while an upgrade is under way. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DeviceEvent } from './devices.ts'

test('an update reported by a server of the first release is read, without the bytes that it did not count', () => {
  const hash = `sha256:${'0'.repeat(64)}`
  const said = { phase: 'COMPLETE', hash, app_sid: null, error_code: 0, error: null, detail: '' }
  const event = DeviceEvent.parse({
    timestamp: '2026-11-21T02:47:41.622903Z',
    device_sid: `UV${'0'.repeat(32)}`,
    type: 'ota_update',
    text: 'COMPLETE',
    update: { ...said, bytes_done: 5, bytes_total: 5 },
  })
  const { bytes_sent, bytes_received } = event.update!
  assert.deepEqual([bytes_sent, bytes_received], [0, 0])
})
