/**
 * In which form a layer travels to a device: whole, compressed, or as a delta to what lies in its
 * region now, whichever is the smallest. What lies there the device says by its hash; the server has
 * the content if it came from here.
 */
import {
  type AppManifest,
  LayerForm,
  type LayerStream,
  parseAppManifest,
  toHex,
} from '@microvisor/protocol'
import { eq } from 'drizzle-orm'
import type { DeviceIdentity } from '../devices/reports.ts'
import { sha256Hex } from '../keys/engines.ts'
import type { Blobs } from '../storage/blobs.ts'
import type { BundleStore } from '../storage/bundles.ts'
import type { Database } from '../storage/database.ts'
import { devices } from '../storage/schema.ts'
import type { DeltaMaker } from './delta-maker.ts'

export interface ChosenForm {
  readonly form: LayerForm
  /** What travels. */
  readonly bytes: Uint8Array
  /** SHA-256 of it, hexadecimal. */
  readonly hash: string
  readonly contentBytes: number
  readonly baseBytes: number
}

export interface TransfersParts {
  readonly db: Database
  readonly bundles: BundleStore
  readonly blobs: Blobs
  readonly deltas: DeltaMaker
}

/** A form other than whole has to save so much: decoding takes a device time. */
const WORTHWHILE = 0.95

export class Transfers {
  readonly #parts: TransfersParts

  constructor(parts: TransfersParts) {
    this.#parts = parts
  }

  /** Undefined if the device's account has no such content. */
  async choose(device: DeviceIdentity, wanted: LayerStream): Promise<ChosenForm | undefined> {
    const name = toHex(wanted.fetchHash)
    const content = await this.#content(device, name)
    if (content === undefined) return undefined
    const whole = {
      ...{ form: LayerForm.WHOLE, bytes: content, hash: name },
      ...{ contentBytes: content.length, baseBytes: 0 },
    }
    // Content and transfer lie in staging side by side.
    if (content.length > wanted.roomBytes) return whole
    const other = await this.#smallest(device, wanted, content)
    const isSmaller = other !== undefined && other.bytes.length < WORTHWHILE * content.length
    return isSmaller && other.bytes.length <= wanted.roomBytes ? other : whole
  }

  async #smallest(
    device: DeviceIdentity,
    wanted: LayerStream,
    content: Uint8Array,
  ): Promise<ChosenForm | undefined> {
    const { deltas } = this.#parts
    const name = toHex(wanted.fetchHash)
    const base = await this.#base(device, toHex(wanted.baseHash))
    const delta = base && (await deltas.make(`${base.name} ${name}`, base.bytes, content))
    if (base !== undefined && delta !== undefined && delta.length * 4 < content.length)
      return formOf(LayerForm.DELTA, delta, content, base.bytes)
    const empty = new Uint8Array(0)
    const packed = await deltas.make(`- ${name}`, empty, content)
    const isDelta = delta !== undefined && delta.length <= (packed?.length ?? Infinity)
    if (isDelta && base) return formOf(LayerForm.DELTA, delta, content, base.bytes)
    return packed && formOf(LayerForm.COMPRESSED, packed, content, empty)
  }

  /** The content that has this hash, or that lies in a region with this measurement. */
  async #base(device: DeviceIdentity, hash: string) {
    if (hash === '') return undefined
    const direct = await this.#content(device, hash)
    if (direct !== undefined) return { name: hash, bytes: direct }
    const manifest = await this.#reported(device)
    const layer = manifest?.layers.find(
      ({ measurementHash, encryptedWithKeyId }) =>
        encryptedWithKeyId === 0n && toHex(measurementHash) === hash,
    )
    if (layer === undefined) return undefined
    const name = toHex(layer.fetchHash)
    const bytes = await this.#content(device, name)
    return bytes && { name, bytes }
  }

  /** What the device says that it runs. */
  async #reported(device: DeviceIdentity): Promise<AppManifest | undefined> {
    const [row] = await this.#parts.db
      .select({ hash: devices.reportedHash })
      .from(devices)
      .where(eq(devices.sid, device.sid))
    const bytes = row?.hash && (await this.#content(device, row.hash))
    return bytes ? parseAppManifest(bytes) : undefined
  }

  /** Only what some bundle of the device's own account consists of. */
  async #content({ accountSid }: DeviceIdentity, hash: string): Promise<Uint8Array | undefined> {
    const { bundles, blobs } = this.#parts
    return (await bundles.find(accountSid, hash)) === undefined ? undefined : blobs.get(hash)
  }
}

function formOf(
  form: LayerForm,
  bytes: Uint8Array,
  content: Uint8Array,
  base: Uint8Array,
): ChosenForm {
  const hash = sha256Hex(bytes)
  return { form, bytes, hash, contentBytes: content.length, baseBytes: base.length }
}
