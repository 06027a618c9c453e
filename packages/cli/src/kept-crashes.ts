/** Crashes that the server keeps, as people see them; opened where they are sealed and a key is given. */
import type { DeviceCrash, DeviceEvent } from '@microvisor/api'
import {
  backtrace,
  crashFloats,
  DwarfError,
  formatPlace,
  formatWord,
  fromHex,
  ImageError,
  ProgramSymbols,
} from '@microvisor/protocol'
import { string } from '@oclif/core/flags'
import type { Cloud } from './cloud.ts'
import type { CoreContents } from './debug/core-file.ts'
import { CORE_SIGNALS, faultSignal } from './debug/fault-signal.ts'
import { Failure } from './errors.ts'
import { type Column, facts } from './output.ts'

export const crashKey = string({
  helpValue: 'FILE',
  description: 'private key (PEM, P-256) that opens crash reports sealed for it',
})

export const crashDevice = string({
  helpValue: 'DEVICE',
  description: 'SID or unique name; the only device unless given',
})

export const elfFile = string({
  helpValue: 'FILE',
  description:
    'ELF file of the application: shows functions and lines that the server does not know',
})

export const crashColumns: readonly Column<DeviceCrash>[] = [
  { title: 'ID', value: ({ id }) => id },
  { title: 'RECEIVED', value: ({ date_received }) => date_received },
  { title: 'CRASH', value: ({ text }) => text },
]

/** What makes a crash readable: nothing without a key. Throws Failure for a file that is no key. */
export async function openKept(file: string | undefined) {
  if (file === undefined) return (kept: DeviceCrash) => kept
  const { crashOpener } = await import('./crash-reports.ts')
  const open = crashOpener(file)
  return (kept: DeviceCrash): DeviceCrash => {
    const { device_sid, date_received: timestamp } = kept
    const crash = kept.crash as DeviceEvent['crash']
    const opened = open({ type: 'crash', timestamp, device_sid, text: kept.text, crash })
    return { ...kept, text: opened.text, crash: opened.crash ?? kept.crash }
  }
}

interface WantedCrash {
  /** Of the device. */
  readonly sid: string
  /** The newest if it is left out. */
  readonly id: string | undefined
  readonly keyFile: string | undefined
}

/** Opened, where the key fits. Throws Failure if there is none. */
export async function findKept({ api, client }: Cloud, wanted: WantedCrash): Promise<DeviceCrash> {
  const { sid, id, keyFile } = wanted
  const open = await openKept(keyFile)
  for await (const kept of client.each(api.listDeviceCrashes, { params: { Sid: sid } })) {
    if (id === undefined || kept.id === id) return open(kept)
  }
  throw new Failure({
    code: 'CRASH_NOT_FOUND',
    message: `device ${sid} has no crash ${id === undefined ? '' : `${id} `}that is kept.`,
    fix: 'see which there are with `microvisor crashes list`; the oldest make room for new ones.',
  })
}

/** What a core file has of it. Throws Failure if it is sealed for a key that was not given. */
export function coreContents({ crash, id }: DeviceCrash): CoreContents {
  const { sealed, stack, cfsr } = crash as Partial<NonNullable<DeviceEvent['crash']>>
  if (sealed !== undefined) {
    throw new Failure({
      code: 'CRASH_SEALED',
      message: `crash ${id} is sealed for a key.`,
      fix: 'give the private half of the key that the application was bundled with (--crash-key FILE).',
    })
  }
  const registers = REGISTERS.map((name) => crash.registers[name] ?? 0)
  const data = fromHex(stack ?? '') ?? new Uint8Array()
  const signal = CORE_SIGNALS[faultSignal({ exception: crash.exception, cfsr })]
  const known = crashFloats.map((name) => crash.registers[name])
  const floats = known.slice(0, FLOATS).filter((word) => word !== undefined)
  const memory = [{ address: registers[SP] ?? 0, data }]
  // GDB asks for these two when it goes through an exception's frame that has room for s0 to s15.
  const [fpccr = FPCCR.saved, fpcar = 0] = known.slice(FLOATS)
  if (floats.length > 0) {
    memory.push({ address: FPCCR.address, data: Buffer.from(Uint32Array.of(fpccr, fpcar).buffer) })
  }
  return { registers, floats, signal, memory }
}

const REGISTERS = [
  ...['r0', 'r1', 'r2', 'r3', 'r4', 'r5', 'r6', 'r7', 'r8', 'r9', 'r10', 'r11', 'r12'],
  ...['sp', 'lr', 'pc', 'xpsr'],
]
const SP = 13
/** s0 to s31 and FPSCR. */
const FLOATS = 33
/** `saved`: as if the frame had been given its registers; for a report that does not say. */
const FPCCR = { address: 0xe000_ef34, saved: 0xc000_0000 } as const

/** Adds the calls that led to a crash, from an ELF file here. Throws Failure for one that is none. */
export async function addFrames(kept: DeviceCrash, file: string): Promise<DeviceCrash> {
  const { readInput } = await import('./bundling.ts')
  const { registers, stack } = kept.crash as NonNullable<DeviceEvent['crash']>
  const { pc = 0, lr = 0 } = registers
  try {
    const symbols = ProgramSymbols.ofElf(readInput(file))
    const words = fromHex(stack ?? '') ?? new Uint8Array(0)
    return { ...kept, frames: backtrace({ pc, lr, stack: words }, symbols) }
  } catch (error) {
    if (!(error instanceof ImageError || error instanceof DwarfError)) throw error
    throw new Failure({
      code: 'ELF_UNUSABLE',
      message: `${file}: ${error.message}`,
      fix: 'give the .elf file that the linker made, built with -g.',
    })
  }
}

export function crashFacts(kept: DeviceCrash): string {
  const { id, device_sid, date_received, text, crash, frames = [] } = kept
  const { app_sid, stack } = crash as Partial<NonNullable<DeviceEvent['crash']>>
  return facts([
    ['id', id],
    ['device', device_sid],
    ['received', date_received],
    ['app', app_sid],
    ['crash', text],
    ...frames.map(
      (frame, i) =>
        [
          `#${i} ${frame.from}`,
          `${formatWord(frame.address)} ${formatPlace(frame) ?? '?'}`,
        ] as const,
    ),
    ...Object.entries(crash.registers).map(([name, word]) => [name, formatWord(word)] as const),
    ['stack', stack],
  ])
}
