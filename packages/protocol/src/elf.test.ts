import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  checkImage,
  ImageError,
  type ImageErrorCode,
  imageErrors,
  readElfImage,
  readElfSymbols,
} from './elf.ts'
import { INTERNAL_FLASH_BYTES } from './limits.ts'
import { fuzzing, mutationsOf } from './testing/fixtures.ts'

const prebuilt = join(import.meta.dirname, '../../../samples/prebuilt')
const blink = new Uint8Array(readFileSync(join(prebuilt, 'blink.elf')))

/** Initial stack pointer 0x2008_0000, reset handler 0x0800_0008 in Thumb state, then code. */
const code = Uint8Array.from([0, 0, 8, 0x20, 9, 0, 0, 8, 0xfe, 0xe7, 0xfe, 0xe7])

interface Segment {
  type?: number
  address: number
  bytes: Uint8Array
}

test('the image of an ELF file is what objcopy makes of it', () => {
  assert.deepEqual(readElfImage(blink), new Uint8Array(readFileSync(join(prebuilt, 'blink.bin'))))
})

test('a gap between two sections of a segment is 0xFF, too', () => {
  const file = readFileSync(join(import.meta.dirname, '../../../test/compat/bundles/tiny.elf'))
  const image = readElfImage(file)
  assert.deepEqual([...image.subarray(0, 8)], [...file.subarray(0x1000, 0x1008)])
  assert.ok(image.subarray(8, 0x40).every((byte) => byte === 0xff))
  assert.deepEqual(image.subarray(0x80), Uint8Array.from(file.subarray(0x1080, 0x109d)))
  // Without sections the segment is taken as it is.
  file.writeUInt16LE(0, 48)
  assert.ok(
    readElfImage(file)
      .subarray(8, 0x40)
      .every((byte) => byte === 0),
  )
})

test('symbols come by address, functions without their Thumb bit', () => {
  const symbols = readElfSymbols(blink)
  const main = symbols.find(({ name }) => name === 'main')
  assert.equal(main?.kind, 'function')
  assert.equal(main.address % 2, 0)
  assert.ok(main.address >= 0x0800_0000 && main.bytes > 0)
  assert.equal(symbols.find(({ name }) => name === 'mvNoOp')?.address, 0x0c1f_e0d8)
  assert.ok(symbols.every(({ address }, i) => i === 0 || symbols[i - 1]!.address <= address))
  assert.deepEqual(readElfSymbols(elf([{ address: 0x0800_0000, bytes: code }])), [])
})

test('segments lie where their physical addresses say, gaps are 0xFF', () => {
  const image = readElfImage(
    elf([
      { address: 0x0800_0010, bytes: Uint8Array.of(1, 2) },
      { address: 0x0800_0000, bytes: code },
      { address: 0x2000_0000, bytes: new Uint8Array(0) },
      { type: 4, address: 0, bytes: Uint8Array.of(9) },
    ]),
  )
  assert.deepEqual([...image.subarray(12)], [0xff, 0xff, 0xff, 0xff, 1, 2])
})

test('an image may have 1 MiB', () => {
  const last = { address: 0x080f_ffff, bytes: Uint8Array.of(7) }
  assert.equal(
    readElfImage(elf([{ address: 0x0800_0000, bytes: code }, last])).length,
    INTERNAL_FLASH_BYTES,
  )
})

const good = elf([{ address: 0x0800_0000, bytes: code }])
const wrong: [string, Uint8Array, ImageErrorCode, RegExp][] = [
  ['nothing', new Uint8Array(0), 'ELF_NOT_ELF', /0 bytes/],
  ['a text', Buffer.from('hello'), 'ELF_NOT_ELF', /5 bytes/],
  ['only the magic', good.subarray(0, 4), 'ELF_TRUNCATED', /ends at 4/],
  ['half a header', good.subarray(0, 30), 'ELF_TRUNCATED', /52 bytes from 0 on.*ends at 30/],
  [
    'a cut segment',
    good.subarray(0, good.length - 1),
    'ELF_TRUNCATED',
    /segment for 0x0800_0000 should take 12 bytes/,
  ],
  ['a 64-bit program', patch(good, { 4: 2, 18: 62 }), 'ELF_64_BIT', /64-bit program \(x86-64\)/],
  [
    'a big-endian program',
    patch(good, { 5: 2, 18: 0, 19: 8 }),
    'ELF_BIG_ENDIAN',
    /big-endian program \(MIPS\)/,
  ],
  ['a RISC-V program', patch(good, { 18: 243 }), 'ELF_MACHINE', /for RISC-V, not for Arm/],
  [
    'a program for an unheard-of machine',
    patch(good, { 18: 0xee, 19: 0xee }),
    'ELF_MACHINE',
    /machine number 61166/,
  ],
  ['an object file', patch(good, { 16: 1 }), 'ELF_NOT_LINKED', /type 1, not an executable/],
  [
    'strange program headers',
    patch(good, { 42: 56 }),
    'ELF_MALFORMED',
    /56 bytes each instead of 32/,
  ],
  ['no segments', elf([]), 'ELF_NO_SEGMENTS', /no segments to load/],
  [
    'only empty segments',
    elf([{ address: 0x0800_0000, bytes: new Uint8Array(0) }]),
    'ELF_NO_SEGMENTS',
    /./,
  ],
  [
    'a segment in SRAM',
    elf([{ address: 0x2000_0000, bytes: code }]),
    'ELF_SEGMENT_OUTSIDE',
    /0x2000_0000-0x2000_000B.*0x0800_0000-0x080F_FFFF/,
  ],
  [
    'a segment over the end',
    elf([{ address: 0x080f_fffc, bytes: code }]),
    'ELF_SEGMENT_OUTSIDE',
    /0x080F_FFFC-0x0810_0007/,
  ],
  [
    'a segment over the end of the address space',
    elf([{ address: 0xffff_fffc, bytes: code }]),
    'ELF_SEGMENT_OUTSIDE',
    /./,
  ],
  [
    'a program linked at 0',
    elf([{ address: 0, bytes: code }]),
    'ELF_SEGMENT_OUTSIDE',
    /0x0000_0000/,
  ],
  [
    'overlapping segments',
    elf([
      { address: 0x0800_0000, bytes: code },
      { address: 0x0800_0004, bytes: code },
    ]),
    'ELF_SEGMENTS_OVERLAP',
    /loaded to 0x0800_0004/,
  ],
  [
    'a program that begins later',
    elf([{ address: 0x0800_2000, bytes: code }]),
    'IMAGE_VECTORS_EMPTY',
    /no vector table/,
  ],
  [
    'zeros for vectors',
    elf([{ address: 0x0800_0000, bytes: new Uint8Array(64) }]),
    'IMAGE_VECTORS_EMPTY',
    /./,
  ],
]

for (const [what, file, errorCode, message] of wrong) {
  test(`${what}: ${errorCode}`, () => refuses(errorCode, () => readElfImage(file), message))
}

const vectors: [string, number, number, ImageErrorCode | undefined][] = [
  ['the top of SRAM', 0x2008_0000, 0x0800_0009, undefined],
  ['the top of SRAM4', 0x2800_4000, 0x0800_0009, undefined],
  ['beyond the SRAM of applications', 0x2008_0004, 0x0800_0009, 'IMAGE_STACK_POINTER'],
  ['the bottom of SRAM', 0x2000_0000, 0x0800_0009, 'IMAGE_STACK_POINTER'],
  ['an odd stack pointer', 0x2000_1002, 0x0800_0009, 'IMAGE_STACK_POINTER'],
  ['a reset handler in Arm state', 0x2008_0000, 0x0800_0008, 'IMAGE_RESET_VECTOR'],
  ['a reset handler behind the image', 0x2008_0000, 0x0800_0011, 'IMAGE_RESET_VECTOR'],
  ['a reset handler before the flash', 0x2008_0000, 0x0000_0101, 'IMAGE_RESET_VECTOR'],
]

for (const [what, stackPointer, reset, errorCode] of vectors) {
  test(`vectors with ${what}: ${errorCode ?? 'accepted'}`, () => {
    const image = new Uint8Array(16)
    const view = new DataView(image.buffer)
    view.setUint32(0, stackPointer, true)
    view.setUint32(4, reset, true)
    if (errorCode === undefined) checkImage(image)
    else refuses(errorCode, () => checkImage(image))
  })
}

test('raw images are held to the same rules', () => {
  refuses('IMAGE_EMPTY', () => checkImage(new Uint8Array(0)))
  refuses('IMAGE_VECTORS_EMPTY', () => checkImage(Uint8Array.of(1, 2, 3)))
  refuses(
    'IMAGE_TOO_LARGE',
    () => checkImage(new Uint8Array(INTERNAL_FLASH_BYTES + 1)),
    /1048577 bytes/,
  )
})

test('symbols without their strings are refused', () => {
  const sections = new DataView(blink.buffer).getUint32(32, true)
  const symbolTable = findSection(2)
  refuses(
    'ELF_MALFORMED',
    () => readElfSymbols(patch(blink, { [symbolTable + 24]: 0 })),
    /section 0/,
  )
  refuses(
    'ELF_TRUNCATED',
    () => readElfSymbols(blink.subarray(0, sections + 80)),
    /section headers/,
  )
})

test('whatever is read, the answer is an image or an ImageError', () => {
  const head = fc.uint8Array({ maxLength: 400 }).map((bytes) => {
    const file = new Uint8Array(Math.max(good.length, bytes.length))
    file.set(bytes)
    file.set(good.subarray(0, 40))
    return file
  })
  fc.assert(
    fc.property(fc.oneof(mutationsOf(good), mutationsOf(blink), head), (file) => {
      for (const read of [readElfImage, readElfSymbols]) {
        try {
          const result = read(file)
          assert.ok(result.length <= INTERNAL_FLASH_BYTES)
        } catch (error) {
          assertImageError(error)
        }
      }
    }),
    fuzzing,
  )
})

function refuses(errorCode: ImageErrorCode, act: () => unknown, message = /./): void {
  assert.throws(act, (error) => {
    assertImageError(error)
    assert.equal(error.code, errorCode, error.message)
    assert.match(error.message, message)
    return true
  })
}

function assertImageError(error: unknown): asserts error is ImageError {
  if (!(error instanceof ImageError)) throw error
  assert.match(error.message, /^[A-Z].*\.$/s)
  assert.equal(error.fix, imageErrors[error.code])
}

/** An executable for Arm with these segments and no sections. */
function elf(segments: readonly Segment[]): Uint8Array {
  const headers = Buffer.alloc(52 + 32 * segments.length)
  headers.write('\x7fELF\x01\x01\x01', 'latin1')
  headers.writeUInt16LE(2, 16)
  headers.writeUInt16LE(40, 18)
  headers.writeUInt32LE(52, 28)
  headers.writeUInt16LE(32, 42)
  headers.writeUInt16LE(segments.length, 44)
  let offset = headers.length
  segments.forEach(({ type = 1, address, bytes }, i) => {
    const at = 52 + 32 * i
    headers.writeUInt32LE(type, at)
    headers.writeUInt32LE(offset, at + 4)
    headers.writeUInt32LE(address, at + 12)
    headers.writeUInt32LE(bytes.length, at + 16)
    offset += bytes.length
  })
  return new Uint8Array(Buffer.concat([headers, ...segments.map(({ bytes }) => bytes)]))
}

function patch(file: Uint8Array, changes: Readonly<Record<number, number>>): Uint8Array {
  const patched = file.slice()
  for (const [at, byte] of Object.entries(changes)) patched[Number(at)] = byte
  return patched
}

/** Where the header of blink's first section of this type is. */
function findSection(type: number): number {
  const view = new DataView(blink.buffer)
  for (let at = view.getUint32(32, true); at < blink.length; at += 40)
    if (view.getUint32(at + 4, true) === type) return at
  return assert.fail(`no section of type ${type}`)
}
