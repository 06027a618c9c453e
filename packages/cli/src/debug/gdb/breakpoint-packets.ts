/**
 * `Z` and `z` packets: breakpoints with conditions and commands, and watchpoints.
 * GDB manual, "Packets".
 */
import { WatchAccess } from '@microvisor/protocol'
import type { Breakpoint, Watchpoint } from '../target.ts'

export type PointChange =
  | { readonly kind: 'breakpoint'; readonly breakpoint: Breakpoint & { readonly address: number } }
  | { readonly kind: 'watchpoint'; readonly watchpoint: Watchpoint }

const watchAccesses: Readonly<Record<string, WatchAccess>> = {
  2: WatchAccess.WRITE,
  3: WatchAccess.READ,
  4: WatchAccess.ANY,
}

/** What `TYPE,ADDRESS,KIND;...` asks for; undefined if it is malformed or of a type that is not there. */
export function parsePoint(text: string): PointChange | undefined {
  const [, type, address, kind, rest = ''] =
    /^([0-4]),([\da-f]{1,8}),([\da-f]{1,8})(;.*)?$/is.exec(text) ?? []
  if (type === undefined) return undefined
  const at = Number.parseInt(address!, 16)
  const access = watchAccesses[type]
  if (access !== undefined) {
    const length = Number.parseInt(kind!, 16)
    return { kind: 'watchpoint', watchpoint: { address: at, length, access } }
  }
  const [conditions = '', commands = ''] = rest.split(/;cmds:/)
  const breakpoint = {
    address: at,
    conditions: expressions(conditions),
    commands: expressions(commands.replace(/^[01],/, '')),
    // dprintf: GDB sends commands only where the device is to run them and go on.
    continues: commands !== '',
  }
  return { kind: 'breakpoint', breakpoint }
}

/** `X` LENGTH `,` EXPRESSION in hexadecimal, one after another. */
function expressions(text: string): Uint8Array[] {
  return [...text.matchAll(/X([\da-f]+),([\da-f]*)/gi)].map(([, length, hex]) =>
    Uint8Array.from(Buffer.from(hex!.slice(0, 2 * Number.parseInt(length!, 16)), 'hex')),
  )
}
