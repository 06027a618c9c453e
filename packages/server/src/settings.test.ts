/** Settings from the environment: read as they are meant, or refused with what to do. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { settingsOf } from './settings.ts'

test('what is set is taken, what is empty is not set', () => {
  const environment = {
    MICROVISOR_DATABASE_URL: 'postgres://db/x',
    MICROVISOR_BUS_URL: '',
    MICROVISOR_GATEWAY: 'devices.example:8701',
    MICROVISOR_DRAIN_SECONDS: '15',
    OTHER: 'x',
  }
  assert.deepEqual(settingsOf(environment), {
    databaseUrl: 'postgres://db/x',
    publicGateway: { host: 'devices.example', port: 8701 },
    drainSeconds: 15,
  })
})

for (const [name, wrong] of [
  ['MICROVISOR_DRAIN_SECONDS', '-1'],
  ['MICROVISOR_DRAIN_SECONDS', '601'],
  ['MICROVISOR_DRAIN_SECONDS', 'long'],
  ['MICROVISOR_GATEWAY', 'devices.example'],
  ['MICROVISOR_GATEWAY', 'https://devices.example:1/x'],
] as const)
  test(`${name}=${wrong} is refused`, () => {
    assert.throws(() => settingsOf({ [name]: wrong }), { code: 'SETTING_INVALID' })
  })
