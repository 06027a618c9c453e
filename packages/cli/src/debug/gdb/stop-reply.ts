/** `T` packets: why the application stopped, and what GDB asks for first. GDB manual, "Stop Reply Packets". */
import { type Stopped, StopReason, WatchAccess } from '@microvisor/protocol'
import { faultSignal, REMOTE_SIGNALS } from '../fault-signal.ts'
import type { Target } from '../target.ts'
import { wordHex } from './words.ts'

interface StopPlace {
  readonly target: Target
  /** The one that the processor runs. */
  readonly thread: number
}

const SIGNAL = { interrupt: 2, trap: 5 } as const
/** r0 to xpsr, msp and psp. */
const STOP_REGISTERS = 19

/**
 * With what GDB asks for first: all core registers and both stack pointers. `refused`: it did not go on at all; `stepped`: a
 * step has brought it where the last stop was.
 */
export function stopReply(
  stop: Stopped | undefined,
  { target, thread }: StopPlace,
  instead?: 'refused' | 'stepped',
): string {
  if (stop === undefined) return `T05thread:${thread.toString(16)};`
  const registers = Array.from({ length: STOP_REGISTERS }, (_, number) => {
    const value = target.state.register(number)
    const name = number.toString(16).padStart(2, '0')
    return value === undefined ? '' : `${name}:${wordHex(value)};`
  })
  const signals = { refused: SIGNAL.interrupt, stepped: SIGNAL.trap }
  const signal = instead === undefined ? signalOf(stop) : signals[instead]
  const cause = instead === undefined ? causeOf(stop, target) : ''
  return `T${signal.toString(16).padStart(2, '0')}${cause}thread:${thread.toString(16)};${registers.join('')}`
}

function signalOf({ reason, fault }: Stopped): number {
  if (reason === StopReason.HALTED) return SIGNAL.interrupt
  if (reason !== StopReason.FAULT || fault === undefined) return SIGNAL.trap
  return REMOTE_SIGNALS[faultSignal(fault)]
}

function causeOf({ reason, address }: Stopped, { watchpoints }: Target): string {
  if (reason === StopReason.BREAKPOINT) return 'hwbreak:;'
  if (reason !== StopReason.WATCHPOINT) return ''
  const hit = watchpoints.find(
    (each) => address + 3 >= each.address! && address < each.address! + each.length!,
  )
  const kind = watchKinds[hit?.access ?? WatchAccess.WRITE] ?? 'watch'
  return `${kind}:${Math.max(address, hit?.address ?? 0).toString(16)};`
}

/** As GDB set it: it looks for a watchpoint of that kind. */
const watchKinds: Readonly<Record<number, string>> = {
  [WatchAccess.READ]: 'rwatch',
  [WatchAccess.ANY]: 'awatch',
}
