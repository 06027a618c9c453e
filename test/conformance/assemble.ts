/** Assembles harness.S for the addresses in layout.ts. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ASSEMBLER_SYMBOLS, CODE, HEADER, SPARES } from './layout.ts'

export interface Harness {
  /** Start-up code of the Secure state, QEMU only. */
  readonly secure: Uint8Array
  /** The beginning of every image. */
  readonly code: Uint8Array
  /** Where a case goes when it is done, by its spare register. */
  readonly leave: Readonly<Record<string, number>>
}

export const SECURE_CODE = 0x1000_0000

export function assembleHarness(): Harness {
  const folder = mkdtempSync(join(tmpdir(), 'microvisor-harness-'))
  const at = (file: string) => join(folder, file)
  try {
    const symbols = Object.entries(ASSEMBLER_SYMBOLS).map(
      ([name, value]) => `-Wa,--defsym,${name}=${value}`,
    )
    run('arm-none-eabi-gcc', [
      ...['-mcpu=cortex-m33', '-mthumb', '-nostdlib', '-Wl,--build-id=none', '-Wl,-e0'],
      ...[placed('.harness', CODE), placed('.secure', SECURE_CODE)],
      ...[...symbols, join(import.meta.dirname, 'harness.S'), '-o', at('harness.elf')],
    ])
    const section = (name: string) => {
      run('arm-none-eabi-objcopy', ['-O', 'binary', '-j', name, at('harness.elf'), at(name)])
      return new Uint8Array(readFileSync(at(name)))
    }
    const code = section('.harness')
    if (CODE + code.length > HEADER) throw new Error(`The harness takes ${code.length} bytes`)
    return { secure: section('.secure'), code, leave: leaveAddresses(at('harness.elf')) }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

function placed(section: string, address: number): string {
  return `-Wl,--section-start=${section}=0x${address.toString(16)}`
}

function leaveAddresses(elf: string): Record<string, number> {
  const listing = run('arm-none-eabi-nm', [elf])
  return Object.fromEntries(
    SPARES.map((spare) => {
      const [address] = new RegExp(`^[0-9a-f]+(?= . leave_${spare}$)`, 'm').exec(listing) ?? []
      if (address === undefined) throw new Error(`The harness has no leave_${spare}`)
      return [spare, Number.parseInt(address, 16)]
    }),
  )
}

function run(program: string, args: string[]): string {
  return execFileSync(program, args, { encoding: 'utf8', timeout: 30_000 })
}
