/** How the tables of the system calls read as C. */
import type { Argument, SystemCall } from '@microvisor/protocol'

/** `const uint8_t *data` of an argument. */
function declareArgument(name: string, { use, type }: Argument): string {
  if (use === 'value') return declare(type, name)
  const isRead = use === 'reads' || use === 'readsBytes'
  return declare(`${isRead ? 'const ' : ''}${type} *`, name)
}

/** `uint32_t tag`, `uint8_t *buffer`: no space between a star and what follows it. */
export function declare(type: string, name: string): string {
  return `${type} ${name}`.replaceAll('* ', '*')
}

export function declareCall(name: string, { args }: SystemCall): string {
  const list = Object.entries(args).map(([key, argument]) => declareArgument(key, argument))
  return `enum MvStatus ${name}(${list.join(', ') || 'void'})`
}

/** Every status of a call besides OKAY. */
export function failuresOf({ fails, alsoFails = [] }: SystemCall): readonly string[] {
  return [...fails, ...alsoFails]
}
