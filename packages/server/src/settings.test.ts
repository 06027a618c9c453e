/** Settings from the environment: each is read as it is meant, or refused with its name, its value and what to do. */
import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { serverSettings, settingsOf } from './settings.ts'
import { testCloud, testFolder } from './testing/cloud.ts'

test('what is empty is not set, and what is none of ours is left alone', () => {
  assert.deepEqual(settingsOf({ MICROVISOR_BUS_URL: '', MICROVISOR_URL: 'x', OTHER: 'x' }), {})
})

interface Sample {
  readonly good: readonly (readonly [text: string, option: unknown])[]
  readonly wrong: readonly string[]
}

const asItIs = (...texts: string[]) => texts.map((text) => [text, text] as const)

/** `wrong` is empty where only the start itself can tell. */
const samples: Record<keyof typeof serverSettings, Sample> = {
  MICROVISOR_DATABASE_URL: {
    good: asItIs('postgres://u:p@db:5432/name', 'postgresql:///name?host=/run/postgresql'),
    wrong: ['mysql://db/name', 'db:5432', '/var/lib/db', 'postgres://', 'postgres'],
  },
  MICROVISOR_BUS_URL: {
    good: asItIs('nats://bus:4222', 'nats://u:p@bus'),
    wrong: ['localhost', 'http://bus:4222', 'bus:4222', 'nats://', 'nats://bus:port'],
  },
  MICROVISOR_BLOBS_URL: {
    good: asItIs('s3://k:s@host/bucket?region=x'),
    wrong: ['http://host/bucket', 's3://', '/blobs'],
  },
  MICROVISOR_KEYS_FOLDER: { good: asItIs('/etc/microvisor/keys'), wrong: [] },
  MICROVISOR_PUBLIC_URL: {
    good: asItIs('https://microvisor.example', 'http://10.0.0.1:8700/'),
    wrong: ['microvisor.example', 'ftp://host', 'https://host/path', 'https://u@host', 'https://'],
  },
  MICROVISOR_TRUSTED_PROXIES: {
    good: [['10.0.0.5, fd00:1::/64', ['10.0.0.5', 'fd00:1::/64']]],
    wrong: ['proxy.internal', '10.0.0.0/33', '10.0.0.1,', '10.0.0.1 10.0.0.2'],
  },
  MICROVISOR_TLS_CERTIFICATE: { good: asItIs('/etc/api.crt'), wrong: [] },
  MICROVISOR_TLS_KEY: { good: asItIs('/etc/api.key'), wrong: [] },
  MICROVISOR_CERTIFICATE_DAYS: {
    good: [
      ['0', 0],
      ['36500', 36_500],
    ],
    wrong: ['-1', '1.5', '36501', 'forever', '1e3'],
  },
  MICROVISOR_GATEWAY: {
    good: [['devices.example:8701', { host: 'devices.example', port: 8701 }]],
    wrong: ['devices.example', 'https://devices.example:1/x', 'x:99999', ':8701'],
  },
  OTEL_EXPORTER_OTLP_ENDPOINT: {
    good: asItIs('http://collector:4318', 'https://collector/path'),
    wrong: ['collector:4318', 'grpc://collector:4317'],
  },
  MICROVISOR_DRAIN_SECONDS: {
    good: [
      ['0', 0],
      ['600', 600],
    ],
    wrong: ['-1', '601', 'long', '5s'],
  },
  MICROVISOR_LOG_LINES: { good: [['1000000', 1_000_000]], wrong: ['1000001', '-1', 'all'] },
  MICROVISOR_EVENTS_KEPT: {
    good: [
      ['1', 1],
      ['100000000', 100_000_000],
    ],
    wrong: ['0', '100000001', ''.padEnd(20, '9')],
  },
}

for (const [name, { good, wrong }] of Object.entries(samples)) {
  const { option } = serverSettings[name as keyof typeof serverSettings]
  test(`${name} is read, or refused by name and value`, () => {
    for (const [text, value] of good)
      assert.deepEqual(settingsOf({ [name]: text }), { [option]: value }, text)
    for (const text of wrong) {
      const said = (error: { code?: string; message: string; fix?: string }) =>
        error.code === 'SETTING_INVALID' &&
        error.message.includes(name) &&
        error.message.includes(text) &&
        /^(Give|Write) .{12}/.test(error.fix ?? '')
      assert.throws(() => settingsOf({ [name]: text }), said, `${text} is refused`)
    }
  })
}

test('a password is not repeated', () => {
  const wrong = { MICROVISOR_DATABASE_URL: 'mysql://me:hunter2/x@host/db' }
  assert.throws(() => settingsOf(wrong), {
    code: 'SETTING_INVALID',
    message: /"mysql:\/\/me:…@host\/db"/,
  })
})

test('files and folders that cannot be used end the start, by name', async () => {
  const folder = await testFolder()
  const nowhere = join(folder, 'nowhere')
  const files = { tlsCertificate: nowhere, tlsKey: nowhere }
  const says = (code: string) => (error: { code?: string; message: string }) =>
    error.code === code && error.message.includes(nowhere)
  await assert.rejects(testCloud(files), says('TLS_UNUSABLE'))
  await writeFile(nowhere, '')
  await assert.rejects(testCloud({ keysFolder: join(nowhere, 'keys') }), says('KEYS_UNREADABLE'))
})
