/**
 * Preboot and bootrom as they lie in flash: one script that defines `boot`, behind a header. Written
 * once, at provisioning; the fuses hold its SHA-256.
 *
 *   magic 4 | script bytes 4 | zeros 8 | script …
 *
 * Who runs it is the chip: it starts at reset, and checks the script against the fuses before.
 */
import { equalBytes, toHex } from '@microvisor/protocol'
import { chipDigest } from '../chip-crypto.ts'
import { readFlash } from '../flash-access.ts'
import { internalLayout } from '../flash-layout.ts'
import { readFuses } from '../fuses.ts'
import type { Hardware } from '../hardware.ts'
import { type LockDown, lockDown } from './lock-down.ts'

const { offset, size } = internalLayout.boot
const MAGIC = 0x3142_564d // "MVB1", little-endian
const HEADER_BYTES = 16

/** What to program where, into erased flash. Throws RangeError for a script that does not fit. */
export function layOutBoot(script: Uint8Array): { offset: number; bytes: Uint8Array } {
  const bytes = new Uint8Array(HEADER_BYTES + script.length)
  if (bytes.length > size) {
    throw new RangeError(`Preboot and bootrom have ${bytes.length} bytes; their place has ${size}.`)
  }
  const view = new DataView(bytes.buffer)
  view.setUint32(0, MAGIC, true)
  view.setUint32(4, script.length, true)
  bytes.set(script, HEADER_BYTES)
  return { offset, bytes }
}

/** What the chip does at reset: the script that it runs, if it is the one that the fuses name. */
export function readBoot(
  hardware: Pick<Hardware, 'internalFlash' | 'fuses' | 'engines'>,
): Uint8Array | LockDown {
  const roots = readFuses(hardware.fuses)
  if (roots === undefined) return lockDown('FUSES_BLANK')
  const header = new DataView(readFlash(hardware.internalFlash, offset, HEADER_BYTES).buffer)
  const length = header.getUint32(4, true)
  if (header.getUint32(0, true) !== MAGIC || length > size - HEADER_BYTES)
    return lockDown('BOOT_MISSING')
  const script = readFlash(hardware.internalFlash, offset + HEADER_BYTES, length)
  const hash = chipDigest(hardware.engines)([script])
  if (equalBytes(hash, roots.bootSha256)) return script
  const found = `Flash holds ${toHex(hash)}`
  return lockDown('BOOT_HASH', `${found} where the fuses say ${toHex(roots.bootSha256)}.`)
}
