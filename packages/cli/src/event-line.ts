/** The line that an event makes. */
import type { AccountEvent, DeviceEvent } from '@microvisor/api'
import { printable } from './output.ts'

/** The longest type in brackets, and one space. */
const TYPE_WIDTH = '[app_logging] '.length

/** `2026-11-21T10:00:00.123456Z [app_logging] text`. */
export function formatEvent({ timestamp, type, text, dropped }: DeviceEvent): string {
  const lost = dropped === undefined ? '' : ` (${dropped} lost before this)`
  return `${timestamp} ${`[${type}]`.padEnd(TYPE_WIDTH)}${printable(text)}${lost}`
}

/** `2026-11-21T10:00:00.123456Z 17 [update.failed] UV… text`. */
export function formatAccountEvent(event: AccountEvent): string {
  const { id, timestamp, type, device_sid, text, dropped } = event
  const lost = dropped === undefined ? '' : ` (${dropped} before this are no longer kept)`
  return `${timestamp} ${id} [${type}] ${device_sid ?? '-'} ${printable(text)}${lost}`
}
