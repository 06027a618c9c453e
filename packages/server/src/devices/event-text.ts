/** Events of devices as people and scripts read them. */
import type { DeviceEvent } from '@microvisor/api'
import {
  type CrashReport,
  crashFloatsByName,
  decodeUtf8,
  describeFault,
  formatPlace,
  formatWord,
  LOG_LINE_BYTES_MAX,
  type LogRecord,
  toHex,
  UpdateError,
  UpdatePhase,
  type UpdateProgress,
} from '@microvisor/protocol'

/** `2021-01-01T12:34:56.000123Z`, of microseconds since 1970. */
function formatMicroseconds(microseconds: bigint): string {
  const seconds = microseconds / 1_000_000n
  const rest = String(microseconds % 1_000_000n).padStart(6, '0')
  return `${new Date(Number(seconds) * 1000).toISOString().slice(0, 19)}.${rest}Z`
}

/** Microseconds since 1970. */
export function wallMicroseconds(): bigint {
  return BigInt(Math.round((performance.timeOrigin + performance.now()) * 1000))
}

/** 9999-12-31T23:59:59Z: what lies behind it has no four-digit year. */
const LAST_SECOND = 253_402_300_799n

function timeOf(wall: bigint): string {
  const isKnown = wall > 0n && wall / 1_000_000n <= LAST_SECOND
  return formatMicroseconds(isKnown ? wall : wallMicroseconds())
}

/** Now, as events say it. */
export function eventTime(): string {
  return timeOf(0n)
}

export function connectedEvent(deviceSid: string): DeviceEvent {
  return {
    timestamp: timeOf(0n),
    device_sid: deviceSid,
    type: 'connection',
    text: `Connection established for device ${deviceSid}`,
    connection: { state: 'connected', reason: null },
  }
}

export function disconnectedEvent(deviceSid: string, reason: string): DeviceEvent {
  return {
    timestamp: timeOf(0n),
    device_sid: deviceSid,
    type: 'connection',
    text: `Connection ended for device ${deviceSid}: ${reason}`,
    connection: { state: 'disconnected', reason },
  }
}

/** What of a LogRecord is shown. */
export type LoggedRecord = Pick<LogRecord, 'wallMicroseconds' | 'text' | 'dropped'>

export function logEvent(deviceSid: string, record: LoggedRecord): DeviceEvent {
  return {
    timestamp: timeOf(record.wallMicroseconds),
    device_sid: deviceSid,
    type: 'app_logging',
    text: decodeUtf8(record.text.subarray(0, LOG_LINE_BYTES_MAX)),
    ...(record.dropped > 0 && { dropped: record.dropped }),
  }
}

export function updateEvent(
  deviceSid: string,
  appSid: string | null,
  progress: UpdateProgress,
  wire: { readonly sent: number; readonly received: number },
): DeviceEvent {
  const phase = UpdatePhase[progress.phase] ?? `PHASE_${progress.phase}`
  const detail = plainText(progress.detail)
  const isFailed = progress.phase === UpdatePhase.FAILED
  const error = isFailed ? (UpdateError[progress.error] ?? `ERROR_${progress.error}`) : null
  const [done, total] = [asNumber(progress.bytesDone), asNumber(progress.bytesTotal)]
  const isFetching = progress.phase === UpdatePhase.FETCHING_LAYERS && total > 0
  const more = [
    isFetching ? ` ${done} of ${total} bytes` : '',
    error === null ? '' : ` ${error}`,
    detail === '' ? '' : `: ${detail}`,
  ]
  return {
    timestamp: timeOf(0n),
    device_sid: deviceSid,
    type: 'ota_update',
    text: phase + more.join(''),
    update: {
      phase,
      hash: `sha256:${toHex(progress.manifestHash)}`,
      app_sid: appSid,
      error_code: isFailed ? progress.error : 0,
      error,
      detail,
      bytes_done: done,
      bytes_total: total,
      bytes_sent: wire.sent,
      bytes_received: wire.received,
    },
  }
}

/** As exactly as JSON can have it. */
export function asNumber(count: bigint): number {
  return Math.min(Number(count), Number.MAX_SAFE_INTEGER)
}

/** Text that a device sent, without what terminals and databases would trip over. */
export function plainText(text: string): string {
  return text.replace(/\p{Cc}/gu, '\uFFFD')
}

const REGISTERS = 'r0 r1 r2 r3 r4 r5 r6 r7 r8 r9 r10 r11 r12 sp lr pc xpsr'.split(' ')

/** What the database keeps of a crash and people see of it. */
export function describeCrash(
  report: CrashReport,
  appSid: string | null,
): NonNullable<DeviceEvent['crash']> {
  const { cfsr, hfsr, sfsr, mmfar, bfar, sfar } = report
  return {
    exception: plainText(report.exception),
    registers: {
      ...Object.fromEntries(REGISTERS.map((name, i) => [name, report.registers[i] ?? 0])),
      ...crashFloatsByName(report.floatRegisters),
    },
    cfsr,
    hfsr,
    sfsr,
    mmfar,
    bfar,
    sfar,
    app_hash: report.manifestHash.length > 0 ? `sha256:${toHex(report.manifestHash)}` : null,
    app_sid: appSid,
    restart_in_ms: report.restartInMs,
    stack: toHex(report.stack),
    ...(report.sealed.length > 0 && { sealed: toHex(report.sealed) }),
  }
}

/** Calls in the line that a crash makes. */
const CALLS_SHOWN = 3

export function crashEvent(
  deviceSid: string,
  crash: NonNullable<DeviceEvent['crash']>,
): DeviceEvent {
  const { exception, registers, restart_in_ms, frames = [] } = crash
  const [pc, lr] = [formatWord(registers.pc ?? 0), formatWord(registers.lr ?? 0)]
  const cause = describeFault(crash)
  const what = cause === '' ? exception : `${exception}: ${cause}`
  const calls = frames.map(formatPlace).filter((place) => place !== undefined)
  const path = calls.length > 0 ? ` in ${calls.slice(0, CALLS_SHOWN).join(' < ')}` : ''
  const where = crash.sealed ? 'the report is sealed' : `PC ${pc}, LR ${lr}${path}`
  return {
    timestamp: timeOf(0n),
    device_sid: deviceSid,
    type: 'crash',
    text: `${what}; ${where}; restart in ${restart_in_ms} ms`,
    crash,
  }
}
