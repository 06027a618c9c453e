/**
 * COSE_Sign1 (RFC 9052, section 4.2) with ES256 (RFC 9053, section 2.1), tagged as a CBOR Web Token
 * (RFC 8392, section 6): 61(18([protected, unprotected, payload, signature])).
 *
 * The certificate of the signer may stand in the unprotected header as x5chain (RFC 9360): it is no
 * part of what is signed, so whoever has it may add it.
 */
import { CborTag, type CborValue, decodeCbor, encodeCbor } from './cbor.ts'

const CWT_TAG = 61
const SIGN1_TAG = 18
/** IANA, "COSE Header Parameters". */
const HEADER = { algorithm: 1, keyId: 4, certificates: 33 } as const
/** IANA, "COSE Algorithms". */
const ES256 = -7

const SIGNATURE_BYTES = 64

export interface Sign1 {
  /** As it was signed. */
  readonly protectedHeader: Uint8Array
  readonly keyId: Uint8Array
  /** DER of the signer's certificate, if somebody has added it. */
  readonly certificate: Uint8Array | undefined
  readonly payload: Uint8Array
  /** r then s, 32 bytes each. */
  readonly signature: Uint8Array
}

export function makeSign1(
  payload: Uint8Array,
  keyId: Uint8Array,
  sign: (message: Uint8Array) => Uint8Array,
): Uint8Array {
  const header = new Map<number, CborValue>([
    [HEADER.algorithm, ES256],
    [HEADER.keyId, keyId],
  ])
  const protectedHeader = encodeCbor(header)
  const signature = sign(signedMessage({ protectedHeader, payload }))
  return encodeSign1({ protectedHeader, keyId, certificate: undefined, payload, signature })
}

/** Sig_structure: what the signature is over. */
export function signedMessage(sign1: Pick<Sign1, 'protectedHeader' | 'payload'>): Uint8Array {
  return encodeCbor(['Signature1', sign1.protectedHeader, new Uint8Array(0), sign1.payload])
}

function encodeSign1(sign1: Sign1): Uint8Array {
  const { protectedHeader, certificate, payload, signature } = sign1
  const unprotected = new Map<number, CborValue>()
  if (certificate !== undefined) unprotected.set(HEADER.certificates, certificate)
  const parts = [protectedHeader, unprotected, payload, signature]
  return encodeCbor(new CborTag(CWT_TAG, new CborTag(SIGN1_TAG, parts)))
}

/** What is wrong, as a sentence, or the parts. The signature is not looked at. */
export function decodeSign1(bytes: Uint8Array): Sign1 | string {
  const token = decodeCbor(bytes)
  if (token === undefined) return 'it is not one value of CBOR in deterministic form'
  const inner = tagged(tagged(token, CWT_TAG), SIGN1_TAG)
  if (!Array.isArray(inner) || inner.length !== 4) return 'it is no COSE_Sign1 in a CWT tag'
  const [protectedHeader, unprotected, payload, signature] = inner as CborValue[]
  if (!(protectedHeader instanceof Uint8Array) || !(payload instanceof Uint8Array))
    return 'protected header or payload is no byte string'
  if (!(signature instanceof Uint8Array) || signature.length !== SIGNATURE_BYTES)
    return `its signature does not have ${SIGNATURE_BYTES} bytes`
  const header = decodeCbor(protectedHeader)
  if (!(header instanceof Map) || header.size !== 2 || header.get(HEADER.algorithm) !== ES256)
    return 'its protected header does not say ES256 and a key id, and nothing else'
  const keyId = header.get(HEADER.keyId)
  if (!(keyId instanceof Uint8Array)) return 'its key id is no byte string'
  const certificate = certificateOf(unprotected!)
  if (certificate === null) return 'its unprotected header has something else than one certificate'
  return { protectedHeader, keyId, certificate, payload, signature }
}

/** The token with its signer's certificate beside it. */
export function withCertificate(bytes: Uint8Array, certificate: Uint8Array): Uint8Array {
  const sign1 = decodeSign1(bytes)
  if (typeof sign1 === 'string') throw new RangeError(`The token is none: ${sign1}.`)
  return encodeSign1({ ...sign1, certificate })
}

/** Null: there is something that does not belong there. */
function certificateOf(header: CborValue): Uint8Array | undefined | null {
  if (!(header instanceof Map) || header.size > 1) return null
  if (header.size === 0) return undefined
  const certificate = header.get(HEADER.certificates)
  return certificate instanceof Uint8Array ? certificate : null
}

function tagged(value: CborValue | undefined, tag: number): CborValue | undefined {
  return value instanceof CborTag && value.tag === tag ? value.content : undefined
}
