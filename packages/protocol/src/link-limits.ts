/**
 * The limits that each message of the link keeps: lengths of hashes, texts and lists. One table, used
 * by the encoder and the decoder alike.
 */
import { PUBLIC_KEY_BYTES } from './digest.ts'
import type { ChannelStream, DeviceState, Frame, Target } from './generated/link_pb.js'
import {
  CERTIFICATE_BYTES_MAX,
  CERTIFICATE_REQUEST_BYTES_MAX,
  CHANNEL_BUFFER_BYTES_MAX,
  CHANNEL_ENDPOINT_BYTES_MAX,
  CRASH_SEALED_BYTES_MAX,
  CRASH_STACK_BYTES_MAX,
  LAYER_KEYS_MAX,
  LAYERS_MAX,
  LINK_TEXT_BYTES_MAX,
  MANIFEST_BYTES_MAX,
  NEW_KEYS_BYTES_MAX,
  NONCE_BYTES_MAX,
  NONCE_BYTES_MIN,
  SIGNERS_MAX,
  STREAM_CREDIT_BYTES_MAX,
  STREAM_DATA_BYTES_MAX,
  TOKEN_BYTES_MAX,
} from './limits.ts'
import { encodeUtf8 } from './text.ts'

type Body = Exclude<Frame['body'], { case: undefined }>
type Check<Case extends Body['case']> = (
  value: Extract<Body, { case: Case }>['value'],
) => string | undefined

/** r0-r12, sp, lr, pc, xpsr. */
export const CRASH_REGISTERS = 17

/** What breaks a limit, in a sentence; undefined if nothing does. */
export function checkFrameBody(body: Body): string | undefined {
  const check = checks[body.case] as Check<Body['case']>
  return check(body.value as never)
}

const checks: { [Case in Body['case']]: Check<Case> } = {
  hello: (m) =>
    text('Hello.kernel_failure', m.kernelFailure) ??
    text('Hello.kernel_version_text', m.kernelVersionText) ??
    deviceState('Hello.state', m.state),
  welcome: (m) => target('Welcome.target', m.target),
  goodbye: (m) => text('Goodbye.detail', m.detail),
  ping: () => undefined,
  pong: () => undefined,
  deviceState: (m) => deviceState('DeviceState', m),
  target: (m) => target('Target', m),
  updateProgress: (m) =>
    hash('UpdateProgress.manifest_hash', m.manifestHash, 'or empty') ??
    text('UpdateProgress.detail', m.detail),
  crashReport: (m) =>
    text('CrashReport.exception', m.exception) ??
    hash('CrashReport.manifest_hash', m.manifestHash, 'or empty') ??
    exactly('CrashReport.registers', m.registers.length, CRASH_REGISTERS, 'words') ??
    atMost('CrashReport.stack', m.stack.length, CRASH_STACK_BYTES_MAX, 'bytes') ??
    atMost('CrashReport.sealed', m.sealed.length, CRASH_SEALED_BYTES_MAX, 'bytes'),
  crashReceived: () => undefined,
  settings: () => undefined,
  restartApplication: () => undefined,
  keyState: (m) =>
    atMost('KeyState.manifest_signers', m.manifestSigners.length, SIGNERS_MAX + 1, 'keys') ??
    atMost('KeyState.layer_keys', m.layerKeys.length, LAYER_KEYS_MAX, 'keys') ??
    exactly('KeyState.receiver_key', m.receiverKey.length, PUBLIC_KEY_BYTES, 'bytes') ??
    text('KeyState.refusal', m.refusal),
  newKeys: (m) => atMost('NewKeys.signed', m.signed.length, NEW_KEYS_BYTES_MAX, 'bytes'),
  kernelTarget: (m) => hash('KernelTarget.manifest_hash', m.manifestHash, 'or empty'),
  attestationRequest: (m) =>
    atMost('AttestationRequest.nonce', m.nonce.length, NONCE_BYTES_MAX, 'bytes') ??
    (m.nonce.length < NONCE_BYTES_MIN
      ? `AttestationRequest.nonce has ${m.nonce.length} bytes; ${NONCE_BYTES_MIN} are needed.`
      : undefined),
  certificateOrder: () => undefined,
  certificateRequest: (m) =>
    atMost('CertificateRequest.request', m.request.length, CERTIFICATE_REQUEST_BYTES_MAX, 'bytes'),
  certificate: (m) =>
    atMost('Certificate.certificate', m.certificate.length, CERTIFICATE_BYTES_MAX, 'bytes'),
  attestation: (m) => atMost('Attestation.token', m.token.length, TOKEN_BYTES_MAX, 'bytes'),
  streamOpen: (m) => {
    if (m.kind.case === undefined) return `StreamOpen of stream ${m.stream} names no known kind.`
    if (m.kind.case === 'channel') return channelStream(m.kind.value)
    if (m.kind.case === 'fetch') return hash('FetchStream.hash', m.kind.value.hash)
    if (m.kind.case === 'layer')
      return (
        hash('LayerStream.fetch_hash', m.kind.value.fetchHash) ??
        hash('LayerStream.base_hash', m.kind.value.baseHash, 'or empty') ??
        hash('LayerStream.transfer_hash', m.kind.value.transferHash, 'or empty')
      )
    if (m.kind.case === 'debug') return text('DebugStream.holder', m.kind.value.holder)
    return undefined
  },
  streamData: (m) => atMost('StreamData.data', m.data.length, STREAM_DATA_BYTES_MAX, 'bytes'),
  streamCredit: (m) => atMost('StreamCredit.bytes', m.bytes, STREAM_CREDIT_BYTES_MAX, 'bytes'),
  streamClose: (m) => text('StreamClose.detail', m.detail),
}

function channelStream({ endpoint, receiveBytes }: ChannelStream): string | undefined {
  const endpointBytes = encodeUtf8(endpoint).length
  return (
    atMost('ChannelStream.endpoint', endpointBytes, CHANNEL_ENDPOINT_BYTES_MAX, 'bytes') ??
    atMost('ChannelStream.receive_bytes', receiveBytes, CHANNEL_BUFFER_BYTES_MAX, 'bytes')
  )
}

function deviceState(where: string, state: DeviceState | undefined): string | undefined {
  if (state === undefined) return undefined
  const { layers } = state
  return (
    hash(`${where}.manifest_hash`, state.manifestHash, 'or empty') ??
    atMost(`${where}.layers`, layers.length, LAYERS_MAX, 'layers') ??
    layers
      .map((l, i) => hash(`${where}.layers[${i}].measurement_hash`, l.measurementHash, 'or empty'))
      .find((problem) => problem !== undefined)
  )
}

function target(where: string, value: Target | undefined): string | undefined {
  if (value === undefined) return undefined
  return (
    hash(`${where}.manifest_hash`, value.manifestHash, 'or empty') ??
    atMost(`${where}.manifest_size`, value.manifestSize, MANIFEST_BYTES_MAX, 'bytes')
  )
}

function hash(where: string, bytes: Uint8Array, empty?: 'or empty'): string | undefined {
  if (empty !== undefined && bytes.length === 0) return undefined
  return exactly(where, bytes.length, 32, 'bytes')
}

function text(where: string, value: string): string | undefined {
  if (value.length * 3 <= LINK_TEXT_BYTES_MAX) return undefined
  return atMost(where, encodeUtf8(value).length, LINK_TEXT_BYTES_MAX, 'bytes')
}

function atMost(where: string, count: number, limit: number, unit: string): string | undefined {
  return count <= limit ? undefined : `${where} has ${count} ${unit}; ${limit} are allowed.`
}

function exactly(where: string, count: number, wanted: number, unit: string): string | undefined {
  return count === wanted ? undefined : `${where} has ${count} ${unit} instead of ${wanted}.`
}
