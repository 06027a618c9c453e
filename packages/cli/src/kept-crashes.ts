/** Crashes that the server keeps, as people see them; opened where they are sealed and a key is given. */
import type { DeviceCrash, DeviceEvent } from '@microvisor/api'
import { formatWord } from '@microvisor/protocol'
import { string } from '@oclif/core/flags'
import { type Column, facts } from './output.ts'

export const crashKey = string({
  helpValue: 'FILE',
  description: 'private key (PEM, P-256) that opens crash reports sealed for it',
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

export function crashFacts({ id, device_sid, date_received, text, crash }: DeviceCrash): string {
  const { app_sid, stack } = crash as Partial<NonNullable<DeviceEvent['crash']>>
  return facts([
    ['id', id],
    ['device', device_sid],
    ['received', date_received],
    ['app', app_sid],
    ['crash', text],
    ...Object.entries(crash.registers).map(([name, word]) => [name, formatWord(word)] as const),
    ['stack', stack],
  ])
}
