import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { readElfImage } from '@microvisor/protocol'
import { missing } from './programs.ts'
import { buildSample, compilerVersion, samples } from './samples.ts'

const root = join(import.meta.dirname, '..')
const prebuilt = join(root, 'samples/prebuilt')
const folders: string[] = []

after(() => {
  for (const folder of folders) rmSync(folder, { recursive: true })
})

for (const name of samples) {
  test(`${name} rebuilds to its prebuilt image, wherever the checkout lies`, {
    skip: skipReason(),
  }, () => {
    const copy = copyTree()
    const into = join(copy, 'out')
    mkdirSync(into)
    buildSample(copy, name, into)
    for (const file of [`${name}.bin`, `${name}.elf`])
      assert.deepEqual(
        readFileSync(join(into, file)),
        readFileSync(join(prebuilt, file)),
        `${file}: run \`node tools/samples.ts\` and commit what changes`,
      )
  })

  test(`the prebuilt ${name} holds no path, and both its files are the same image`, () => {
    const elf = readFileSync(join(prebuilt, `${name}.elf`))
    assert.deepEqual(Buffer.from(readElfImage(elf)), readFileSync(join(prebuilt, `${name}.bin`)))
    assert.doesNotMatch(elf.toString('latin1'), /\/(home|work|root|tmp|usr|Users)\//)
  })

  test(`${name} keeps within 150 lines`, () => {
    const source = readFileSync(join(root, 'samples', name, 'main.c'), 'utf8')
    assert.ok(source.split('\n').length <= 151)
  })
}

/** Another compiler gives other bytes, which says nothing about the sources. */
function skipReason(): string | false {
  const absent = missing('cmake', 'arm-none-eabi-gcc')
  if (absent) return absent
  const version = execFileSync('arm-none-eabi-gcc', ['-dumpfullversion'], {
    encoding: 'utf8',
  }).trim()
  return version === compilerVersion
    ? false
    : `arm-none-eabi-gcc ${compilerVersion} (this is ${version})`
}

/** The SDK and the samples at a path of another length. */
function copyTree(): string {
  const folder = mkdtempSync(join(tmpdir(), 'microvisor samples elsewhere '))
  folders.push(folder)
  for (const part of ['sdk', 'samples'])
    cpSync(join(root, part), join(folder, part), { recursive: true })
  return folder
}
