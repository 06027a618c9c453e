/**
 * From a branch into the non-secure-callable region to a typed handler: which call an address is,
 * and its arguments by name.
 */
import { Status, type StatusName } from './syscall-enums.ts'
import { sizeOf } from './syscall-layout.ts'
import { NSC, type SystemCall, systemCalls } from './syscalls.ts'

export type SystemCallName = keyof typeof systemCalls

type Row<Name extends SystemCallName> = (typeof systemCalls)[Name]

/** A call's arguments by name. Each is one unsigned word: a value, or an address yet to be checked. */
export type SystemCallArguments<Name extends SystemCallName> = {
  readonly [Key in keyof Row<Name>['args']]: number
}

type Extra<Name extends SystemCallName> =
  Row<Name> extends { readonly alsoFails: readonly (infer Also)[] } ? Also : never

/** The names of what a call may answer. */
export type SystemCallStatusName<Name extends SystemCallName> =
  | 'OKAY'
  | Row<Name>['fails'][number]
  | (Extra<Name> & StatusName)

/** What a call may answer. */
export type SystemCallStatus<Name extends SystemCallName> =
  (typeof Status)[SystemCallStatusName<Name>]

/** Carries a call out. `Context` is what the kernel hands to all its handlers. */
export type SystemCallHandler<Name extends SystemCallName, Context, Stopped = never> = (
  context: Context,
  args: SystemCallArguments<Name>,
) => SystemCallStatus<Name> | Stopped

export const systemCallNames = Object.keys(systemCalls) as SystemCallName[]

const slots: (SystemCallName | undefined)[] = []
for (const name of systemCallNames) slots[slotOf(systemCalls[name].address)] = name

/** The call whose slot begins at `address` (bit 0 clear); undefined where there is none. */
export function systemCallAt(address: number): SystemCallName | undefined {
  const slot = slotOf(address)
  return Number.isInteger(slot) ? slots[slot] : undefined
}

/** Fetches a call's arguments; `word(i)` is the i-th word as AAPCS passes them. */
export function readArguments<Name extends SystemCallName>(
  name: Name,
  word: (index: number) => number,
): SystemCallArguments<Name> {
  const args: Record<string, number> = {}
  argumentMasks.get(name)?.forEach(([key, mask], index) => {
    args[key] = (word(index) & mask) >>> 0
  })
  return args as SystemCallArguments<Name>
}

/** What a call may answer, OKAY included, as numbers. */
export function statusesOf(name: SystemCallName): readonly Status[] {
  const { fails, alsoFails = [] }: SystemCall = systemCalls[name]
  return [Status.OKAY, ...fails.map((f) => Status[f]), ...alsoFails.map((f) => Status[f])]
}

/** The upper bits of a narrow argument's word are the caller's business (AAPCS, 6.5): they are cut off. */
const argumentMasks = new Map<SystemCallName, readonly (readonly [string, number])[]>(
  systemCallNames.map((name) => {
    const { args }: SystemCall = systemCalls[name]
    const masks = Object.entries(args).map(([key, { use, type }]) => {
      const bytes = use === 'value' ? sizeOf(type) : 4
      return [key, bytes === 4 ? 0xffff_ffff : 2 ** (8 * bytes) - 1] as const
    })
    return [name, masks]
  }),
)

function slotOf(address: number): number {
  return (address - NSC.address) / NSC.slotBytes
}
