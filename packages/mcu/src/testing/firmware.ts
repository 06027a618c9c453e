/** Programs of our own for the whole chip: built by the tool chain, put into flash, started. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Stm32u585 } from '../chip.ts'
import { OTP_BYTES } from '../flash.ts'
import { Supply } from '../power.ts'

const FLASH = 0x0800_0000
const RESULTS = 0x2000_0000

const script = `
SECTIONS {
  .text 0x08000000 : { KEEP(*(.vectors)) *(.text*) *(.rodata*) }
  .bss 0x20000000 (NOLOAD) : { *(.bss.result) *(.bss*) *(COMMON) }
  stack_top = 0x20020000;
}`

export function buildFirmware(name: string, flags: readonly string[]): Uint8Array {
  const folder = mkdtempSync(join(tmpdir(), 'core-firmware-'))
  try {
    const [elf, image, link] = ['fw.elf', 'fw.bin', 'fw.ld'].map((file) => join(folder, file))
    writeFileSync(link!, script)
    const source = join(import.meta.dirname, 'firmware', `${name}.c`)
    const strict = ['-Wall', '-Wextra', '-Werror', '-Wno-override-init', '-Wno-unused-function']
    const target = ['-mcpu=cortex-m33', '-mthumb', '-nostdlib', '-ffreestanding']
    const linking = ['-Wl,--no-warn-rwx-segments', '-T', link!, '-o', elf!]
    execFileSync('arm-none-eabi-gcc', [...target, ...strict, ...flags, source, ...linking])
    execFileSync('arm-none-eabi-objcopy', ['-O', 'binary', '-j', '.text', elf!, image!])
    return new Uint8Array(readFileSync(image!))
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** A chip without a secure side that has begun to run an image. */
export function startFirmware(image: Uint8Array) {
  const sent: { port: string; data: number; cycle: number }[] = []
  const chip: Stm32u585 = new Stm32u585({
    ...{ supply: new Supply(), hasSecureSide: false, kernelPins: [] },
    ...{ otp: new Uint8Array(OTP_BYTES).fill(0xff), uniqueId: new Uint8Array(12) },
    events: {
      internalFlashChanged() {},
      otpChanged() {},
      pin() {},
      serial: (port, data) => sent.push({ port, data, cycle: chip.cpu.cycles }),
    },
  })
  chip.flashBytes.set(image)
  chip.cpu.invalidate(FLASH, image.length)
  chip.startApplication(FLASH)
  const view = new DataView(chip.cpu.bytes.buffer, chip.cpu.bytes.byteOffset)
  return { chip, sent, result: (n: number) => view.getUint32(RESULTS + n * 4, true) }
}
