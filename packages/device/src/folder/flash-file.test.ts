import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { temporaryFolder } from '../testing/temporary-folder.ts'
import { createFlashFile, FlashFile } from './flash-file.ts'

for (const isInverted of [false, true]) {
  test(`what is saved is there when the file is opened again (inverted: ${isInverted})`, (context) => {
    const options = { path: join(temporaryFolder(context), 'flash.bin'), isInverted }
    createFlashFile(options, new Uint8Array(0x1_0003).fill(0xff))
    const cells = new Uint8Array(0x1_0003)
    const file = new FlashFile(options, cells)
    assert.ok(cells.every((cell) => cell === 0xff))
    for (const offset of [0, 0x1001, 0x1_0000]) {
      cells.set([0x12, 0x34, 0x56], offset)
      file.save(offset, 3)
    }
    file.close()
    const again = new Uint8Array(0x1_0003)
    new FlashFile(options, again).close()
    assert.deepEqual(again, cells)
    const onDisk = readFileSync(options.path)
    assert.equal(onDisk[0x1001], isInverted ? 0xed : 0x12)
  })
}

test('an erased inverted file takes no room on disk', (context) => {
  const options = { path: join(temporaryFolder(context), 'flash.bin'), isInverted: true }
  createFlashFile(options, new Uint8Array(0x80_0000).fill(0xff))
  const { size, blocks } = statSync(options.path)
  assert.equal(size, 0x80_0000)
  assert.ok(blocks * 512 < 0x1_0000, `${blocks} blocks`)
})

test('a file of another length is refused with both lengths', (context) => {
  const options = { path: join(temporaryFolder(context), 'flash.bin'), isInverted: false }
  writeFileSync(options.path, new Uint8Array(100))
  assert.throws(() => new FlashFile(options, new Uint8Array(99)), /100 bytes instead of 99/)
  truncateSync(options.path, 98)
  assert.throws(() => new FlashFile(options, new Uint8Array(99)), /98 bytes instead of 99/)
})

test('what a device has written survives SIGKILL', async (context) => {
  const options = { path: join(temporaryFolder(context), 'flash.bin'), isInverted: false }
  for (const patienceMs of [1, 20, 60]) {
    createFlashFile(options, new Uint8Array(0x20_0000).fill(0xff))
    const script = fileURLToPath(new URL('../testing/flash-writer.ts', import.meta.url))
    const writer = spawn(process.execPath, [script, options.path])
    let said = ''
    writer.stdout.on('data', (chunk) => (said += chunk))
    await once(writer.stdout, 'data')
    await new Promise((resolve) => setTimeout(resolve, patienceMs))
    writer.kill('SIGKILL')
    await once(writer, 'close')
    const lines = said.split('\n').slice(0, -1)
    const words = new Uint32Array(new Uint8Array(readFileSync(options.path)).buffer)
    assert.ok(lines.length > 0)
    for (const n of lines.map(Number)) assert.equal(words[n * 4], n, `${lines.length} said`)
  }
})
