/**
 * Manifests: what a bundle's layers are, where they go, and under which policies the application
 * runs; for a kernel, its layers and version.
 *
 * A manifest is kept as its bytes. The signature covers the very bytes of the body, and the hash that
 * names an application covers the whole, so parsing reads them and never writes them anew. A field
 * that this version does not know is refused rather than passed over: it may be a policy, and one
 * that is silently not kept is worse than a bundle that is clearly not taken.
 */
import './text.ts'
import { create, fromBinary, type Message, toBinary } from '@bufbuild/protobuf'
import type { GenMessage } from '@bufbuild/protobuf/codegenv2'
import { BundleError, refuse } from './bundle-errors.ts'
import { type Digest, isPublicKey, SIGNATURE_BYTES, type Sign, type Verify } from './digest.ts'
import type { AppManifest_AppBody as AppBody } from './generated/bundle_pb.js'
import {
  AppManifest_AppBodySchema as AppBodySchema,
  OpaqueManifestSchema,
} from './generated/bundle_pb.js'
import { keyIdOf } from './key-ids.ts'
import { checkLayers, type Layer, readLayer, writeLayer } from './layers.ts'
import { MANIFEST_BYTES_MAX } from './limits.ts'
import { encodeUtf8 } from './text.ts'

/** A manifest without a look into its body. */
export interface SignedBody {
  /** Key id of the signer; 0n: not signed. */
  readonly signerId: bigint
  readonly body: Uint8Array
  /** 64 bytes, or none: not signed. */
  readonly signature: Uint8Array
}

export interface AppManifest extends SignedBody {
  readonly layers: readonly Layer[]
  readonly policies: AppPolicies
}

/** Under which rules an application runs. 0 is what a manifest that does not say means. */
export interface AppPolicies {
  /** P-256 public key, X9.62 uncompressed; whoever has its private half may debug. */
  readonly debugKey: Uint8Array | undefined
  readonly crash: {
    readonly minimumRestartMs: number
    readonly maximumRestartMs: number
    readonly includeStackBytes: number
    /** Crash reports are encrypted to this key. */
    readonly reportKey: Uint8Array | undefined
  }
  readonly update: {
    readonly maximumPolitenessSeconds: number
    readonly minimumKernelVersion: number
  }
  readonly connectivity: {
    readonly connectionGraceSeconds: number
    readonly minimumCheckInSeconds: number
  }
}

/** What the reference tool writes when it is given no options. */
export const plainPolicies: AppPolicies = {
  debugKey: undefined,
  crash: {
    minimumRestartMs: 0,
    maximumRestartMs: 0,
    includeStackBytes: 0,
    reportKey: undefined,
  },
  update: { maximumPolitenessSeconds: 0, minimumKernelVersion: 0 },
  connectivity: { connectionGraceSeconds: 0, minimumCheckInSeconds: 0 },
}

/** An application's manifest. Throws BundleError. */
export function parseAppManifest(bytes: Uint8Array): AppManifest {
  const signed = parseSignedBody(bytes)
  const body = parseMessage(AppBodySchema, signed.body, 'body')
  const layers = body.layers.map(readLayer)
  checkLayers(layers)
  return { ...signed, layers, policies: readPolicies(body) }
}

/** The body of an application's manifest, ready to be signed. Throws BundleError. */
export function encodeAppBody(layers: readonly Layer[], policies: AppPolicies): Uint8Array {
  checkLayers(layers)
  const body = toBinary(
    AppBodySchema,
    create(AppBodySchema, { layers: layers.map(writeLayer), ...writePolicies(policies) }),
  )
  readPolicies(fromBinary(AppBodySchema, body))
  return body
}

/** A manifest as it is stored and sent. */
export function encodeManifest(manifest: SignedBody): Uint8Array<ArrayBuffer> {
  const { signerId, body, signature } = manifest
  const bytes = toBinary(
    OpaqueManifestSchema,
    create(OpaqueManifestSchema, { signerId, body, signature }),
  )
  checkManifestSize(bytes)
  return bytes
}

export function unsigned(body: Uint8Array): SignedBody {
  return { signerId: 0n, body, signature: new Uint8Array(0) }
}

/** The body with a signature over it by the key whose public half is given. */
export function signBody(
  body: Uint8Array,
  key: { publicKey: Uint8Array; sign: Sign },
  digest: Digest,
): SignedBody {
  return {
    signerId: keyId(key.publicKey, digest),
    body,
    signature: key.sign(signingMessage(body)),
  }
}

/** Throws BundleError unless one of `trustedKeys` signed the manifest. */
export function verifySignature(
  manifest: SignedBody,
  trustedKeys: readonly Uint8Array[],
  engines: { digest: Digest; verify: Verify },
): void {
  const { signerId, body, signature } = manifest
  if (signature.length === 0) refuse('MANIFEST_UNSIGNED', 'The manifest is not signed.')
  const key = trustedKeys.find((candidate) => keyId(candidate, engines.digest) === signerId)
  if (key === undefined)
    refuse(
      'MANIFEST_SIGNER_UNKNOWN',
      `The manifest is signed by key ${formatKeyId(signerId)}, which is not trusted here.`,
    )
  if (!engines.verify(key, signingMessage(body), signature))
    refuse(
      'MANIFEST_SIGNATURE_WRONG',
      `The signature by key ${formatKeyId(signerId)} does not fit the manifest.`,
    )
}

/** What a signature is made over: a fixed prefix, a zero byte, the body. */
export function signingMessage(body: Uint8Array): Uint8Array<ArrayBuffer> {
  const prefix = encodeUtf8('twlo-mv-manifest-v1\0')
  const message = new Uint8Array(prefix.length + body.length)
  message.set(prefix)
  message.set(body, prefix.length)
  return message
}

/** The id of a signing key. */
export function keyId(publicKey: Uint8Array, digest: Digest): bigint {
  return keyIdOf('signer', publicKey, digest)
}

export function formatKeyId(id: bigint): string {
  return id.toString(16).padStart(16, '0')
}

/** The envelope of a manifest of either kind. Throws BundleError. */
export function parseSignedBody(bytes: Uint8Array): SignedBody {
  checkManifestSize(bytes)
  const { signerId, body, signature } = parseMessage(OpaqueManifestSchema, bytes, 'manifest')
  if (body.length === 0) refuse('MANIFEST_BODY_MISSING', 'The manifest has no body.')
  if (signature.length !== 0 && signature.length !== SIGNATURE_BYTES)
    refuse(
      'MANIFEST_SIGNATURE_MALFORMED',
      `The signature has ${signature.length} bytes instead of ${SIGNATURE_BYTES}.`,
    )
  if ((signerId === 0n) !== (signature.length === 0))
    refuse(
      'MANIFEST_SIGNATURE_MALFORMED',
      signerId === 0n
        ? 'The manifest has a signature but names no signer.'
        : `The manifest names the signer ${formatKeyId(signerId)} but has no signature.`,
    )
  return { signerId, body, signature }
}

/** A message with nothing in it that its schema does not know. Throws BundleError. */
export function parseMessage<Kind extends Message>(
  schema: GenMessage<Kind>,
  bytes: Uint8Array,
  where: string,
): Kind {
  let message: Kind
  try {
    message = fromBinary(schema, bytes)
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new BundleError(
      'MANIFEST_MALFORMED',
      `The ${where} (${bytes.length} bytes) is not a protobuf message of its kind: ${reason}.`,
      { cause: error },
    )
  }
  const unknown = findUnknownField(message, where)
  if (unknown !== undefined)
    refuse('MANIFEST_FIELD_UNKNOWN', `The manifest has the unknown field ${unknown}.`)
  return message
}

function findUnknownField(value: unknown, path: string): string | undefined {
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return undefined
  const first = (value as Message).$unknown?.[0]
  if (first !== undefined) return `number ${first.no} in ${path}`
  for (const [key, member] of Object.entries(value)) {
    const found = findUnknownField(member, key === 'value' ? path : `${path}.${key}`)
    if (found !== undefined) return found
  }
  return undefined
}

function readPolicies(body: AppBody): AppPolicies {
  const debugKey = body.debug?.debugAuthPubkey
  const reportKey = body.crash?.crashReportPubkey
  checkKey(debugKey, 'debug_auth_pubkey')
  checkKey(reportKey, 'crash_report_pubkey')
  return {
    debugKey: debugKey?.length ? debugKey : undefined,
    crash: {
      minimumRestartMs: body.crash?.minimumRestartMs ?? 0,
      maximumRestartMs: body.crash?.maximumRestartMs ?? 0,
      includeStackBytes: body.crash?.includeStackBytes ?? 0,
      reportKey: reportKey?.length ? reportKey : undefined,
    },
    update: {
      maximumPolitenessSeconds: body.update?.maximumPolitenessTimeSec ?? 0,
      minimumKernelVersion: body.update?.minimumKernelVersion ?? 0,
    },
    connectivity: {
      connectionGraceSeconds: body.connectivity?.connectionGraceTimeSec ?? 0,
      minimumCheckInSeconds: body.connectivity?.minimumCheckInTimeSec ?? 0,
    },
  }
}

/** `update` and `connectivity` are always written, the others where they say something, as the reference tool does. */
function writePolicies({ debugKey, crash, update, connectivity }: AppPolicies) {
  const { minimumRestartMs, maximumRestartMs, includeStackBytes, reportKey } = crash
  const hasCrash = minimumRestartMs || maximumRestartMs || includeStackBytes || reportKey
  return {
    ...(debugKey && { debug: { debugAuthPubkey: debugKey } }),
    ...(hasCrash && {
      crash: {
        minimumRestartMs,
        maximumRestartMs,
        includeStackBytes,
        crashReportPubkey: reportKey ?? new Uint8Array(0),
      },
    }),
    update: {
      maximumPolitenessTimeSec: update.maximumPolitenessSeconds,
      minimumKernelVersion: update.minimumKernelVersion,
    },
    connectivity: {
      connectionGraceTimeSec: connectivity.connectionGraceSeconds,
      minimumCheckInTimeSec: connectivity.minimumCheckInSeconds,
    },
  }
}

function checkKey(key: Uint8Array | undefined, field: string): void {
  if (key === undefined || key.length === 0 || isPublicKey(key)) return
  refuse(
    'MANIFEST_KEY_MALFORMED',
    `${field} has ${key.length} bytes and begins with ${key[0]}; a P-256 public key has 65 and begins with 4.`,
  )
}

function checkManifestSize(bytes: Uint8Array): void {
  if (bytes.length > MANIFEST_BYTES_MAX)
    refuse(
      'MANIFEST_TOO_LARGE',
      `The manifest has ${bytes.length} bytes; ${MANIFEST_BYTES_MAX} are allowed.`,
    )
}
