/** Crashes that the server keeps, as people see them; opened where they are sealed and a key is given. */
import type { DeviceCrash, DeviceEvent } from '@microvisor/api'
import {
  backtrace,
  DwarfError,
  formatPlace,
  formatWord,
  fromHex,
  ImageError,
  ProgramSymbols,
} from '@microvisor/protocol'
import { string } from '@oclif/core/flags'
import { Failure } from './errors.ts'
import { type Column, facts } from './output.ts'

export const crashKey = string({
  helpValue: 'FILE',
  description: 'private key (PEM, P-256) that opens crash reports sealed for it',
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
