/**
 * Images of applications: the flash content of an ELF file (System V ABI, "Object Files"; ELF for the
 * Arm Architecture), its symbols, and whether an image can start at all.
 *
 * The image is the segments of type LOAD by their physical addresses, from the first byte of the
 * flash on. Gaps are 0xFF as in erased flash, also those between the sections of a segment: so
 * `objcopy --gap-fill=0xff` has it, with which the original's bundles were made. Relocations and debug
 * information are not looked at.
 */
import { formatWord } from './hex.ts'
import { INTERNAL_FLASH_ADDRESS, INTERNAL_FLASH_BYTES } from './limits.ts'
import { decodeUtf8 } from './text.ts'

const linkAgain = 'Link with the linker script of the SDK (sdk/microvisor.ld).'
const buildAgain = 'Build again; compare the size with that of the file that was built.'
const target = 'Build for the STM32U585: arm-none-eabi-gcc -mcpu=cortex-m33.'

/** Code to what to do about it. Codes are permanent. */
export const imageErrors = {
  ELF_NOT_ELF: 'Give the .elf file that the linker made, or a raw image with the ending .bin.',
  ELF_TRUNCATED: buildAgain,
  ELF_MALFORMED: buildAgain,
  ELF_64_BIT: target,
  ELF_BIG_ENDIAN: target,
  ELF_MACHINE: target,
  ELF_NOT_LINKED: linkAgain,
  ELF_NO_SEGMENTS: linkAgain,
  ELF_SEGMENT_OUTSIDE: `Link the application at ${formatWord(INTERNAL_FLASH_ADDRESS)}, at most 1 MiB, with its initialised data loaded from there.`,
  ELF_SEGMENTS_OVERLAP: linkAgain,
  IMAGE_EMPTY: 'Give the image that was built.',
  IMAGE_TOO_LARGE: 'Make the image smaller; the flash of the application has 1 MiB.',
  IMAGE_VECTORS_EMPTY: `Place the vector table first, at ${formatWord(INTERNAL_FLASH_ADDRESS)}.`,
  IMAGE_STACK_POINTER: 'Let the first word of the vector table be the end of the stack in SRAM.',
  IMAGE_RESET_VECTOR:
    'Let the second word of the vector table be the address of the reset handler.',
} as const

export type ImageErrorCode = keyof typeof imageErrors

/** A file that cannot be made into an application. */
export class ImageError extends Error {
  override readonly name = 'ImageError'
  readonly code: ImageErrorCode
  readonly fix: string

  constructor(code: ImageErrorCode, message: string) {
    super(message)
    this.code = code
    this.fix = imageErrors[code]
  }
}

export interface ElfSymbol {
  readonly name: string
  readonly kind: 'function' | 'object'
  /** Bit 0, which says Thumb, is clear. */
  readonly address: number
  readonly bytes: number
}

/** True if the file begins like an ELF file. */
export function isElf(file: Uint8Array): boolean {
  return MAGIC.every((byte, i) => file[i] === byte)
}

/** What an image has to fit into. */
export interface ImageRoom {
  readonly whose: string
  readonly flashBytes: number
  /** Where the stack may lie. */
  readonly stacks: readonly { readonly from: number; readonly to: number }[]
}

/** SRAM1 to the lower half of SRAM3, and SRAM4. */
export const applicationRoom: ImageRoom = {
  whose: "the application's",
  flashBytes: INTERNAL_FLASH_BYTES,
  stacks: [
    { from: 0x2000_0000, to: 0x2008_0000 },
    { from: 0x2800_0000, to: 0x2800_4000 },
  ],
}

/** A chip without a secure side: all of its flash and SRAM. */
export const wholeChipRoom: ImageRoom = {
  whose: "the chip's",
  flashBytes: 2 * INTERNAL_FLASH_BYTES,
  stacks: [
    { from: 0x2000_0000, to: 0x200c_0000 },
    { from: 0x2800_0000, to: 0x2800_4000 },
  ],
}

/** The content of the flash from its first byte on. Throws ImageError. */
export function readElfImage(file: Uint8Array, room = applicationRoom): Uint8Array<ArrayBuffer> {
  const view = openElf(file)
  const segments = readSegments(view, room)
  refuseOverlap(segments)
  const sections = readSections(view)
  const pieces = segments.flatMap((segment) => piecesOf(segment, sections))
  const end = Math.max(...pieces.map(({ to }) => to))
  const image = new Uint8Array(end - INTERNAL_FLASH_ADDRESS).fill(0xff)
  for (const { from, offset, to } of pieces)
    image.set(file.subarray(offset, offset + to - from), from - INTERNAL_FLASH_ADDRESS)
  checkImage(image, room)
  return image
}

/** What is loaded of it, section by section: where to, and how many bytes. Throws ImageError. */
export function readElfRanges(file: Uint8Array): { address: number; length: number }[] {
  const view = openElf(file)
  const sections = readSections(view)
  return readSegments(view, applicationRoom)
    .flatMap((segment) => piecesOf(segment, sections))
    .map(({ from, to }) => ({ address: from, length: to - from }))
}

/** The functions and objects of the symbol table by address; none for a stripped file. Throws ImageError. */
export function readElfSymbols(file: Uint8Array): ElfSymbol[] {
  const view = openElf(file)
  const sections = readSections(view)
  return sections
    .filter(({ type }) => type === SECTION.symbols)
    .flatMap((section) => readSymbols(file, view, section, sections[section.link]))
    .toSorted((a, b) => a.address - b.address)
}

/** The contents of the sections that have these names; compressed ones are passed over. Throws ImageError. */
export function readElfSections(
  file: Uint8Array,
  names: readonly string[],
): ReadonlyMap<string, Uint8Array> {
  const view = openElf(file)
  const sections = readSections(view)
  const titles = sections[view.getUint16(SECTION.namesAt, true)]
  const found = new Map<string, Uint8Array>()
  if (titles === undefined) return found
  const content = ({ offset, bytes }: Section) => file.subarray(offset, offset + bytes)
  for (const section of sections) {
    if (section.type !== SECTION.program || (section.flags & SECTION.compressed) !== 0) continue
    if (section.offset + section.bytes > file.length)
      refuseTruncated('section', section.offset, section.bytes, file.length)
    const name = readName(content(titles), section.name)
    if (names.includes(name)) found.set(name, content(section))
  }
  return found
}

/** Throws ImageError unless the chip can start with this image in its flash. */
export function checkImage(image: Uint8Array, room = applicationRoom): void {
  if (image.length === 0) fail('IMAGE_EMPTY', 'The image is empty.')
  if (image.length > room.flashBytes)
    fail(
      'IMAGE_TOO_LARGE',
      `The image has ${image.length} bytes; ${room.whose} flash has ${room.flashBytes}.`,
    )
  const table = image.subarray(0, 8)
  if (table.length < 8 || table.every((byte) => byte === 0xff) || table.every((byte) => byte === 0))
    fail('IMAGE_VECTORS_EMPTY', `The image has no vector table at its start.`)
  const view = viewOf(table)
  checkVectors(view.getUint32(0, true), view.getUint32(4, true), image.length, room)
}

const MAGIC = [0x7f, 0x45, 0x4c, 0x46]
const HEADER_BYTES = 52
const CLASS = { at: 4, bits32: 1 } as const
const DATA = { at: 5, littleEndian: 1 } as const
const TYPE_EXECUTABLE = 2
const MACHINE_ARM = 40
const SEGMENT = { bytes: 32, load: 1 } as const
const SECTION = {
  bytes: 40,
  program: 1,
  symbols: 2,
  strings: 3,
  withoutContent: 8,
  loaded: 2,
  compressed: 0x800,
  namesAt: 50,
} as const
const SYMBOL = { bytes: 16, object: 1, function: 2 } as const
const NAME_BYTES_MAX = 4096

/** What people are most likely to give by mistake. */
const machines: Readonly<Record<number, string>> = {
  3: 'x86',
  8: 'MIPS',
  20: 'PowerPC',
  62: 'x86-64',
  83: 'AVR',
  94: 'Xtensa',
  105: 'MSP430',
  183: 'AArch64',
  243: 'RISC-V',
}

interface Segment {
  readonly offset: number
  readonly from: number
  readonly to: number
}

interface Section {
  /** Where its name begins in the section of names. */
  readonly name: number
  readonly type: number
  readonly flags: number
  readonly offset: number
  readonly bytes: number
  readonly link: number
}

function openElf(file: Uint8Array): DataView {
  if (!isElf(file)) fail('ELF_NOT_ELF', `The file (${file.length} bytes) is not an ELF file.`)
  if (file.length < 20) refuseTruncated('header', 0, HEADER_BYTES, file.length)
  const view = viewOf(file)
  const isLittle = file[DATA.at] === DATA.littleEndian
  const machine = view.getUint16(18, isLittle)
  const name = machines[machine] ?? `machine number ${machine}`
  const what = machine === MACHINE_ARM ? 'Arm' : name
  if (file[CLASS.at] !== CLASS.bits32)
    fail('ELF_64_BIT', `The file is a 64-bit program (${what}), not one for a 32-bit Arm.`)
  if (!isLittle) fail('ELF_BIG_ENDIAN', `The file is a big-endian program (${what}).`)
  if (machine !== MACHINE_ARM)
    fail('ELF_MACHINE', `The file is a program for ${name}, not for Arm.`)
  if (file.length < HEADER_BYTES) refuseTruncated('header', 0, HEADER_BYTES, file.length)
  return view
}

function readSegments(view: DataView, room: ImageRoom): Segment[] {
  const type = view.getUint16(16, true)
  if (type !== TYPE_EXECUTABLE)
    fail('ELF_NOT_LINKED', `The file is of ELF type ${type}, not an executable (type 2).`)
  const segments = readTable(view, 'program headers', 28, SEGMENT.bytes, (at): Segment[] => {
    const bytes = view.getUint32(at + 16, true)
    if (view.getUint32(at, true) !== SEGMENT.load || bytes === 0) return []
    const offset = view.getUint32(at + 4, true)
    const from = view.getUint32(at + 12, true)
    if (offset + bytes > view.byteLength)
      refuseTruncated(`segment for ${formatWord(from)}`, offset, bytes, view.byteLength)
    const to = from + bytes
    const end = INTERNAL_FLASH_ADDRESS + room.flashBytes
    if (from < INTERNAL_FLASH_ADDRESS || to > end)
      fail(
        'ELF_SEGMENT_OUTSIDE',
        `A segment is to be loaded to ${formatWord(from)}-${formatWord(to - 1)}; ${room.whose} flash is ${formatWord(INTERNAL_FLASH_ADDRESS)}-${formatWord(end - 1)}.`,
      )
    return [{ offset, from, to }]
  }).flat()
  if (segments.length === 0) fail('ELF_NO_SEGMENTS', 'The file has no segments to load.')
  return segments
}

/** The parts of a segment that its sections fill; all of it where no section is named. */
function piecesOf(segment: Segment, sections: readonly Section[]): Segment[] {
  const { offset, from, to } = segment
  const pieces = sections
    .filter(({ type, flags }) => type !== SECTION.withoutContent && (flags & SECTION.loaded) !== 0)
    .filter((section) => section.offset >= offset && section.bytes > 0)
    .map((section) => ({ offset: section.offset, from: from + section.offset - offset, section }))
    .map(({ section, ...at }) => ({ ...at, to: at.from + section.bytes }))
    .filter((piece) => piece.to <= to)
  return pieces.length === 0 ? [segment] : pieces
}

function readSections(view: DataView): Section[] {
  return readTable(view, 'section headers', 32, SECTION.bytes, (at) => ({
    name: view.getUint32(at, true),
    flags: view.getUint32(at + 8, true),
    type: view.getUint32(at + 4, true),
    offset: view.getUint32(at + 16, true),
    bytes: view.getUint32(at + 20, true),
    link: view.getUint32(at + 24, true),
  }))
}

/** The rows of a header table; offset, row size and count stand in the ELF header at fixed places. */
function readTable<Row>(
  view: DataView,
  what: string,
  offsetAt: 28 | 32,
  rowBytes: number,
  read: (at: number) => Row,
): Row[] {
  const offset = view.getUint32(offsetAt, true)
  const sizeAt = offsetAt === 28 ? 42 : 46
  const size = view.getUint16(sizeAt, true)
  const count = view.getUint16(sizeAt + 2, true)
  if (count === 0) return []
  if (size !== rowBytes)
    fail('ELF_MALFORMED', `The ${what} have ${size} bytes each instead of ${rowBytes}.`)
  if (offset + size * count > view.byteLength)
    refuseTruncated(what, offset, size * count, view.byteLength)
  return Array.from({ length: count }, (_, i) => read(offset + i * rowBytes))
}

function refuseOverlap(segments: readonly Segment[]): void {
  const sorted = segments.toSorted((a, b) => a.from - b.from)
  sorted.forEach((segment, i) => {
    const before = sorted[i - 1]
    if (before !== undefined && segment.from < before.to)
      fail(
        'ELF_SEGMENTS_OVERLAP',
        `Two segments are to be loaded to ${formatWord(segment.from)}: one from ${formatWord(before.from)} to ${formatWord(before.to - 1)}, one to ${formatWord(segment.to - 1)}.`,
      )
  })
}

function readSymbols(
  file: Uint8Array,
  view: DataView,
  table: Section,
  strings: Section | undefined,
): ElfSymbol[] {
  if (table.offset + table.bytes > file.length)
    refuseTruncated('symbol table', table.offset, table.bytes, file.length)
  if (strings?.type !== SECTION.strings)
    fail('ELF_MALFORMED', `The symbol table names section ${table.link} for its strings.`)
  if (strings.offset + strings.bytes > file.length)
    refuseTruncated('string table', strings.offset, strings.bytes, file.length)
  const names = file.subarray(strings.offset, strings.offset + strings.bytes)
  const symbols: ElfSymbol[] = []
  for (let at = table.offset; at + SYMBOL.bytes <= table.offset + table.bytes; at += SYMBOL.bytes) {
    const type = view.getUint8(at + 12) & 0xf
    if (type !== SYMBOL.function && type !== SYMBOL.object) continue
    const value = view.getUint32(at + 4, true)
    symbols.push({
      name: readName(names, view.getUint32(at, true)),
      kind: type === SYMBOL.function ? 'function' : 'object',
      address: type === SYMBOL.function ? (value & ~1) >>> 0 : value,
      bytes: view.getUint32(at + 8, true),
    })
  }
  return symbols
}

function readName(names: Uint8Array, at: number): string {
  const end = names.subarray(at, at + NAME_BYTES_MAX).indexOf(0)
  if (at >= names.length || end < 0)
    fail(
      'ELF_MALFORMED',
      `A symbol's name at ${at} is not in the string table of ${names.length} bytes.`,
    )
  return decodeUtf8(names.subarray(at, at + end))
}

function checkVectors(
  stackPointer: number,
  reset: number,
  imageBytes: number,
  { whose, stacks }: ImageRoom,
): void {
  const isInRam = stacks.some(({ from, to }) => stackPointer > from && stackPointer <= to)
  if (!isInRam || stackPointer % 4 !== 0)
    fail(
      'IMAGE_STACK_POINTER',
      `The vector table begins with ${formatWord(stackPointer)}, which is no end of a stack in ${whose} SRAM (${stacks.map(({ from, to }) => `${formatWord(from)}-${formatWord(to - 1)}`).join(', ')}).`,
    )
  const at = reset - 1 - INTERNAL_FLASH_ADDRESS
  if (reset % 2 !== 1 || at < 0 || at >= imageBytes)
    fail(
      'IMAGE_RESET_VECTOR',
      `The reset vector ${formatWord(reset)} is not the address of a Thumb function in the image (${formatWord(INTERNAL_FLASH_ADDRESS)}-${formatWord(INTERNAL_FLASH_ADDRESS + imageBytes - 1)}, bit 0 set).`,
    )
}

function refuseTruncated(what: string, offset: number, bytes: number, fileBytes: number): never {
  return fail(
    'ELF_TRUNCATED',
    `The ${what} should take ${bytes} bytes from ${offset} on, but the file ends at ${fileBytes}.`,
  )
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

function fail(code: ImageErrorCode, message: string): never {
  throw new ImageError(code, message)
}
