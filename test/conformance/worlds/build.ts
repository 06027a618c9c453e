/** Compiles both halves of the image for two worlds. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ADDRESSES, BOOT_CODE, NON_SECURE_CODE, OPERATIONS, SECURE_CODE } from './layout.ts'

export interface Halves {
  readonly boot: Uint8Array
  readonly secure: Uint8Array
  readonly nonSecure: Uint8Array
}

const VECTOR_BYTES = 0x400

const FLAGS = [
  ...['-mcpu=cortex-m33+nodsp', '-mfloat-abi=soft', '-Os', '-std=gnu11', '-Wall', '-Wextra'],
  ...['-Werror', '-ffreestanding', '-fno-tree-loop-distribute-patterns', '-nostdlib'],
]

export function buildHalves(): Halves {
  const folder = mkdtempSync(join(tmpdir(), 'microvisor-worlds-'))
  try {
    const symbols = Object.entries(ADDRESSES).map(([name, value]) => `-D${name}=${value}`)
    const operations = OPERATIONS.map((name, at) => `-D${name}=${at}`)
    const half = (name: string, base: number, flags: readonly string[]) => {
      const elf = join(folder, `${name}.elf`)
      const source = join(import.meta.dirname, 'worlds.c')
      run('arm-none-eabi-gcc', [
        ...[...FLAGS, ...symbols, ...operations, ...flags, source],
        ...['-Wl,--no-warn-rwx-segments', '-Wl,-e0', '-Wl,--build-id=none'],
        ...[placed('.vectors', base), placed('.text', base + VECTOR_BYTES)],
        ...[placed('.gnu.sgstubs', ADDRESSES.VENEERS), '-o', elf],
      ])
      return binary(elf, join(folder, `${name}.bin`))
    }
    return {
      boot: buildBoot(folder),
      secure: half('secure', SECURE_CODE, ['-DSECURE', '-mcmse']),
      nonSecure: half('non-secure', NON_SECURE_CODE, []),
    }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

function placed(section: string, address: number): string {
  return `-Wl,--section-start=${section}=0x${address.toString(16)}`
}

function buildBoot(folder: string): Uint8Array {
  const elf = join(folder, 'boot.elf')
  const symbols = ['SECURE_CODE', 'SECURE_STACK'] as const
  run('arm-none-eabi-gcc', [
    ...['-mcpu=cortex-m33', '-nostdlib', placed('.text', BOOT_CODE), '-Wl,-e0'],
    ...symbols.map((name) => `-Wa,--defsym,${name}=${ADDRESSES[name]}`),
    ...[join(import.meta.dirname, 'boot.S'), '-o', elf],
  ])
  return binary(elf, join(folder, 'boot.bin'))
}

function binary(elf: string, file: string): Uint8Array {
  run('arm-none-eabi-objcopy', ['-O', 'binary', elf, file])
  return new Uint8Array(readFileSync(file))
}

function run(program: string, args: string[]): void {
  execFileSync(program, args, { stdio: ['ignore', 'ignore', 'inherit'], timeout: 30_000 })
}
