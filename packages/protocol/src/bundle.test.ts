import assert from 'node:assert/strict'
import { test } from 'node:test'
import { deflateRawSync } from 'node:zlib'
import { create, toBinary } from '@bufbuild/protobuf'
import fc from 'fast-check'
import { buildBundle, packBundle, parseBundle } from './bundle.ts'
import { BundleError, type BundleErrorCode, bundleErrors } from './bundle-errors.ts'
import {
  AppManifest_AppBodySchema as AppBodySchema,
  OpaqueManifestSchema,
} from './generated/bundle_pb.js'
import { toHex } from './hex.ts'
import { describeLayer, type Layer, measure, type Region } from './layers.ts'
import { BUNDLE_BYTES_MAX, EXTERNAL_FLASH_BYTES, INTERNAL_FLASH_BYTES } from './limits.ts'
import {
  encodeAppBody,
  encodeManifest,
  parseAppManifest,
  plainPolicies,
  unsigned,
} from './manifest.ts'
import { fuzzing, mutationsOf, sha256, wholeFlash } from './testing/fixtures.ts'
import { readZip, writeZip } from './zip.ts'

const content = Uint8Array.from({ length: 5000 }, (_, i) => i % 251)
const name = toHex(sha256([content]))
const bundle = buildBundle([{ region: wholeFlash, content }], plainPolicies, sha256)
const { manifestBytes } = parseBundle(bundle, sha256)
const layers = new Map([[name, content]])
test('a plain bundle comes out as it went in', () => {
  const parsed = parseBundle(bundle, sha256)
  assert.deepEqual(parsed.layers, layers)
  assert.deepEqual(parsed.manifest.policies, plainPolicies)
  assert.deepEqual(parsed.manifest.layers, [describeLayer(wholeFlash, content, sha256)])
  assert.equal(parsed.manifest.signerId, 0n)
})

test('the same input gives the same bytes', () => {
  assert.deepEqual(buildBundle([{ region: wholeFlash, content }], plainPolicies, sha256), bundle)
})

test('the minimal manifest is the 84 bytes of the reference tool', () => {
  const expected = Buffer.concat([
    Buffer.from('12520a4c0a060a04108080401a20', 'hex'),
    sha256([content]),
    Buffer.from('2220', 'hex'),
    sha256([content, new Uint8Array(0x10_0000 - content.length).fill(0xff)]),
    Buffer.from('22002a00', 'hex'),
  ])
  assert.equal(expected.length, 84)
  assert.equal(toHex(manifestBytes), expected.toString('hex'))
})

test('entries are named "manifest" and by their SHA-256, and are deflated', () => {
  const entries = readZip(bundle)
  assert.deepEqual(
    entries.map((entry) => entry.name),
    ['manifest', name],
  )
  assert.ok(entries.every(({ method }) => method === 8))
})

test('a measurement covers the whole region, the rest being 0xFF', () => {
  for (const bytes of [1, 4095, 4096, 4097, 8191, 8192]) {
    const flash = new Uint8Array(8192).fill(0xff)
    flash.set(content.subarray(0, 1))
    const part = new Uint8Array(bytes).fill(3)
    flash.set(part)
    assert.deepEqual(measure(part, 8192, sha256), sha256([flash]), `${bytes} bytes`)
  }
})

test('an image may fill its region to the last byte, and no more', () => {
  const region = { place: 'internal', start: 8192, size: 8192 } as const
  const build = (bytes: number) =>
    buildBundle([{ region, content: new Uint8Array(bytes) }], plainPolicies, sha256)
  assert.equal(parseBundle(build(8192), sha256).layers.size, 1)
  refuses('LAYER_TOO_LARGE', () => build(8193), /8193 bytes .* internal flash 0x2000 to 0x4000/)
  refuses('LAYER_EMPTY', () => build(0))
})

test('several layers, also with the same content, go to both memories', () => {
  const regions: Region[] = [
    { place: 'internal', start: 0, size: 0x8_0000 },
    { place: 'internal', start: 0x8_0000, size: 0x8_0000 },
    { place: 'external', start: 0, size: EXTERNAL_FLASH_BYTES },
  ]
  const file = buildBundle(
    regions.map((region) => ({ region, content })),
    plainPolicies,
    sha256,
  )
  const parsed = parseBundle(file, sha256)
  assert.deepEqual(
    parsed.manifest.layers.map(({ place, start, size }) => ({ place, start, size })),
    regions,
  )
  assert.equal(parsed.layers.size, 1)
})

const misplaced: [string, Region[], BundleErrorCode][] = [
  [
    'beyond the internal flash',
    [{ place: 'internal', start: 0, size: INTERNAL_FLASH_BYTES + 8192 }],
    'LAYER_OUTSIDE_FLASH',
  ],
  [
    'from the last byte on',
    [{ place: 'internal', start: 0xffff_e000, size: 8192 }],
    'LAYER_OUTSIDE_FLASH',
  ],
  [
    'into the staging area',
    [{ place: 'external', start: EXTERNAL_FLASH_BYTES, size: 4096 }],
    'LAYER_OUTSIDE_FLASH',
  ],
  ['with no size', [{ place: 'internal', start: 0, size: 0 }], 'LAYER_EMPTY'],
  ['off the pages', [{ place: 'internal', start: 4096, size: 8192 }], 'LAYER_ALIGNMENT'],
  ['to part of a sector', [{ place: 'external', start: 0, size: 100 }], 'LAYER_ALIGNMENT'],
  [
    'over each other',
    [
      { place: 'internal', start: 0, size: 16_384 },
      { place: 'internal', start: 8192, size: 8192 },
    ],
    'LAYERS_OVERLAP',
  ],
  ['nowhere', [], 'LAYERS_NONE'],
  [
    'to 65 places',
    Array.from({ length: 65 }, (_, i) => ({ place: 'external', start: i * 4096, size: 4096 })),
    'LAYERS_TOO_MANY',
  ],
]

for (const [what, regions, code] of misplaced) {
  test(`layers aimed ${what} are refused, in building and in parsing`, () => {
    const one = Uint8Array.of(1)
    const make = (): Layer[] =>
      regions.map((region) => ({
        ...region,
        encryptedWithKeyId: 0n,
        fetchHash: sha256([one]),
        measurementHash: sha256([one]),
      }))
    refuses(code, () => encodeAppBody(make(), plainPolicies))
    const forged = forgeManifest((body) => {
      body.layers = make().map(({ place, start, size, fetchHash, measurementHash }) => ({
        target: {
          where: {
            case: place === 'internal' ? 'internalFlash' : 'externalFlash',
            value: { start, size },
          },
        },
        fetchHash,
        measurementHash,
      }))
    })
    refuses(code, () => parseAppManifest(forged))
  })
}

const files: [string, () => Uint8Array, BundleErrorCode, RegExp?][] = [
  ['an empty file', () => new Uint8Array(0), 'BUNDLE_NOT_ZIP'],
  ['an ELF file', () => Buffer.from('\x7fELF'.repeat(20)), 'BUNDLE_NOT_ZIP'],
  ['a zip without entries', () => writeZip([]), 'BUNDLE_MANIFEST_MISSING'],
  ['a zip without a manifest', () => writeZip([[name, content]]), 'BUNDLE_MANIFEST_MISSING'],
  [
    'a missing layer',
    () => writeZip([['manifest', manifestBytes]]),
    'BUNDLE_LAYER_MISSING',
    /internal flash 0x0 to 0x100000/,
  ],
  [
    'an extra entry',
    () => packBundle(manifestBytes, new Map([...layers, [toHex(sha256([])), new Uint8Array(0)]])),
    'BUNDLE_ENTRY_UNKNOWN',
  ],
  [
    'an entry with another name',
    () => packBundle(manifestBytes, new Map([...layers, ['readme.txt', content]])),
    'BUNDLE_ENTRY_NAME',
    /"readme.txt"/,
  ],
  [
    'a name in upper case',
    () => packBundle(manifestBytes, new Map([[name.toUpperCase(), content]])),
    'BUNDLE_ENTRY_NAME',
  ],
  [
    'a folder',
    () => packBundle(manifestBytes, new Map([[`layers/${name}`, content]])),
    'BUNDLE_ENTRY_NAME',
  ],
  [
    'two manifests',
    () =>
      writeZip([
        ['manifest', manifestBytes],
        ['manifest', manifestBytes],
        [name, content],
      ]),
    'BUNDLE_ENTRY_DUPLICATE',
  ],
  [
    'content that is not what its name says',
    () => packBundle(manifestBytes, new Map([[name, content.toReversed()]])),
    'LAYER_HASH_MISMATCH',
  ],
  [
    'a layer larger than its region',
    () =>
      writeZip([
        ['manifest', manifestBytes],
        [name, new Uint8Array(INTERNAL_FLASH_BYTES + 1)],
      ]),
    'LAYER_TOO_LARGE',
  ],
  [
    'an empty layer',
    () =>
      writeZip([
        ['manifest', manifestBytes],
        [name, new Uint8Array(0)],
      ]),
    'LAYER_EMPTY',
  ],
  [
    'a wrong measurement',
    () =>
      packBundle(
        forgeManifest((body) => {
          body.layers[0]!.measurementHash = new Uint8Array(32)
        }),
        layers,
      ),
    'LAYER_MEASUREMENT_MISMATCH',
  ],
  [
    'a hash of 31 bytes',
    () =>
      packBundle(
        forgeManifest((body) => {
          body.layers[0]!.fetchHash = new Uint8Array(31)
        }),
        layers,
      ),
    'LAYER_HASH_LENGTH',
  ],
  [
    'a layer without a target',
    () =>
      packBundle(
        forgeManifest((body) => {
          delete body.layers[0]!.target
        }),
        layers,
      ),
    'LAYER_TARGET_MISSING',
  ],
  [
    'a manifest over 64 KiB',
    () => writeZip([['manifest', new Uint8Array(65_537)]]),
    'MANIFEST_TOO_LARGE',
    /65537 bytes; 65536/,
  ],
  [
    'a manifest that is no protobuf',
    () => packBundle(Buffer.from('not a manifest'), layers),
    'MANIFEST_MALFORMED',
  ],
  ['a file over 64 MiB', () => new Uint8Array(BUNDLE_BYTES_MAX + 1), 'BUNDLE_TOO_LARGE'],
]

for (const [what, make, code, message = /./] of files) {
  test(`${what} is refused: ${code}`, () => {
    refuses(code, () => parseBundle(make(), sha256), message)
  })
}

test('a bundle cut off anywhere is refused', () => {
  for (let length = 0; length < bundle.length; length++)
    assert.throws(
      () => parseBundle(bundle.subarray(0, length), sha256),
      BundleError,
      `at ${length}`,
    )
})

test('a bundle with any one bit flipped is refused, or means the same', () => {
  const region = { ...wholeFlash, size: 8192 }
  const small = buildBundle([{ region, content }], plainPolicies, sha256)
  const original = parseBundle(small, sha256)
  for (let bit = 0; bit < small.length * 8; bit++) {
    const flipped = small.slice()
    flipped[bit >> 3]! ^= 1 << (bit & 7)
    try {
      assert.deepEqual(parseBundle(flipped, sha256), original, `bit ${bit}`)
    } catch (error) {
      assertBundleError(error)
    }
  }
})

test('a zip bomb is refused by what it declares, before inflating', () => {
  const bomb = forgeEntry(deflateRawSync(Buffer.alloc(32 * 2 ** 20)), 32 * 2 ** 20)
  const before = process.memoryUsage().arrayBuffers
  refuses('LAYER_TOO_LARGE', () => parseBundle(bomb, sha256))
  assert.ok(process.memoryUsage().arrayBuffers - before < 2 ** 20)
})

test('a zip bomb that declares too little is stopped where it outgrows that', () => {
  const bomb = deflateRawSync(Buffer.alloc(64 * 2 ** 20))
  // Whoever goes on to the end meets what is no deflate stream.
  bomb.fill(0xff, bomb.length / 2)
  const forged = forgeEntry(bomb, content.length)
  refuses('BUNDLE_ENTRY_CORRUPT', () => parseBundle(forged, sha256), /more than the 5000 bytes/)
})

test('an entry that declares too much is refused', () => {
  refuses(
    'BUNDLE_ENTRY_CORRUPT',
    () => parseBundle(forgeEntry(deflateRawSync(content), 5001), sha256),
    /has 5000 bytes where the directory says 5001/,
  )
})

test('entries that share bytes of the file are refused', () => {
  const file = writeZip([
    ['manifest', manifestBytes],
    [name, content],
  ])
  const view = new DataView(file.buffer)
  const second = directoryOf(file) + 46 + 'manifest'.length
  view.setUint32(second + 42, 0, true)
  refuses('BUNDLE_ZIP_MALFORMED', () => parseBundle(file, sha256), /share bytes/)
})

const unsupported: [string, number, number, RegExp][] = [
  ['encrypted', 8, 1, /encrypted/],
  ['compressed in another way', 10, 12, /method 12/],
]

for (const [what, offset, value, message] of unsupported) {
  test(`a zip whose entries are ${what} is refused`, () => {
    const file = bundle.slice()
    new DataView(file.buffer).setUint16(directoryOf(file) + offset, value, true)
    refuses('BUNDLE_ZIP_UNSUPPORTED', () => parseBundle(file, sha256), message)
  })
}

test('stored entries and a comment, as other tools write them, are read', () => {
  const file = storedZip(
    [
      ['manifest', manifestBytes],
      [name, content],
    ],
    'made elsewhere',
  )
  assert.deepEqual(parseBundle(file, sha256).layers, layers)
})

test('whatever is parsed, the answer is a bundle or a BundleError', () => {
  fc.assert(
    fc.property(fc.oneof(mutationsOf(bundle), fc.uint8Array({ maxLength: 300 })), (bytes) => {
      try {
        assert.deepEqual(parseBundle(bytes, sha256).layers, layers)
      } catch (error) {
        assertBundleError(error)
      }
    }),
    fuzzing,
  )
})

test('whatever an entry is inflated from, the answer is its content or a BundleError', () => {
  const random = fc.uint8Array({ minLength: 1, maxLength: 300 })
  const blockTypes = fc.constantFrom(0, 1, 2, 3, 4, 5, 6, 7)
  const anyStream = fc.tuple(blockTypes, random).map(([type, bytes]) => {
    bytes[0] = (bytes[0]! & ~7) | type
    return bytes
  })
  fc.assert(
    fc.property(fc.oneof(mutationsOf(deflateRawSync(content)), anyStream), (compressed) => {
      try {
        assert.deepEqual(parseBundle(forgeEntry(compressed, content.length), sha256).layers, layers)
      } catch (error) {
        assertBundleError(error)
      }
    }),
    fuzzing,
  )
})

test('whatever a manifest holds, the answer is a manifest or a BundleError', () => {
  fc.assert(
    fc.property(
      fc.oneof(mutationsOf(manifestBytes), fc.uint8Array({ maxLength: 300 })),
      (bytes) => {
        try {
          parseAppManifest(bytes)
        } catch (error) {
          assertBundleError(error)
        }
      },
    ),
    fuzzing,
  )
})

function refuses(code: BundleErrorCode, act: () => unknown, message = /./): void {
  assert.throws(act, (error) => {
    assertBundleError(error)
    assert.equal(error.code, code, error.message)
    assert.match(error.message, message)
    return true
  })
}

function assertBundleError(error: unknown): asserts error is BundleError {
  if (!(error instanceof BundleError)) throw error
  assert.match(error.message, /^[A-Z].*\.$/s)
  assert.equal(error.fix, bundleErrors[error.code])
}

/** The plain manifest with a body changed as a message, past all checks of the encoder. */
function forgeManifest(change: (body: { layers: ForgedLayer[] }) => void): Uint8Array {
  const { fetchHash, measurementHash } = describeLayer(wholeFlash, content, sha256)
  const where = { case: 'internalFlash', value: { start: 0, size: INTERNAL_FLASH_BYTES } } as const
  const body = { layers: [{ target: { where }, fetchHash, measurementHash }] as ForgedLayer[] }
  change(body)
  const bytes = toBinary(AppBodySchema, create(AppBodySchema, body))
  if (bytes.length > 0) return encodeManifest(unsigned(bytes))
  return toBinary(
    OpaqueManifestSchema,
    create(OpaqueManifestSchema, { body: Uint8Array.of(0x22, 0) }),
  )
}

interface ForgedLayer {
  target?: {
    where: { case: 'internalFlash' | 'externalFlash'; value: { start: number; size: number } }
  }
  fetchHash: Uint8Array
  measurementHash: Uint8Array
}

/** The plain bundle with these deflated bytes, and this declared size, for its layer. */
function forgeEntry(compressed: Uint8Array, declaredBytes: number): Uint8Array {
  const file = storedZip(
    [
      ['manifest', manifestBytes],
      [name, compressed],
    ],
    '',
  )
  const view = new DataView(file.buffer, file.byteOffset)
  const second = directoryOf(file) + 46 + 'manifest'.length
  view.setUint16(second + 10, 8, true)
  view.setUint32(second + 16, readZip(bundle)[1]!.crc32, true)
  view.setUint32(second + 24, declaredBytes, true)
  return file
}

/** A zip file with stored entries, made from one of ours by taking its content for compressed bytes. */
function storedZip(entries: [string, Uint8Array][], comment: string): Uint8Array {
  const parts: Buffer[] = []
  const directory: Buffer[] = []
  let offset = 0
  for (const [entryName, bytes] of entries) {
    const [{ crc32 } = { crc32: 0 }] = readZip(writeZip([[entryName, bytes]]))
    const fields = Buffer.alloc(26)
    fields.writeUInt16LE(20, 0)
    fields.writeUInt32LE(crc32, 10)
    fields.writeUInt32LE(bytes.length, 14)
    fields.writeUInt32LE(bytes.length, 18)
    fields.writeUInt16LE(entryName.length, 22)
    const tail = Buffer.alloc(14)
    tail.writeUInt32LE(offset, 10)
    parts.push(Buffer.concat([Buffer.from('PK\x03\x04'), fields, Buffer.from(entryName), bytes]))
    directory.push(
      Buffer.concat([Buffer.from('PK\x01\x02\x14\x00'), fields, tail, Buffer.from(entryName)]),
    )
    offset += parts.at(-1)!.length
  }
  const end = Buffer.alloc(18)
  end.writeUInt16LE(entries.length, 4)
  end.writeUInt16LE(entries.length, 6)
  end.writeUInt32LE(Buffer.concat(directory).length, 8)
  end.writeUInt32LE(offset, 12)
  end.writeUInt16LE(comment.length, 16)
  return new Uint8Array(
    Buffer.concat([...parts, ...directory, Buffer.from('PK\x05\x06'), end, Buffer.from(comment)]),
  )
}

function directoryOf(file: Uint8Array): number {
  return new DataView(file.buffer, file.byteOffset).getUint32(file.length - 22 + 16, true)
}
