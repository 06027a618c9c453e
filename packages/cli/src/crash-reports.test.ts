import assert from 'node:assert/strict'
import { createCipheriv, createECDH, createHash, generateKeyPairSync } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import type { DeviceEvent } from '@microvisor/api'
import { sealCrashReport, toHex } from '@microvisor/protocol'
import { crashOpener } from './crash-reports.ts'

const folder = mkdtempSync(join(tmpdir(), 'microvisor-crashes-'))
after(() => rmSync(folder, { recursive: true }))

function makeKey(name: string): { file: string; point: Uint8Array } {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const file = join(folder, name)
  writeFileSync(file, privateKey.export({ type: 'pkcs8', format: 'pem' }))
  const { x = '', y = '' } = publicKey.export({ format: 'jwk' })
  const parts = [x, y].map((part) => Buffer.from(part, 'base64url'))
  return { file, point: Buffer.concat([Uint8Array.of(4), ...parts]) }
}

function sealedCrash(receiver: Uint8Array): DeviceEvent {
  const once = createECDH('prime256v1')
  const sender = once.generateKeys()
  const registers = Array.from({ length: 17 }, (_, i) => i)
  const sealed = sealCrashReport(
    {
      digest: (parts) =>
        createHash('sha256')
          .update(Buffer.concat([...parts]))
          .digest(),
      seal(key, nonce, aad, plain) {
        const cipher = createCipheriv('aes-128-gcm', key, nonce).setAAD(aad)
        return Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()])
      },
      open: () => undefined,
    },
    { shared: once.computeSecret(receiver), sender, receiver },
    { exception: 'HardFault', registers, cfsr: 1, stack: Uint8Array.of(1, 2) },
  ).sealed!
  const none = { cfsr: 0, hfsr: 0, sfsr: 0, mmfar: 0, bfar: 0, sfar: 0, stack: '' }
  return {
    ...{ timestamp: '2026-11-21T10:00:00.000000Z', device_sid: `UV${'0'.repeat(32)}` },
    ...{ type: 'crash', text: 'HardFault; the report is sealed; restart in 5 ms' },
    crash: {
      ...{ exception: 'HardFault', registers: {}, ...none, app_hash: null, app_sid: null },
      ...{ restart_in_ms: 5, sealed: toHex(sealed) },
    },
  }
}

test('the holder of the key sees the whole report', () => {
  const { file, point } = makeKey('right.pem')
  const { crash, text } = crashOpener(file)(sealedCrash(point))
  assert.deepEqual([crash?.registers.pc, crash?.cfsr, crash?.stack], [15, 1, '0102'])
  assert.match(text, /PC 0x0000_000F, LR 0x0000_000E; restart in 5 ms/)
  assert.equal(crash?.sealed, undefined)
})

test('another key opens nothing and says so; other events are left alone', () => {
  const { point } = makeKey('right.pem')
  const open = crashOpener(makeKey('wrong.pem').file)
  assert.match(open(sealedCrash(point)).text, /not for this key/)
  const event = { ...sealedCrash(point), crash: undefined }
  assert.equal(open(event), event)
})

test('a file without a key is refused', () => {
  const file = join(folder, 'none.pem')
  writeFileSync(file, 'nothing')
  assert.throws(() => crashOpener(file), { code: 'KEY_UNUSABLE' })
})
