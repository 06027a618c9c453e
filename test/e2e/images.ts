/** Applications to deploy: the prebuilt samples, and variations made by editing their bytes. */
import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const PREBUILT = fileURLToPath(new URL('../../samples/prebuilt/', import.meta.url))

export function prebuilt(
  sample: 'blink' | 'notify' | 'crash',
  form: 'elf' | 'bin' = 'elf',
): string {
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

/** blink as the linker would have made it for another processor (e_machine of the ELF header). */
export function blinkFor(machine: number, folder: string): string {
  const elf = readFileSync(prebuilt('blink'))
  elf.writeUInt16LE(machine, 18)
  const file = join(folder, `machine-${machine}.elf`)
  writeFileSync(file, elf)
  return file
}
