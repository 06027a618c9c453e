/** A device's word about itself, as its kernel would give it. */
import assert from 'node:assert/strict'
import { createPrivateKey, sign } from 'node:crypto'
import { type Evidence, fromHex, makeSid, makeToken } from '@microvisor/protocol'
import type { NewDevice, TestDevice } from './device.ts'

export function evidenceOf(device: NewDevice, nonce: Uint8Array): Evidence {
  return {
    nonce,
    deviceSid: makeSid('UV', fromHex(device.sid.slice(2))!),
    ...{ deviceType: 'Imp201c', issuedAtSeconds: 1_700_000_000, uptimeSeconds: 5, debugStatus: 3 },
    boot: {
      measurement: new Uint8Array(32).fill(1),
      ...{ deviceRatchet: 0, isHidden: true, readoutProtection: 0xcc },
    },
    kernel: {
      ...{ versionText: '0.7.0', versionNumber: 7, securityRatchet: 0, state: 'confirmed' },
      manifestHash: new Uint8Array(32).fill(2),
      regions: [{ region: 'Kernel', hash: new Uint8Array(32).fill(3) }],
    },
    application: undefined,
  }
}

export function tokenOf({ key }: NewDevice, evidence: Evidence): Uint8Array {
  const secret = { key: createPrivateKey(key), dsaEncoding: 'ieee-p1363' } as const
  return makeToken(evidence, {
    keyId: new Uint8Array(8),
    sign: (message) => new Uint8Array(sign('sha256', message, secret)),
  })
}

/** Answers the next question, whatever comes before it, with what `answer` makes of it. */
export async function answering(
  link: TestDevice,
  answer: (nonce: Uint8Array) => Uint8Array,
): Promise<void> {
  for (;;) {
    const frame = await link.next()
    assert.ok(frame, 'the connection ended')
    if (frame.case !== 'attestationRequest') continue
    link.send({ case: 'attestation', value: { token: answer(frame.value.nonce) } })
    return
  }
}
