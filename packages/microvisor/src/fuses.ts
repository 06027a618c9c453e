/**
 * The one-time-programmable area: what provisioning burns into a device once, and what the chain
 * of trust starts from. 512 bytes (RM0456, "Embedded flash memory": OTP area), unused bytes 0xFF.
 *
 * Everything here is public; a device's private key never leaves its crypto engine.
 */
import {
  type DeviceTypeName,
  fromHex,
  makeSid,
  PUBLIC_KEY_BYTES,
  parseSid,
  type Sid,
  type SidPrefix,
} from '@microvisor/protocol'
import type { Fuses } from './hardware.ts'

export const FUSES_BYTES = 512

export interface FuseContents {
  readonly deviceSid: Sid<'UV'>
  readonly accountSid: Sid<'AC'>
  /** Which kernel manifests fit this hardware. */
  readonly deviceType: DeviceTypeName
  /** SHA-256 of the device CA's certificate (DER). */
  readonly deviceCaSha256: Uint8Array
  /** SHA-256 of preboot and bootrom (boot/boot-image.ts). */
  readonly bootSha256: Uint8Array
  /** P-256 public key (X9.62 uncompressed) that signs kernel manifests. */
  readonly kernelSigner: Uint8Array
  /** P-256 public key (X9.62 uncompressed) that signs application manifests. */
  readonly applicationSigner: Uint8Array
}

const MAGIC = 0x3155_464d // "MFU1", little-endian
const VERSION = 2

const deviceTypeCodes: Readonly<Record<DeviceTypeName, number>> = { Imp201c: 1, Imp201f: 2 }

const layout = {
  magic: { offset: 0, size: 4 },
  version: { offset: 4, size: 2 },
  deviceType: { offset: 6, size: 2 },
  deviceSid: { offset: 16, size: 16 },
  accountSid: { offset: 32, size: 16 },
  deviceCaSha256: { offset: 48, size: 32 },
  kernelSigner: { offset: 80, size: PUBLIC_KEY_BYTES },
  applicationSigner: { offset: 160, size: PUBLIC_KEY_BYTES },
  bootSha256: { offset: 240, size: 32 },
} as const

/** The 512 bytes to burn. Throws SidError or RangeError for contents that do not fit. */
export function encodeFuses(contents: FuseContents): Uint8Array {
  const bytes = new Uint8Array(FUSES_BYTES).fill(0xff)
  const view = new DataView(bytes.buffer)
  view.setUint32(layout.magic.offset, MAGIC, true)
  view.setUint16(layout.version.offset, VERSION, true)
  view.setUint16(layout.deviceType.offset, deviceTypeCodes[contents.deviceType], true)
  put(bytes, 'deviceSid', sidBytes('UV', contents.deviceSid))
  put(bytes, 'accountSid', sidBytes('AC', contents.accountSid))
  put(bytes, 'deviceCaSha256', contents.deviceCaSha256)
  put(bytes, 'bootSha256', contents.bootSha256)
  put(bytes, 'kernelSigner', contents.kernelSigner)
  put(bytes, 'applicationSigner', contents.applicationSigner)
  return bytes
}

/** What the fuses say; `undefined` if they were never burned or are of another layout. */
export function decodeFuses(bytes: Uint8Array): FuseContents | undefined {
  if (bytes.length !== FUSES_BYTES) return undefined
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  if (view.getUint32(layout.magic.offset, true) !== MAGIC) return undefined
  if (view.getUint16(layout.version.offset, true) !== VERSION) return undefined
  const deviceType = deviceTypeOf(view.getUint16(layout.deviceType.offset, true))
  if (deviceType === undefined) return undefined
  return {
    deviceType,
    deviceSid: makeSid('UV', take(bytes, 'deviceSid')),
    accountSid: makeSid('AC', take(bytes, 'accountSid')),
    deviceCaSha256: take(bytes, 'deviceCaSha256'),
    bootSha256: take(bytes, 'bootSha256'),
    kernelSigner: take(bytes, 'kernelSigner'),
    applicationSigner: take(bytes, 'applicationSigner'),
  }
}

export function readFuses(fuses: Fuses): FuseContents | undefined {
  const bytes = new Uint8Array(FUSES_BYTES)
  fuses.read(0, bytes)
  return decodeFuses(bytes)
}

function put(bytes: Uint8Array, field: keyof typeof layout, value: Uint8Array): void {
  const { offset, size } = layout[field]
  if (value.length !== size) {
    throw new RangeError(`${field} is ${value.length} bytes; the fuses hold exactly ${size}.`)
  }
  bytes.set(value, offset)
}

function take(bytes: Uint8Array, field: keyof typeof layout): Uint8Array {
  const { offset, size } = layout[field]
  return bytes.slice(offset, offset + size)
}

function deviceTypeOf(code: number): DeviceTypeName | undefined {
  const names = Object.keys(deviceTypeCodes) as DeviceTypeName[]
  return names.find((name) => deviceTypeCodes[name] === code)
}

function sidBytes(prefix: SidPrefix, sid: string): Uint8Array {
  return fromHex(parseSid(sid, prefix).slice(2))!
}
