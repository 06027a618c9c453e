/**
 * A certificate request for the device's own key: PKCS #10 (RFC 2986) in DER (X.690), signed with
 * ECDSA over P-256 and SHA-256 (RFC 5480, RFC 5758). The name in it says nothing: the cloud knows who
 * asks by the certificate that the connection was made with.
 */
import { encodeUtf8, joinBytes } from '@microvisor/protocol'
import type { Engines } from '../hardware.ts'

const TAG = {
  integer: 0x02,
  bits: 0x03,
  oid: 0x06,
  utf8: 0x0c,
  sequence: 0x30,
  set: 0x31,
  attributes: 0xa0,
} as const

/** Object identifiers, as DER encodes their arcs. */
const OID = {
  commonName: [0x55, 0x04, 0x03],
  ecPublicKey: [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01],
  p256: [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07],
  ecdsaWithSha256: [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02],
} as const

const NAME = 'Microvisor device'
const PUBLIC_KEY_BYTES = 65
const SIGNATURE_BYTES = 64

export function makeCertificateRequest(engines: Engines): Uint8Array {
  const publicKey = new Uint8Array(PUBLIC_KEY_BYTES)
  engines.devicePublicKey(publicKey)
  const info = der(
    TAG.sequence,
    der(TAG.integer, Uint8Array.of(0)),
    nameOf(NAME),
    der(TAG.sequence, der(TAG.sequence, oid('ecPublicKey'), oid('p256')), bits(publicKey)),
    der(TAG.attributes),
  )
  const signature = new Uint8Array(SIGNATURE_BYTES)
  engines.signAsDevice(info, signature)
  const half = SIGNATURE_BYTES / 2
  const pair = der(
    TAG.sequence,
    integer(signature.subarray(0, half)),
    integer(signature.subarray(half)),
  )
  return der(TAG.sequence, info, der(TAG.sequence, oid('ecdsaWithSha256')), bits(pair))
}

function nameOf(text: string): Uint8Array {
  const name = der(TAG.utf8, encodeUtf8(text))
  return der(TAG.sequence, der(TAG.set, der(TAG.sequence, oid('commonName'), name)))
}

function oid(name: keyof typeof OID): Uint8Array {
  return der(TAG.oid, Uint8Array.from(OID[name]))
}

/** A bit string of whole bytes. */
function bits(bytes: Uint8Array): Uint8Array {
  return der(TAG.bits, Uint8Array.of(0), bytes)
}

/** An unsigned number: as short as it can be, and not to be taken for a negative one. */
function integer(bytes: Uint8Array): Uint8Array {
  const first = bytes.findIndex((byte) => byte !== 0)
  const short = first < 0 ? Uint8Array.of(0) : bytes.subarray(first)
  return (short[0] ?? 0) >= 0x80
    ? der(TAG.integer, Uint8Array.of(0), short)
    : der(TAG.integer, short)
}

function der(tag: number, ...contents: readonly Uint8Array[]): Uint8Array {
  const content = joinBytes(contents)
  const { length } = content
  if (length < 0x80) return joinBytes([Uint8Array.of(tag, length), content])
  if (length < 0x100) return joinBytes([Uint8Array.of(tag, 0x81, length), content])
  return joinBytes([Uint8Array.of(tag, 0x82, length >> 8, length & 0xff), content])
}
