/**
 * What somebody at the bench sees of a virtual device: lines about its boot, its connection, its
 * lights and what it says. Made of the device's events; decides nothing.
 */
import type { DeviceEvents, DeviceOptions } from '@microvisor/device'
import { formatWord } from '@microvisor/protocol'
import { printable } from './output.ts'

/** One thing that happened; `kind` is the column, the rest is for machines. */
export interface BenchLine {
  readonly kind: 'boot' | 'link' | 'app' | 'led' | 'serial' | 'trace' | 'test'
  readonly text: string
  readonly facts: Readonly<Record<string, unknown>>
}

export interface BenchViewOptions {
  readonly show: (line: BenchLine) => void
  readonly gateway: string
  /** What the application sends to the board's serial log. */
  readonly isSerialShown: boolean
}

const KIND_WIDTH = 'serial '.length

/** `10:00:00.123 boot   kernel 0.1.0 started (power-on)`, in local time. */
export function formatBenchLine({ kind, text }: BenchLine, now: Date): string {
  const time = [now.getHours(), now.getMinutes(), now.getSeconds()]
    .map((part) => String(part).padStart(2, '0'))
    .join(':')
  const ms = String(now.getMilliseconds()).padStart(3, '0')
  return `${time}.${ms} ${kind.padEnd(KIND_WIDTH)}${printable(text)}`
}

/** Locking down is not among them: it ends the command. */
export function benchEvents(options: BenchViewOptions): DeviceEvents {
  const { show, gateway, isSerialShown } = options
  const led = new LedLines(show)
  const serial = new SerialLines(show)
  return {
    booted: ({ kernelVersionText, resetCause }) =>
      show({
        kind: 'boot',
        text: `kernel ${kernelVersionText} started (${resetCause})`,
        facts: { event: 'booted', kernelVersion: kernelVersionText, resetCause },
      }),
    kernelFailed: (error) =>
      show({
        kind: 'boot',
        text: `the kernel failed, the watchdog restarts the device: ${String(error)}`,
        facts: { event: 'kernel-failed', reason: String(error) },
      }),
    link: (state, lastError) =>
      show({
        kind: 'link',
        text: linkText(state, lastError, gateway),
        facts: { event: 'link', state, lastError },
      }),
    applicationStarted: () =>
      show({ kind: 'app', text: 'started', facts: { event: 'application-started' } }),
    applicationStopped: () =>
      show({ kind: 'app', text: 'stopped', facts: { event: 'application-stopped' } }),
    applicationFaulted: ({ exception, registers: { pc, lr } }) =>
      show({
        kind: 'app',
        text: `crashed: ${exception}, PC ${formatWord(pc)}, LR ${formatWord(lr)}`,
        facts: { event: 'application-crashed', exception, pc, lr },
      }),
    userLed: (isLit) => led.changed(isLit),
    systemLed: ({ red, green, blue }) =>
      show({
        kind: 'led',
        text: `system LED ${colourName(red, green, blue)}`,
        facts: { event: 'system-led', red, green, blue },
      }),
    trace: (text) => show({ kind: 'trace', text, facts: { event: 'trace' } }),
    ...(isSerialShown ? { logByte: (byte: number) => serial.take(byte) } : {}),
  }
}

/** The provisioning console of the factory's bench: what the test says, and how it ends. */
export function factoryBench(
  show: BenchViewOptions['show'],
): NonNullable<DeviceOptions['factoryTest']> {
  return {
    log(bytes) {
      const text = Buffer.from(bytes).toString('utf8').trimEnd()
      show({ kind: 'test', text, facts: { event: 'factory-log' } })
    },
    complete: (status) =>
      show({
        kind: 'test',
        text: status === 0 ? 'passed' : `failed: ${status}`,
        facts: { event: 'factory-complete', status },
      }),
  }
}

function linkText(state: string, lastError: string, gateway: string): string {
  if (state === 'connected') return `connected to the cloud (${gateway})`
  if (state === 'connecting') return `connecting to ${gateway}`
  const name = state === 'down' ? 'no link' : 'not connected'
  return lastError === '' ? name : `${name}: ${lastError}`
}

function colourName(red: boolean, green: boolean, blue: boolean): string {
  const lit = [red && 'red', green && 'green', blue && 'blue'].filter(Boolean)
  return lit.length === 0 ? 'off' : lit.join(' + ')
}

/** A light that changes faster than this is told about with a count, not with a line each time. */
const LED_LINES_PER_SECOND = 4

class LedLines {
  readonly #show: BenchViewOptions['show']
  #secondStarted = 0
  #lines = 0
  #unsaid = 0

  constructor(show: BenchViewOptions['show']) {
    this.#show = show
  }

  changed(isLit: boolean): void {
    const now = performance.now()
    if (now - this.#secondStarted >= 1000) {
      this.#secondStarted = now
      this.#lines = 0
    }
    if (++this.#lines > LED_LINES_PER_SECOND) {
      this.#unsaid++
      return
    }
    const more = this.#unsaid === 0 ? '' : ` (${this.#unsaid} changes before this not shown)`
    const facts = { event: 'user-led', lit: isLit, unsaid: this.#unsaid }
    this.#unsaid = 0
    this.#show({ kind: 'led', text: `user LED ${isLit ? 'on' : 'off'}${more}`, facts })
  }
}

/** A line without an end is shown in parts of this length. */
const SERIAL_LINE_BYTES = 1024

class SerialLines {
  readonly #show: BenchViewOptions['show']
  #bytes: number[] = []

  constructor(show: BenchViewOptions['show']) {
    this.#show = show
  }

  take(byte: number): void {
    const isEnd = byte === 0x0a
    if (!isEnd && byte !== 0x0d) this.#bytes.push(byte)
    if (!isEnd && this.#bytes.length < SERIAL_LINE_BYTES) return
    const text = Buffer.from(this.#bytes).toString('utf8')
    this.#bytes = []
    this.#show({ kind: 'serial', text, facts: { event: 'serial' } })
  }
}
