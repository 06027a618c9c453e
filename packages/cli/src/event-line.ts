/** The line that an event of a device makes. */
import type { DeviceEvent } from '@microvisor/api'
import { printable } from './output.ts'

/** The longest type in brackets, and one space. */
const TYPE_WIDTH = '[app_logging] '.length

/** `2026-11-21T10:00:00.123456Z [app_logging] text`. */
export function formatEvent({ timestamp, type, text, dropped }: DeviceEvent): string {
  const lost = dropped === undefined ? '' : ` (${dropped} lost before this)`
  return `${timestamp} ${`[${type}]`.padEnd(TYPE_WIDTH)}${printable(text)}${lost}`
}
