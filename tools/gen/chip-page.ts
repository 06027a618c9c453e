/** docs/reference/chip.md: every peripheral of the chip, and what of it is modelled. */
import { formatWord } from '@microvisor/protocol'
import { type ChipInstance, type ChipRegister, chipInstances, missingParts } from './chip-facts.ts'
import { code, table } from './markdown.ts'

export function makeChipPage(): string {
  const instances = chipInstances()
  return `# The chip: peripherals and registers

<!-- Generated from the register tables in packages/mcu by \`npm run gen\`: change them there. -->

Every peripheral of the STM32U585 by its non-secure address; the secure alias is 0x1000_0000 above. *Modelled*
means that every field in its table does what the reference manual (RM0456) says; *partly* that some are stored and do nothing;
*named* that registers have names and remember what is written. Use of what is missing is counted, with address, register and the
function that did it: \`microvisor device report --elf app.elf\`. What a model leaves out beyond fields stands in the head of
its file in packages/mcu/src/peripherals.

*Kernel* marks what the secure side keeps: an access by the application is a SecureFault, and so is one to any secure alias.
A chip without a secure side keeps nothing.

[stm32u585.svd](stm32u585.svd) has the same for debuggers; in Visual Studio Code with Cortex-Debug: \`"svdFile": "docs/reference/stm32u585.svd"\`.

${table(
  ['peripheral', 'base', 'model', 'kernel', 'clock', 'interrupts', 'DMA requests'],
  instances.map(overviewRow),
)}
${sections(instances).join('\n')}`
}

function overviewRow(instance: ChipInstance): string[] {
  const { place, interrupts, requests } = instance
  return [
    place.name,
    formatWord(place.base),
    state(instance),
    place.kernel ? 'kernel' : '',
    place.clock === undefined ? 'always' : `${place.clock[0]} ${place.clock[1]}`,
    interrupts.map(({ name, number }) => `${name} ${number}`).join(', '),
    requests.join(', '),
  ]
}

function state(instance: ChipInstance): 'modelled' | 'partly' | 'named' | 'memory' {
  if (instance.place.isMemory) return 'memory'
  if (instance.layout === undefined) return 'named'
  return missingParts(instance).length === 0 ? 'modelled' : 'partly'
}

/** One section for all instances that share registers. */
function sections(instances: readonly ChipInstance[]): string[] {
  const groups = new Map<unknown, ChipInstance[]>()
  for (const instance of instances) {
    const key = instance.layout ?? instance.place.set ?? instance
    groups.set(key, [...(groups.get(key) ?? []), instance])
  }
  return [...groups.values()].map(section)
}

function section(group: readonly ChipInstance[]): string {
  const [first] = group
  const missing = missingParts(first!)
  const isModelled = first!.layout !== undefined
  const lines = [`## ${group.map(({ place }) => place.name).join(', ')}`, '']
  if (isModelled && missing.length > 0)
    lines.push(`Stored without effect: ${missing.join(', ')}.`, '')
  if (first!.registers.length === 0) lines.push('No registers: memory, or not described.', '')
  else
    lines.push(table(['offset', 'register', 'reset', 'fields'], first!.registers.map(registerRow)))
  return lines.join('\n')
}

function registerRow({ name, offset, reset, fields, isModelled, count }: ChipRegister): string[] {
  const all = Object.entries(fields).toSorted(([, a], [, b]) => a.bit - b.bit)
  const text = all.map(([field, { bit, width, access }]) => {
    const bits = width === 1 ? `${bit}` : `${bit + width - 1}:${bit}`
    return `${field} ${bits} ${access}`
  })
  return [
    `0x${offset.toString(16).padStart(3, '0')}`,
    code(count > 1 ? `${name}0` : name) + (count > 1 ? ` to ${code(name + (count - 1))}` : ''),
    isModelled ? formatWord(reset) : '',
    isModelled ? text.join(', ') : 'not modelled',
  ]
}
