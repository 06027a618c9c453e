/**
 * The zip container of bundles, as far as bundles need it (PKWARE APPNOTE 6.3.10): stored and
 * deflated entries, no encryption, no zip64, one disk, no folders.
 *
 * Reading is by the central directory. Nothing is inflated before its declared size has been held
 * against a limit, and inflating stops where the content outgrows what was declared. Entries whose
 * bytes overlap (one way to build a zip bomb) are refused. Writing gives the same bytes for the same
 * content: no dates, no system-dependent attributes.
 */
import { deflateSync, Inflate } from 'fflate/browser'
import { BundleError, refuse } from './bundle-errors.ts'
import { formatWord } from './hex.ts'
import { decodeUtf8, encodeUtf8 } from './text.ts'

const LOCAL = { signature: 0x0403_4b50, bytes: 30 } as const
const CENTRAL = { signature: 0x0201_4b50, bytes: 46 } as const
const END = { signature: 0x0605_4b50, bytes: 22 } as const
const COMMENT_BYTES_MAX = 0xffff
const NAME_BYTES_MAX = 255
const FLAG = { encrypted: 0x0001, strongEncryption: 0x0040 } as const
const METHOD = { stored: 0, deflated: 8 } as const
/** APPNOTE 4.4.3: version 2.0, the first with deflate. */
const VERSION = 20
/** 1 January 1980, the first date the format can say. */
const FIRST_DATE = 0x0021
/** Compressed bytes handed to the inflater at a time: at most some 16 MiB come out of one piece. */
const PIECE_BYTES = 16_384

/** An entry of a zip file, not yet inflated. */
export interface ZipEntry {
  readonly name: string
  /** What the directory promises; `readEntry` holds the content against it. */
  readonly bytes: number
  readonly crc32: number
  readonly method: number
  readonly compressed: Uint8Array
}

/** The entries in the order of the directory. */
export function readZip(file: Uint8Array): ZipEntry[] {
  const view = viewOf(file)
  if (file.length < 4 || view.getUint16(0, true) !== 0x4b50)
    refuse('BUNDLE_NOT_ZIP', `The file (${file.length} bytes) does not begin like a zip file.`)
  const end = findEnd(view)
  const entries: ZipEntry[] = []
  const taken: { from: number; to: number; name: string }[] = []
  let at = end.directoryOffset
  for (let i = 0; i < end.count; i++) {
    const record = readCentral(file, view, at, end.at)
    at = record.next
    const from = record.localOffset
    const data = dataStart(view, record, end.directoryOffset)
    taken.push({ from, to: data + record.compressedBytes, name: record.name })
    entries.push({ ...record, compressed: file.subarray(data, data + record.compressedBytes) })
  }
  if (at !== end.at)
    refuse('BUNDLE_ZIP_MALFORMED', `The zip directory ends at byte ${at}, not at ${end.at}.`)
  refuseOverlap(taken)
  return entries
}

/** An entry's content. Throws before inflating anything if it is declared larger than `limitBytes`. */
export function readEntry(entry: ZipEntry, limitBytes: number): Uint8Array {
  const { name, bytes, compressed, method } = entry
  if (bytes > limitBytes)
    refuse('BUNDLE_ENTRY_TOO_LARGE', `Entry ${name} has ${bytes} bytes; at most ${limitBytes} fit.`)
  const content = method === METHOD.stored ? compressed : inflate(name, compressed, bytes)
  if (content.length !== bytes)
    refuse(
      'BUNDLE_ENTRY_CORRUPT',
      `Entry ${name} has ${content.length} bytes where the directory says ${bytes}.`,
    )
  const sum = crc32(content)
  if (sum !== entry.crc32)
    refuse(
      'BUNDLE_ENTRY_CORRUPT',
      `Entry ${name} has the checksum ${formatWord(sum)} where the directory says ${formatWord(entry.crc32)}.`,
    )
  return content
}

/** A zip file with these entries, deflated. */
export function writeZip(entries: Iterable<readonly [name: string, content: Uint8Array]>) {
  const parts: Uint8Array[] = []
  const directory: Uint8Array[] = []
  let offset = 0
  let count = 0
  for (const [name, content] of entries) {
    const compressed = deflateSync(content, { level: 9 })
    const fields = { name: encodeUtf8(name), compressed, content, crc: crc32(content), offset }
    const local = writeHeader(LOCAL, fields)
    parts.push(local, compressed)
    directory.push(writeHeader(CENTRAL, fields))
    offset += local.length + compressed.length
    count++
  }
  const directoryBytes = directory.reduce((sum, part) => sum + part.length, 0)
  return join([...parts, ...directory, writeEnd(count, directoryBytes, offset)])
}

/** CRC-32 as zip, gzip and PNG compute it (ISO 3309, reflected polynomial 0xEDB88320). */
function crc32(bytes: Uint8Array): number {
  let crc = ~0
  for (const byte of bytes) crc = (crc >>> 8) ^ crcTable[(crc ^ byte) & 0xff]!
  return ~crc >>> 0
}

const crcTable = Int32Array.from({ length: 256 }, (_, index) => {
  let crc = index
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb8_8320 : crc >>> 1
  return crc
})

interface CentralRecord {
  readonly name: string
  readonly bytes: number
  readonly crc32: number
  readonly method: number
  readonly compressedBytes: number
  readonly localOffset: number
  readonly next: number
}

function findEnd(view: DataView): { at: number; count: number; directoryOffset: number } {
  const last = view.byteLength - END.bytes
  for (let at = last; at >= 0 && at >= last - COMMENT_BYTES_MAX; at--) {
    if (view.getUint32(at, true) !== END.signature) continue
    if (at + END.bytes + view.getUint16(at + 20, true) !== view.byteLength) continue
    return readEnd(view, at)
  }
  return refuse(
    'BUNDLE_TRUNCATED',
    `The zip file of ${view.byteLength} bytes has no directory at its end: its last part is missing.`,
  )
}

function readEnd(view: DataView, at: number) {
  const count = view.getUint16(at + 10, true)
  const directoryBytes = view.getUint32(at + 12, true)
  const directoryOffset = view.getUint32(at + 16, true)
  const isOneDisk = view.getUint16(at + 4, true) === 0 && view.getUint16(at + 8, true) === count
  if (!isOneDisk || count === 0xffff || directoryOffset === 0xffff_ffff)
    refuse('BUNDLE_ZIP_UNSUPPORTED', 'The zip file is split over disks or uses zip64.')
  if (directoryOffset + directoryBytes !== at)
    refuse(
      'BUNDLE_TRUNCATED',
      `The zip directory of ${directoryBytes} bytes at ${directoryOffset} does not end at ${at}: bytes are missing or were added.`,
    )
  return { at, count, directoryOffset }
}

function readCentral(file: Uint8Array, view: DataView, at: number, end: number): CentralRecord {
  if (at + CENTRAL.bytes > end || view.getUint32(at, true) !== CENTRAL.signature)
    refuse('BUNDLE_ZIP_MALFORMED', `The zip directory has no entry at byte ${at}.`)
  const nameBytes = view.getUint16(at + 28, true)
  const next =
    at + CENTRAL.bytes + nameBytes + view.getUint16(at + 30, true) + view.getUint16(at + 32, true)
  if (next > end || nameBytes > NAME_BYTES_MAX)
    refuse(
      'BUNDLE_ZIP_MALFORMED',
      `The directory entry at byte ${at} is longer than the directory.`,
    )
  const name = decodeUtf8(file.subarray(at + CENTRAL.bytes, at + CENTRAL.bytes + nameBytes))
  const flags = view.getUint16(at + 8, true)
  const method = view.getUint16(at + 10, true)
  if (flags & (FLAG.encrypted | FLAG.strongEncryption))
    refuse('BUNDLE_ZIP_UNSUPPORTED', `Entry ${name} is encrypted by zip.`)
  if (method !== METHOD.stored && method !== METHOD.deflated)
    refuse(
      'BUNDLE_ZIP_UNSUPPORTED',
      `Entry ${name} uses compression method ${method}, not deflate.`,
    )
  return {
    name,
    bytes: view.getUint32(at + 24, true),
    crc32: view.getUint32(at + 16, true),
    method,
    compressedBytes: view.getUint32(at + 20, true),
    localOffset: view.getUint32(at + 42, true),
    next,
  }
}

function dataStart(view: DataView, record: CentralRecord, directoryOffset: number): number {
  const { name, localOffset: at } = record
  if (at + LOCAL.bytes > directoryOffset || view.getUint32(at, true) !== LOCAL.signature)
    refuse('BUNDLE_ZIP_MALFORMED', `Entry ${name} is said to begin at byte ${at}, but does not.`)
  const start = at + LOCAL.bytes + view.getUint16(at + 26, true) + view.getUint16(at + 28, true)
  if (start + record.compressedBytes > directoryOffset)
    refuse(
      'BUNDLE_ZIP_MALFORMED',
      `Entry ${name} (${record.compressedBytes} bytes at ${start}) runs into the directory at ${directoryOffset}.`,
    )
  return start
}

function refuseOverlap(taken: { from: number; to: number; name: string }[]): void {
  taken.sort((a, b) => a.from - b.from)
  taken.forEach((entry, i) => {
    const before = taken[i - 1]
    if (before !== undefined && entry.from < before.to)
      refuse(
        'BUNDLE_ZIP_MALFORMED',
        `Entries ${before.name} and ${entry.name} share bytes of the file.`,
      )
  })
}

function inflate(name: string, compressed: Uint8Array, bytes: number): Uint8Array {
  const content = new Uint8Array(bytes)
  let filled = 0
  const inflater = new Inflate((chunk) => {
    if (filled + chunk.length > bytes)
      refuse(
        'BUNDLE_ENTRY_CORRUPT',
        `Entry ${name} holds more than the ${bytes} bytes it declares.`,
      )
    content.set(chunk, filled)
    filled += chunk.length
  })
  try {
    for (let at = 0; at < compressed.length; at += PIECE_BYTES)
      inflater.push(
        compressed.subarray(at, at + PIECE_BYTES),
        at + PIECE_BYTES >= compressed.length,
      )
  } catch (error) {
    if (error instanceof BundleError) throw error
    const reason = error instanceof Error ? error.message : String(error)
    throw new BundleError('BUNDLE_ENTRY_CORRUPT', `Entry ${name} cannot be inflated: ${reason}.`, {
      cause: error,
    })
  }
  return content.subarray(0, filled)
}

/** Local (APPNOTE 4.3.7) or central (4.3.12) header; the fields they share stand in the same order. */
function writeHeader(
  kind: typeof LOCAL | typeof CENTRAL,
  entry: {
    name: Uint8Array
    compressed: Uint8Array
    content: Uint8Array
    crc: number
    offset: number
  },
): Uint8Array {
  const bytes = new Uint8Array(kind.bytes + entry.name.length)
  const view = viewOf(bytes)
  view.setUint32(0, kind.signature, true)
  const at = kind === CENTRAL ? 6 : 4
  if (kind === CENTRAL) {
    view.setUint16(4, VERSION, true)
    view.setUint32(42, entry.offset, true)
  }
  view.setUint16(at, VERSION, true)
  view.setUint16(at + 4, METHOD.deflated, true)
  view.setUint16(at + 8, FIRST_DATE, true)
  view.setUint32(at + 10, entry.crc, true)
  view.setUint32(at + 14, entry.compressed.length, true)
  view.setUint32(at + 18, entry.content.length, true)
  view.setUint16(at + 22, entry.name.length, true)
  bytes.set(entry.name, kind.bytes)
  return bytes
}

function writeEnd(count: number, directoryBytes: number, directoryOffset: number): Uint8Array {
  const bytes = new Uint8Array(END.bytes)
  const view = viewOf(bytes)
  view.setUint32(0, END.signature, true)
  view.setUint16(8, count, true)
  view.setUint16(10, count, true)
  view.setUint32(12, directoryBytes, true)
  view.setUint32(16, directoryOffset, true)
  return bytes
}

function join(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    bytes.set(part, at)
    at += part.length
  }
  return bytes
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
