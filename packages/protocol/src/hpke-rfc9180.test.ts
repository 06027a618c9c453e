/** RFC 9180, appendix A.3.1: DHKEM(P-256, HKDF-SHA256), HKDF-SHA256, AES-128-GCM, base mode. */
import assert from 'node:assert/strict'
import { createECDH, randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { hpkeOpen, hpkeSeal } from './hpke.ts'
import { gcmEngines } from './testing/fixtures.ts'

const hex = (text: string) => new Uint8Array(Buffer.from(text, 'hex'))

const vector = {
  info: hex('4f6465206f6e2061204772656369616e2055726e'),
  ephemeralSecret: hex('4995788ef4b9d6132b249ce59a77281493eb39af373d236a1fe415cb0c2d7beb'),
  receiverSecret: hex('f3ce7fdae57e1a310d87f1ebbde6f328be0a99cdbcadf4d6589cf29de4b8ffd2'),
  enc: hex(
    '04a92719c6195d5085104f469a8b9814d5838ff72b60501e2c4466e5e67b325ac98536d7b61a1af4b78e5b7f951c0900be863c403ce65c9bfcb9382657222d18c4',
  ),
  receiver: hex(
    '04fe8c19ce0905191ebc298a9245792531f26f0cece2460639e8bc39cb7f706a826a779b4cf969b8a0e539c7f62fb3d30ad6aa8f80e30f1d128aafd68a2ce72ea0',
  ),
  plain: hex('4265617574792069732074727574682c20747275746820626561757479'),
  aad: hex('436f756e742d30'),
  sealed: hex(
    '5ad590bb8baa577f8619db35a36311226a896e7342a6d836d8b7bcd2f20b6c7f9076ac232e3ab2523f39513434',
  ),
}

/** The shared point's X, from one side's secret and the other's public key. */
function agree(secret: Uint8Array, publicKey: Uint8Array): Uint8Array {
  const pair = createECDH('prime256v1')
  pair.setPrivateKey(secret)
  return new Uint8Array(pair.computeSecret(publicKey))
}

const { info, plain, aad, sealed, enc: sender, receiver } = vector

test('the first message of A.3.1 is sealed as the RFC says', () => {
  const shared = agree(vector.ephemeralSecret, receiver)
  assert.deepEqual(hpkeSeal(gcmEngines, { shared, sender, receiver }, info, plain, aad), sealed)
})

test('and opened by the receiver', () => {
  const shared = agree(vector.receiverSecret, sender)
  assert.deepEqual(hpkeOpen(gcmEngines, { shared, sender, receiver }, info, sealed, aad), plain)
})

test('any changed bit, other info, other associated data or another receiver opens nothing', () => {
  const agreement = { shared: agree(vector.receiverSecret, sender), sender, receiver }
  for (let bit = 0; bit < 8 * sealed.length; bit++) {
    const changed = sealed.slice()
    changed[bit >> 3]! ^= 1 << (bit & 7)
    assert.equal(hpkeOpen(gcmEngines, agreement, info, changed, aad), undefined)
  }
  assert.equal(hpkeOpen(gcmEngines, agreement, plain, sealed, aad), undefined)
  assert.equal(hpkeOpen(gcmEngines, agreement, info, sealed, info), undefined)
  const other = { ...agreement, shared: agree(randomBytes(32), sender) }
  assert.equal(hpkeOpen(gcmEngines, other, info, sealed, aad), undefined)
})
