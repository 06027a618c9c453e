/**
 * C programs built with the Arm tool chain, for the CPU's test machine and for QEMU's mps2-an505
 * (the same objects at other addresses), and run on either.
 */
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { FLASH, Machine, RAM, RAM_BYTES } from './machine.ts'

/** C++ needs its library: an archive that the tool chain finds, or only the name of one. */
export const missingLibrary = (): string | false => {
  const found = spawnSync('arm-none-eabi-g++', [...CPU, '-print-file-name=libstdc++.a'])
  if (found.stdout?.toString().includes('/')) return false
  if (process.env.CI === 'true') throw new Error('libstdc++ of arm-none-eabi is not installed')
  return 'libstdc++ of arm-none-eabi not installed'
}

const STARTUP = join(import.meta.dirname, 'programs/startup.c')
const CPU = ['-mcpu=cortex-m33', '-ffunction-sections', '-nostartfiles']
/** For programs that use floating-point registers. */
export const HARD_FLOAT = ['-mfloat-abi=hard', '-mfpu=fpv5-sp-d16'] as const
const SOFT_FLOAT = ['-mfloat-abi=soft'] as const

interface Place {
  readonly code: number
  readonly data: number
  readonly stack: number
}

const OURS: Place = { code: FLASH, data: RAM, stack: RAM + RAM_BYTES - 0x1000 }
/** Secure aliases of the SRAMs of AN505. */
const QEMU: Place = { code: 0x1000_0000, data: 0x3800_0000, stack: 0x3808_0000 }

const linkerScript = ({ code, data, stack }: Place) => `
ENTRY(start)
SECTIONS {
  .text ${code} : {
    KEEP(*(.vectors)) *(.text*) *(.rodata*) *(.ARM.extab*)
    . = ALIGN(4); init_start = .; KEEP(*(.init_array*)) init_end = .;
  }
  .index : { __exidx_start = .; *(.ARM.exidx*) __exidx_end = .; . = ALIGN(8); data_load = .; }
  .data ${data} : AT(data_load) { data_start = .; *(.data*) . = ALIGN(4); data_end = .; }
  .bss : { bss_start = .; *(.bss*) *(COMMON) . = ALIGN(8); bss_end = .; heap_start = .; }
  stack_top = ${stack};
}`

/** A folder that is gone afterwards. */
export function inFolder<T>(body: (folder: string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), 'cpu-program-'))
  try {
    return body(folder)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

function link(folder: string, source: string, flags: readonly string[], place: Place): string {
  const float = flags.includes(HARD_FLOAT[0]) ? [] : SOFT_FLOAT
  const script = join(folder, 'link.ld')
  const elf = join(folder, 'program.elf')
  writeFileSync(script, linkerScript(place))
  const libraries = source.endsWith('.cpp') ? ['-lstdc++', '-lm'] : ['-lm']
  const options = ['-Wl,--gc-sections,--no-warn-rwx-segments', '-T', script, '-o', elf]
  const inputs = [STARTUP, source, ...libraries, ...options]
  execFileSync('arm-none-eabi-gcc', [...CPU, ...float, ...flags, ...inputs], { stdio: 'ignore' })
  return elf
}

/** The image of a program for the test machine's flash. */
export function build(source: string, flags: readonly string[]): Uint8Array {
  return inFolder((folder) => {
    const elf = link(folder, source, flags, OURS)
    const binary = join(folder, 'program.bin')
    execFileSync('arm-none-eabi-objcopy', ['-O', 'binary', elf, binary])
    return new Uint8Array(readFileSync(binary))
  })
}

export function load(image: Uint8Array): Machine {
  const machine = new Machine()
  machine.cpu.bytes.set(image, FLASH)
  machine.cpu.startNonSecure(FLASH)
  return machine
}

/** The same in the Secure state, where QEMU runs programs. */
export function loadSecure(image: Uint8Array): Machine {
  const machine = new Machine('secure')
  machine.cpu.bytes.set(image, FLASH)
  machine.cpu.reset()
  return machine
}

/** Everything the program printed, run by QEMU; and how long that took. */
export function runOnQemu(
  source: string,
  flags: readonly string[],
): { output: string; ms: number } {
  return inFolder((folder) => {
    const elf = link(folder, source, flags, QEMU)
    const options = ['-semihosting-config', 'enable=on,target=native', '-display', 'none']
    const start = performance.now()
    const { stderr, error } = spawnSync(
      'qemu-system-arm',
      ['-M', 'mps2-an505', ...options, '-serial', 'null', '-monitor', 'null', '-kernel', elf],
      { encoding: 'utf8', timeout: 60_000 },
    )
    if (error) throw error
    return { output: stderr, ms: performance.now() - start }
  })
}
