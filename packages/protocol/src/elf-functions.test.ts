import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { readElfSymbols } from './elf.ts'
import { functionNames } from './elf-functions.ts'

const blink = new Uint8Array(
  readFileSync(join(import.meta.dirname, '../../../samples/prebuilt/blink.elf')),
)

test('every byte of every function has its name, and the bytes around it do not', () => {
  const nameAt = functionNames(blink)
  const functions = readElfSymbols(blink).filter(({ kind, bytes }) => kind === 'function' && bytes)
  assert.ok(functions.length > 0)
  for (const { name, address, bytes } of functions) {
    const aliases = functions.filter((other) => other.address === address)
    assert.ok(
      aliases.some((alias) => alias.name === nameAt(address)),
      name,
    )
    for (let offset = 1; offset < bytes; offset++) {
      assert.match(nameAt(address + offset) ?? '', /\+0x|^\w+$/)
    }
  }
  assert.equal(nameAt(0), undefined)
  assert.equal(nameAt(0xffff_fffe), undefined)
})
