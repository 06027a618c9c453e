/** Crashes shown with functions, where the ELF file of the code is known. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, before, test } from 'node:test'
import * as api from '@microvisor/api'
import { fromHex, ProgramSymbols, readElfImage } from '@microvisor/protocol'
import { appBundle } from '../testing/bundles.ts'
import { type TestCloud, testCloud } from '../testing/cloud.ts'
import { type NewDevice, provision, TestDevice } from '../testing/device.ts'
import { EventReader } from '../testing/events.ts'

const sample = (name: string) =>
  new Uint8Array(readFileSync(new URL(`../../../../samples/prebuilt/${name}`, import.meta.url)))

const elf = sample('crash.elf')
const elfView = new DataView(elf.buffer, elf.byteOffset, elf.length)
const main = ProgramSymbols.ofElf(elf).functions.find(({ name }) => name === 'main')!

let cloud: TestCloud
let device: NewDevice
before(async () => {
  cloud = await testCloud()
  device = await provision(cloud.client)
})
after(() => cloud.close())

async function uploadApp(): Promise<api.App> {
  const file = { fileName: 'a.zip', bytes: appBundle(readElfImage(elf)) }
  return cloud.client.upload(api.createApp, { form: {}, file })
}

const give = (Sid: string, bytes: Uint8Array) =>
  cloud.client.upload(api.createAppSymbols, {
    params: { Sid },
    file: { fileName: 'a.elf', bytes },
  })

test('a crash is shown with its function, as an event and in the list, also under another App', async () => {
  const [app, twin] = [await uploadApp(), await uploadApp()]
  const params = { Sid: app.sid }
  await assert.rejects(cloud.client.call(api.fetchAppSymbols, { params }), {
    code: 'SYMBOLS_NOT_FOUND',
  })
  const made = await give(twin.sid, elf)
  assert.ok(made.functions > 10)
  const events = await EventReader.open(cloud.client, device.sid)
  const link = await TestDevice.join(device)
  await events.next()
  const registers = Array(17).fill(0)
  registers[15] = main.address + 6
  const manifestHash = fromHex(app.hash.slice('sha256:'.length))!
  link.send({
    case: 'crashReport',
    value: { id: 1n, exception: 'HardFault', registers, manifestHash },
  })
  await link.expect('crashReceived')
  const { text, crash } = await events.next()
  assert.match(text, /, LR 0x0000_0000 in main\+6; restart/)
  assert.deepEqual(crash?.frames?.[0], {
    ...{ address: main.address + 6, from: 'pc', function: 'main', offset: 6 },
    ...{ file: null, line: null },
  })
  const list = () => cloud.client.call(api.listDeviceCrashes, { params: { Sid: device.sid } })
  const [kept] = (await list()).crashes
  assert.deepEqual(kept?.frames, crash.frames)
  assert.equal('frames' in (kept?.crash ?? {}), false, 'what is kept is what the device said')
  await cloud.client.call(api.deleteAppSymbols, { params: { Sid: twin.sid } })
  assert.equal((await list()).crashes[0]?.frames, undefined)
  await events.close()
  await link.close()
})

test('a file of other code, or that is none, is refused, and leaves what was there', async () => {
  const app = await uploadApp()
  await give(app.sid, elf)
  await assert.rejects(give(app.sid, sample('blink.elf')), { code: 'ELF_OF_OTHER_CODE' })
  await assert.rejects(give(app.sid, sample('crash.bin')), { code: 'ELF_UNUSABLE' })
  await assert.rejects(give(app.sid, elf.subarray(0, 100)), { code: 'ELF_UNUSABLE' })
  await assert.rejects(give('none', elf), { code: 'APP_NOT_FOUND' })
  const shown = await cloud.client.call(api.fetchAppSymbols, { params: { Sid: app.sid } })
  assert.ok(shown.functions > 10)
})

test('a file with more symbols than are kept, or can be read, is refused, and the next is taken', async (t) => {
  const strict = await testCloud({ limits: { symbolsBytes: 100_000, symbolsHeapMb: 64 } })
  t.after(() => strict.close())
  const file = { fileName: 'a.zip', bytes: appBundle(readElfImage(elf)) }
  const { sid: Sid } = await strict.client.upload(api.createApp, { form: {}, file })
  const upload = (bytes: Uint8Array) => {
    const symbols = { params: { Sid }, file: { fileName: 'a.elf', bytes } }
    return strict.client.upload(api.createAppSymbols, symbols)
  }
  await assert.rejects(upload(withFunctions(50_000)), {
    code: 'SYMBOLS_TOO_LARGE',
    message: /take \d{6,} bytes; 100000 are allowed/,
  })
  await assert.rejects(upload(withFunctions(1_000_000)), {
    code: 'SYMBOLS_TOO_LARGE',
    message: /more than 64 MiB of memory/,
  })
  assert.ok((await upload(elf)).functions > 10)
})

/** The same program with so many functions of one name, at two bytes each: another symbol table, at the end of the file. */
function withFunctions(count: number): Uint8Array {
  const [symtab, offset, size, ENTRY] = [sectionOfType(2) ?? 0, 16, 20, 16]
  const field = (at: number) => elfView.getUint32(symtab + at, true)
  let first = field(offset)
  const end = first + field(size)
  while (first < end && (elf[first + 12]! & 0xf) !== 2) first += ENTRY
  const large = new Uint8Array(elf.length + count * ENTRY)
  large.set(elf)
  const view = new DataView(large.buffer)
  for (let i = 0; i < count; i++) {
    const at = elf.length + i * ENTRY
    large.set(elf.subarray(first, first + ENTRY), at)
    view.setUint32(at + 4, 0x0800_0001 + ((2 * i) % 0x10_0000), true)
    view.setUint32(at + 8, 2, true)
  }
  view.setUint32(symtab + offset, elf.length, true)
  view.setUint32(symtab + size, count * ENTRY, true)
  return large
}

/** Where the header of the first section of this type is (ELF32, e_shoff, e_shentsize, e_shnum). */
function sectionOfType(type: number): number | undefined {
  const [start, bytes, count] = [
    elfView.getUint32(32, true),
    elfView.getUint16(46, true),
    elfView.getUint16(48, true),
  ]
  return Array.from({ length: count }, (_, i) => start + i * bytes).find(
    (at) => elfView.getUint32(at + 4, true) === type,
  )
}
