/**
 * Driver programs of our own (peripherals/firmware) on the development board with parts, without a
 * secure side: built by the tool chain, run until they say that they are done.
 */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Assembly, type PartPlan } from '../board/assembly.ts'
import { partKinds } from '../board/kinds.ts'
import { defaultI2c, defaultSpi } from '../board/wiring.ts'
import { Board } from '../board.ts'
import { EXTERNAL_FLASH_BYTES, OTP_BYTES } from '../flash.ts'
import { Supply } from '../power.ts'

const FLASH = 0x0800_0000
const RESULTS = 0x2000_0000
/** `ask` in support.c: the number of what it waits for. */
const ASKED = 100
const DONE = 0x600d
const SLICE_CYCLES = 1_000_000
const sources = join(import.meta.dirname, '..', 'peripherals', 'firmware')

const script = `
SECTIONS {
  .text 0x08000000 : { KEEP(*(.vectors)) *(.text*) *(.rodata*) }
  .bss 0x20000000 : { bss_start = .; *(.bss.result) *(.bss*) *(COMMON) . = ALIGN(8); bss_end = .; }
  .data : { *(.data*) }
  stack_top = 0x20020000;
}
ASSERT(SIZEOF(.data) == 0, "nothing gives variables a first value other than zero")`

/** The program `NAME.c` with what all share, as it lies in flash. */
export function buildDrivers(name: string, optimisation: string): Uint8Array {
  const folder = mkdtempSync(join(tmpdir(), 'chip-firmware-'))
  try {
    const [elf, image, link] = ['fw.elf', 'fw.bin', 'fw.ld'].map((file) => join(folder, file))
    writeFileSync(link!, script)
    const inputs = ['start.c', 'support.c', `${name}.c`].map((file) => join(sources, file))
    const flags = ['-mcpu=cortex-m33', '-mthumb', optimisation, '-Wall', '-Wextra', '-Werror']
    const more = ['-nostdlib', '-ffreestanding', '-fdata-sections', '-Wno-override-init']
    const linking = ['-Wl,--no-warn-rwx-segments', '-T', link!, '-lgcc', '-o', elf!]
    execFileSync('arm-none-eabi-gcc', [...flags, ...more, ...inputs, ...linking])
    execFileSync('arm-none-eabi-objcopy', ['-O', 'binary', '-j', '.text', elf!, image!])
    return new Uint8Array(readFileSync(image!))
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** A part with these settings, and the kind's own where none are given. */
export function part(name: string, kindName: string, given: PartPlan['settings'] = {}): PartPlan {
  const kind = partKinds.get(kindName)
  assert(kind !== undefined, `There is no ${kindName}.`)
  const fallbacks = Object.entries(kind.settings).map(([key, rule]) => [
    key,
    'fallback' in rule ? rule.fallback : undefined,
  ])
  return {
    ...{ name, kind: kindName, controls: {} },
    settings: { ...Object.fromEntries(fallbacks), ...given },
  }
}

/** The board with an image in flash, about to start. */
export function boardWith(image: Uint8Array, parts: readonly PartPlan[]) {
  const board = new Board({
    ...{ supply: new Supply(), hasSecureSide: false },
    externalFlash: new Uint8Array(EXTERNAL_FLASH_BYTES),
    ...{ otp: new Uint8Array(OTP_BYTES).fill(0xff), uniqueId: new Uint8Array(12) },
    events: {
      internalFlashChanged() {},
      externalFlashChanged() {},
      otpChanged() {},
      userLed() {},
      systemLed() {},
      logByte() {},
    },
  })
  const hints: string[] = []
  const assembly = new Assembly({
    ...{ board, random: () => 0.5, worldStartSeconds: 0 },
    plan: { name: 'bench', parts, i2c: defaultI2c, spi: defaultSpi },
    hint: (sentence) => hints.push(sentence),
  })
  const { chip } = board
  chip.flashBytes.set(image)
  chip.cpu.invalidate(FLASH, image.length)
  chip.startApplication(FLASH)
  const view = new DataView(chip.cpu.bytes.buffer, chip.cpu.bytes.byteOffset)
  const result = (n: number) => view.getUint32(RESULTS + n * 4, true)
  const run = (seconds: number, until = () => result(0) === DONE) => {
    const end = chip.cpu.cycles + seconds * 160e6
    while (chip.cpu.cycles < end && !until()) chip.run(chip.cpu.cycles + SLICE_CYCLES)
  }
  const step = (asked: number, act: () => void) => {
    run(2, () => result(ASKED) === asked)
    assert.equal(result(ASKED), asked, `waits for ${asked}`)
    act()
    view.setUint32(RESULTS + ASKED * 4, 0, true)
  }
  return { board, chip, assembly, hints, result, run, step }
}

type Expected = readonly (readonly [what: string, value: number])[]

/** What a program noted so far, against what it should have. */
export function expectNotes(result: (n: number) => number, expected: Expected): void {
  for (const [n, [what, value]] of expected.entries()) {
    assert.equal(result(1 + n), value >>> 0, what)
  }
}

/** The same; then that it came to its end. */
export function expectResults(result: (n: number) => number, expected: Expected): void {
  expectNotes(result, expected)
  assert.equal(result(0), DONE, 'the program came to its end')
}
