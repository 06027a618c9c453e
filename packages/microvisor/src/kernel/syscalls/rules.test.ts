/**
 * Rules that hold for every call, looked up in the table: calls from interrupt handlers, versions of
 * structures, and the pointers inside structures, down to the last. Pointers that are arguments
 * themselves have pointers.test.ts.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  type CType,
  Status,
  type StructTable,
  type SystemCall,
  type SystemCallName,
  statusesOf,
  structOf,
  systemCallNames,
  systemCalls,
} from '@microvisor/protocol'
import type { Bench } from '../../testing/bench.ts'
import { runningBench } from '../../testing/running.ts'
import type { Arrange } from '../../testing/statuses/arrange.ts'
import { statusRows } from '../../testing/statuses/rows.ts'
import { RAM, RAM_BYTES } from '../../testing/test-hardware.ts'

/** How a call is made so that it is accepted; the few that do not return, with what they take. */
function acceptedBy(call: SystemCallName): Arrange {
  const row = statusRows.find(([name, status]) => name === call && status === 'OKAY')
  return row?.[2] ?? (() => [0])
}

/** Releases from which on calls refuse interrupt handlers. */
const REFUSING = ['0.6.5', '0.7.0']

for (const call of systemCallNames) {
  const isRefused = REFUSING.includes(systemCalls[call].since)
  test(`${call} from an interrupt handler is ${isRefused ? 'refused' : 'carried out'}`, () => {
    const bench = runningBench()
    const args = acceptedBy(call)(bench)
    const { application: world } = bench.hardware
    const before = world.ram.slice()
    world.isInHandlerMode = true
    const status = bench.call(call, ...args)
    if (isRefused) {
      assert.equal(status, Status.UNAVAILABLE)
      assert.deepEqual(world.ram, before)
      assert.ok(world.isRunning)
    } else if (statusesOf(call).includes(Status.OKAY) && status !== undefined) {
      const fromThread = runningBench()
      assert.equal(status, fromThread.call(call, ...acceptedBy(call)(fromThread)))
    }
  })
}

type Kind = 'versions' | 'pointers'

interface Place {
  readonly path: string
  readonly address: number
}

/** The words `version`, and the pointers, in what an argument of this type points to. */
function placesIn(
  bench: Bench,
  type: CType,
  address: number,
  path: string,
): { versions: Place[]; pointers: Place[] } {
  const found = { versions: [] as Place[], pointers: [] as Place[] }
  const table = structOf(type)
  if (table === undefined) return found
  for (const [name, field] of Object.entries(table.fields)) {
    const place = { path: `${path}.${name}`, address: address + field.offset }
    if (name === 'version') found.versions.push(place)
    const pointed = pointedType(field.type)
    if (pointed !== undefined && isUsed(bench, table, name, address)) found.pointers.push(place)
    const inner = pointed === undefined ? field.type : pointed
    const at = pointed === undefined ? place.address : bench.word(place.address)
    if (structOf(inner) === undefined || at === 0) continue
    const deeper = placesIn(bench, inner, at, place.path)
    found.versions.push(...deeper.versions)
    found.pointers.push(...deeper.pointers)
  }
  return found
}

/** `const struct X *` points to `struct X`. */
function pointedType(type: CType): CType | undefined {
  const match = /^(?:const )?(.+) \*$/.exec(type)
  return match === null ? undefined : (match[1] as CType)
}

/** A pointer of no bytes, and one that is left out, point nowhere in good order. */
function isUsed(bench: Bench, table: StructTable, name: string, address: number): boolean {
  const value = bench.word(address + table.fields[name]!.offset)
  const sizes = ['length', 'size', `${name}_len`, `num_${name}`, `${name}_size`]
  const size = sizes.map((size) => table.fields[size]).find((field) => field !== undefined)
  const isPointer = size?.type.endsWith('*')
  return value !== 0 && (size === undefined || isPointer || bench.word(address + size.offset) > 0)
}

/** Each place of one kind in the structures that the call reads. */
function placesOf(
  bench: Bench,
  call: SystemCallName,
  args: readonly number[],
  kind: Kind,
): Place[] {
  const rows = Object.values((systemCalls[call] as SystemCall).args)
  return rows.flatMap(({ use, type }, index) => {
    if (use === 'value' || (use === 'writes' && kind === 'pointers')) return []
    return placesIn(bench, type, args[index]!, `argument ${index}`)[kind]
  })
}

function places(call: SystemCallName, kind: Kind): Place[] {
  const bench = runningBench()
  return placesOf(bench, call, acceptedBy(call)(bench), kind)
}

/** What the call answers with this word in this place. */
function answerWith(call: SystemCallName, index: number, kind: Kind, value: number) {
  const bench = runningBench()
  const args = acceptedBy(call)(bench)
  const { address } = placesOf(bench, call, args, kind)[index]!
  bench.hardware.application.write(address, new Uint8Array(Uint32Array.of(value).buffer))
  return bench.call(call, ...args)
}

const versioned = systemCallNames.filter((call) => places(call, 'versions').length > 0)

test('every structure that has a version is of version 1', () => {
  assert.deepEqual(versioned.toSorted(), [
    ...['mvExternalFlashGetInfo', 'mvGetWifiConfig', 'mvOpenChannel'],
    ...['mvRequestNetwork', 'mvSetWifiConfig'],
  ])
  for (const call of versioned) {
    for (const version of [0, 2, 0x100, 0xffff_ffff]) {
      const answer = answerWith(call, 0, 'versions', version)
      assert.equal(answer, Status.UNSUPPORTEDSTRUCTUREVERSION, `${call}, version ${version}`)
    }
  }
})

const bad = [
  ['behind RAM', RAM + RAM_BYTES],
  ['the last byte of RAM', RAM + RAM_BYTES - 1],
  ['before RAM', RAM - 1],
  ['wraps around', 0xffff_fffe],
  ['secure SRAM', 0x2008_0000],
  ['secure alias', 0x3000_0000],
  ['secure flash', 0x0c10_0000],
  ['a peripheral', 0x4002_0000],
] as const

const refusals: readonly (number | undefined)[] = [Status.PARAMETERFAULT, Status.LATEFAULT]
/** One byte fits the last byte of RAM; of a buffer that has to be aligned, that is said first. */
const mayLieThere = (path: string, address: number) =>
  (address === RAM + RAM_BYTES - 1 && /\.(has_encryption|retain)$/.test(path)) ||
  (address % 512 !== 0 && path.endsWith('.send_buffer'))

for (const call of systemCallNames) {
  const pointers = places(call, 'pointers')
  if (pointers.length === 0) continue
  test(`${call} refuses bad pointers inside of what it is given`, () => {
    for (const [index, { path }] of pointers.entries()) {
      for (const [what, address] of bad) {
        if (mayLieThere(path, address)) continue
        const answer = answerWith(call, index, 'pointers', address)
        assert.ok(refusals.includes(answer), `${path} ${what}: answered ${answer}`)
      }
    }
  })
}
