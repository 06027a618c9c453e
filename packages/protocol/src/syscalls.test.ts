import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  readArguments,
  type SystemCallHandler,
  statusesOf,
  systemCallAt,
  systemCallNames,
} from './syscall-dispatch.ts'
import { type EnumTable, enums, enumValueName, Status } from './syscall-enums.ts'
import { alignmentOf, decodeStruct, encodeStruct, layOut, sizeOf } from './syscall-layout.ts'
import { type StructTable, structs } from './syscall-structs.ts'
import { NSC, type SystemCall, systemCalls } from './syscalls.ts'

const calls = Object.entries<SystemCall>(systemCalls)

test('the table has all 71 calls, each in a slot of its own inside the region', () => {
  assert.equal(calls.length, 71)
  const addresses = calls.map(([, { address }]) => address)
  assert.equal(new Set(addresses).size, 71)
  for (const address of addresses) {
    assert.equal(address % NSC.slotBytes, 0)
    assert.ok(address >= NSC.address && address < NSC.address + NSC.bytes)
  }
})

test('retired slots are not given out again', () => {
  for (const address of [0x0c1f_e060, 0x0c1f_e0a0, 0x0c1f_e238])
    assert.equal(systemCallAt(address), undefined)
})

test('every address of the region leads to the call whose slot begins there, or to none', () => {
  for (let address = NSC.address - 8; address < NSC.address + NSC.bytes + 8; address++) {
    const name = calls.find(([, call]) => call.address === address)?.[0]
    assert.equal(systemCallAt(address), name)
  }
})

test('every call names known statuses, each once, and OKAY is none of its failures', () => {
  for (const name of systemCallNames) {
    const statuses = statusesOf(name)
    assert.equal(statuses[0], Status.OKAY)
    assert.equal(new Set(statuses).size, statuses.length, name)
    assert.ok(
      statuses.every((status) => status in Object.values(Status)),
      name,
    )
  }
})

test('a pointer that may be wrong can be answered with PARAMETERFAULT', () => {
  // Their published lists do without it: a handle that cannot be reached is an INVALIDHANDLE.
  const exceptions = new Set<string>()
  for (const [name, { args, fails, alsoFails = [] }] of calls)
    if (Object.values(args).some(({ use }) => use !== 'value') && !exceptions.has(name))
      assert.ok([...fails, ...alsoFails].includes('PARAMETERFAULT'), name)
})

test('every length argument exists and is a number', () => {
  for (const [name, { args }] of calls)
    for (const { length } of Object.values(args))
      if (length !== undefined) assert.match(args[length]?.type ?? '', /^uint(16|32)_t$/, name)
})

test('arguments are words in the order of the table, cut to their types', () => {
  const words = [0xffff_ffff, 0xffff_ffff, 3, 4]
  assert.deepEqual(
    readArguments('mvServerLog', (i) => words[i]!),
    {
      message: 0xffff_ffff,
      length_bytes: 0xffff,
    },
  )
  assert.deepEqual(
    readArguments('mvPowerSave', (i) => words[i]!),
    { mode: 0xff },
  )
  assert.deepEqual(
    readArguments('mvNoOp', () => assert.fail('asked for an argument')),
    {},
  )
  assert.deepEqual(Object.keys(readArguments('mvExternalFlashWriteBlocking', (i) => i)), [
    'handle',
    'address',
    'length',
    'buffer',
  ])
})

test('a handler takes the arguments of its call and answers from its list only', () => {
  const handler: SystemCallHandler<'mvGetWallTime', { now?: number }> = ({ now }, { usec }) => {
    if (now === undefined) return Status.TIMENOTSET
    return usec === 0 ? Status.PARAMETERFAULT : Status.OKAY
  }
  // @ts-expect-error mvGetWallTime does not answer INVALIDHANDLE
  const wrong: SystemCallHandler<'mvGetWallTime', unknown> = () => Status.INVALIDHANDLE
  assert.equal(handler({ now: 1 }, { usec: 4 }), Status.OKAY)
  assert.ok(wrong)
})

test('the values of an enumeration fit its bytes and do not collide with its sentinel', () => {
  for (const [name, { bytes, values, prefix }] of Object.entries<EnumTable>(enums)) {
    const numbers = Object.values(values).map(([value]) => value)
    assert.equal(new Set(numbers).size, numbers.length, name)
    assert.ok(Math.max(...numbers) < 2 ** (8 * bytes) - 1, name)
    assert.equal(prefix, `MV_${name.slice(2).toUpperCase()}_`)
  }
  assert.equal(enumValueName('MvWakeReason', 9), 'APPLICATIONUPDATE')
  assert.equal(enumValueName('MvWakeReason', 0x11), undefined)
})

test('the enumerations of one byte are those of the published header', () => {
  const narrow = Object.entries<EnumTable>(enums).filter(([, { bytes }]) => bytes === 1)
  assert.deepEqual(
    narrow.map(([name]) => name),
    [
      'MvMqttAuthenticationMethod',
      'MvPowerSavingMode',
      'MvDeepSleepMode',
      'MvWakeReason',
      'MvWifiConfigMode',
    ],
  )
})

test('the offsets written down are those a compiler would choose', () => {
  for (const [name, { fields, bytes, alignment }] of Object.entries<StructTable>(structs)) {
    const list = Object.values(fields)
    const computed = layOut(list.map(({ type }) => type))
    assert.deepEqual(
      computed,
      { offsets: list.map(({ offset }) => offset), bytes, alignment },
      name,
    )
  }
})

test('every type that is mentioned exists', () => {
  for (const [, { args }] of calls)
    for (const { type } of Object.values(args)) assert.ok(sizeOf(type) > 0)
  assert.equal(alignmentOf('uint64_t'), 8)
  assert.throws(() => sizeOf('struct MvNothing'), /no structure MvNothing/)
})

test('structures go to bytes and back', () => {
  const bytes = Uint8Array.from({ length: 44 }, (_, i) => i + 1)
  const params = decodeStruct('MvOpenChannelParams', bytes)
  assert.equal(params.channel_type, 0x2423_2221)
  assert.deepEqual(params.endpoint, { data: 0x2827_2625, length: 0x2c2b_2a29 })
  assert.deepEqual(encodeStruct('MvOpenChannelParams', params), bytes)
  const notification = { microseconds: 2 ** 40 + 5, event_type: 1, tag: 0xffff_ffff }
  assert.deepEqual(
    decodeStruct('MvNotification', encodeStruct('MvNotification', notification)),
    notification,
  )
  assert.throws(() => decodeStruct('MvNotification', bytes), /takes 16 bytes, not 44/)
})
