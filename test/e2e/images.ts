/** Applications to deploy: the prebuilt samples, and variations made by editing their bytes. */
import assert from 'node:assert/strict'
import { cpSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const PREBUILT = join(ROOT, 'samples/prebuilt')

export function prebuilt(sample: string, form: 'elf' | 'bin' = 'elf'): string {
  return join(PREBUILT, `${sample}.${form}`)
}

/** blink with another greeting of the same length: a second version that can be told from the first. */
export function blinkSaying(greeting: string, folder: string): string {
  const image = readFileSync(prebuilt('blink', 'bin'))
  const original = 'Hello from blink'
  const at = image.indexOf(original)
  assert.ok(at > 0 && greeting.length === original.length)
  image.write(greeting, at, 'latin1')
  const file = join(folder, `${greeting.replaceAll(' ', '-')}.bin`)
  writeFileSync(file, image)
  return file
}

/** An image (.bin) with other texts in the places that it keeps for them. */
export function withTexts(image: string, texts: Readonly<Record<string, string>>, file: string) {
  const bytes = readFileSync(image)
  for (const [from, to] of Object.entries(texts)) {
    const at = bytes.indexOf(`${from}\0`)
    assert.ok(at > 0, from)
    bytes.write(`${to}\0`, at, 'latin1')
  }
  writeFileSync(file, bytes)
  return file
}

/** blink as the linker would have made it for another processor (e_machine of the ELF header). */
export function blinkFor(machine: number, folder: string): string {
  const elf = readFileSync(prebuilt('blink'))
  elf.writeUInt16LE(machine, 18)
  const file = join(folder, `machine-${machine}.elf`)
  writeFileSync(file, elf)
  return file
}

/** The project of blink, with the SDK where it looks for it, after an edit of its message. */
export function blinkProject(message: string, folder: string): string {
  const project = join(folder, 'samples/blink')
  const filter = (path: string) => !path.endsWith('/build')
  cpSync(join(ROOT, 'sdk'), join(folder, 'sdk'), { recursive: true, filter })
  cpSync(join(ROOT, 'samples/blink'), project, { recursive: true, filter })
  const main = join(project, 'main.c')
  const source = readFileSync(main, 'utf8')
  const edited = source.replace('"Hello from blink"', `"${message}"`)
  assert.notEqual(edited, source)
  writeFileSync(main, edited)
  return project
}
