/** What passes over the line, in requests and bytes: to be felt where a line is slow, and nowhere else. */
import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { seededRandom } from '../../packages/mcu/src/index.ts'
import { readElfImage } from '../../packages/protocol/src/index.ts'
import type { DebugWorld } from './debug-world.ts'

/** Nothing of it is told but that it is there already, or what is different in it. */
const LITTLE_BYTES = 1500
/** SRAM that the debuggee does not use. */
const UNUSED = 0x2006_0000
const ROOM_BYTES = 24_000

export function costTests(debug: DebugWorld): void {
  /** Of what `action` makes pass. */
  const costOf = async (
    session: { target: { requests: number } },
    action: () => Promise<unknown>,
  ) => {
    const { up, down } = debug.relay
    const before = { requests: session.target.requests, up: up.bytes, down: down.bytes }
    await action()
    return {
      requests: session.target.requests - before.requests,
      up: up.bytes - before.up,
      down: down.bytes - before.down,
    }
  }

  test('a step costs some hundred bytes', async () => {
    const session = await debug.session()
    const gdb = await debug.gdb(session.port)
    await gdb.ask('tbreak work')
    await gdb.run('continue')
    await gdb.run('step')
    const step = await costOf(session, () => gdb.run('step'))
    assert.equal(step.requests, 1)
    assert.ok(step.up < 150 && step.down < 400, JSON.stringify(step))
    const stepi = await costOf(session, () => gdb.run('stepi'))
    assert.ok(stepi.up < 100 && stepi.down < 200, JSON.stringify(stepi))
    await gdb.end()
    await session.close()
  })

  test('`compare-sections` is one round trip for all sections', async () => {
    const session = await debug.session()
    const gdb = await debug.gdb(session.port)
    let text = ''
    const cost = await costOf(session, async () => {
      text = await gdb.ask('compare-sections')
    })
    assert.ok(text.match(/matched/g)!.length > 2, text)
    assert.doesNotMatch(text, /MIS-MATCHED/)
    assert.equal(cost.requests, 1)
    await gdb.end()
    await session.close()
  })

  test('`load` sends what differs: nothing of what is there, little for a small change', async () => {
    const { elf, image } = changed(debug)
    const first = await debug.session()
    const gdb = await debug.gdb(first.port)
    const same = await costOf(first, () => gdb.ask('load'))
    assert.ok(same.up < LITTLE_BYTES, JSON.stringify(same))
    const small = await costOf(first, () => gdb.ask(`load ${elf}`))
    assert.ok(small.up < LITTLE_BYTES, JSON.stringify(small))
    await gdb.end()
    await first.close()

    const second = await debug.session()
    const other = await debug.gdb(second.port)
    await second.says(/of \d+ bytes of .* are not what the device's flash holds/)
    await other.ask(`dump binary memory flash.bin 0x08000000 ${0x0800_0000 + image.length}`)
    assert.deepEqual(new Uint8Array(readFileSync(join(debug.folder, 'flash.bin'))), image)
    assert.match(await other.ask('compare-sections'), /MIS-MATCHED/)
    await other.ask('load')
    assert.doesNotMatch(await other.ask('compare-sections'), /MIS-MATCHED/)
    await other.end()
    await second.close()
  })

  test('what is loaded into SRAM goes ahead compressed, and only what is not there still', async () => {
    const session = await debug.session()
    const gdb = await debug.gdb(session.port)
    const random = seededRandom(1)
    const room = Uint8Array.from({ length: ROOM_BYTES }, () => random() % 60)
    const file = join(debug.folder, 'room.bin')
    const restore = (content: Uint8Array) =>
      costOf(session, async () => {
        writeFileSync(file, content)
        await gdb.ask(`restore room.bin binary ${UNUSED}`)
        await gdb.run('stepi')
      })
    const held = async () => {
      await gdb.ask(`dump binary memory held.bin ${UNUSED} ${UNUSED + ROOM_BYTES}`)
      return new Uint8Array(readFileSync(join(debug.folder, 'held.bin')))
    }
    const first = await restore(room)
    assert.ok(first.up < ROOM_BYTES, JSON.stringify(first))
    assert.deepEqual(await held(), room)
    const again = await restore(room)
    assert.ok(again.up < LITTLE_BYTES, JSON.stringify(again))
    // The application has written over it.
    await gdb.ask(`set {int}${UNUSED + 100} = 1`)
    await gdb.run('stepi')
    const rewritten = await restore(room)
    assert.ok(rewritten.up > LITTLE_BYTES, JSON.stringify(rewritten))
    assert.deepEqual(await held(), room)
    const other = room.map((byte, at) => (at % 9_000 === 5 ? byte ^ 1 : byte))
    const small = await restore(other)
    assert.ok(small.up < LITTLE_BYTES, JSON.stringify(small))
    assert.deepEqual(await held(), other)
    await gdb.end()
    await session.close()
  })
}

/** The program with one constant that is another, as an ELF file in the world's folder. */
function changed({ elf, folder }: DebugWorld): { elf: string; image: Uint8Array } {
  const file = readFileSync(elf)
  const image = readElfImage(file)
  const near = image.length - 400
  const at = file.indexOf(image.subarray(near, near + 64))
  assert.ok(at > 0)
  file[at]! ^= 1
  writeFileSync(join(folder, 'changed.elf'), file)
  return { elf: 'changed.elf', image: readElfImage(file) }
}
