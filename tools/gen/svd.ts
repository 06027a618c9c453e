/**
 * docs/reference/stm32u585.svd: the chip for debuggers that show registers, such as Cortex-Debug in
 * Visual Studio Code. CMSIS-SVD 1.3; non-secure addresses.
 */
import type { AccessKind, Field } from '@microvisor/mcu'
import { type ChipInstance, type ChipRegister, chipInstances } from './chip-facts.ts'

/** How SVD says each access kind. */
const ACCESS: Readonly<Record<AccessKind, readonly (readonly [string, string])[]>> = {
  rw: [['access', 'read-write']],
  ro: [['access', 'read-only']],
  wo: [['access', 'write-only']],
  w1c: [
    ['access', 'read-write'],
    ['modifiedWriteValues', 'oneToClear'],
  ],
  w0c: [
    ['access', 'read-write'],
    ['modifiedWriteValues', 'zeroToClear'],
  ],
  w1s: [
    ['access', 'read-write'],
    ['modifiedWriteValues', 'oneToSet'],
  ],
  rc: [
    ['access', 'read-only'],
    ['readAction', 'clear'],
  ],
  once: [['access', 'read-writeOnce']],
  tagged: [['access', 'read-write']],
}

export function makeSvd(): string {
  const lines: string[] = []
  const known = new Map<unknown, string>()
  for (const instance of chipInstances()) {
    const key = instance.layout ?? instance.place.set
    const original = key === undefined ? undefined : known.get(key)
    lines.push(...peripheral(instance, original))
    if (key !== undefined && original === undefined) known.set(key, instance.place.name)
  }
  return `${HEAD}\n${lines.map((line) => `    ${line}`).join('\n')}\n  </peripherals>\n</device>\n`
}

const HEAD = `<?xml version="1.0" encoding="utf-8"?>
<!-- Generated from the register tables in packages/mcu by \`npm run gen\`: change them there. -->
<device schemaVersion="1.3" xmlns:xs="http://www.w3.org/2001/XMLSchema-instance" xs:noNamespaceSchemaLocation="CMSIS-SVD.xsd">
  <name>STM32U585</name>
  <version>1.0</version>
  <description>STM32U585 as the virtual chip has it, at non-secure addresses</description>
  <cpu>
    <name>CM33</name>
    <revision>r0p4</revision>
    <endian>little</endian>
    <mpuPresent>true</mpuPresent>
    <fpuPresent>true</fpuPresent>
    <nvicPrioBits>4</nvicPrioBits>
    <vendorSystickConfig>false</vendorSystickConfig>
  </cpu>
  <addressUnitBits>8</addressUnitBits>
  <width>32</width>
  <size>32</size>
  <access>read-write</access>
  <resetValue>0x00000000</resetValue>
  <resetMask>0xFFFFFFFF</resetMask>
  <peripherals>`

function peripheral(instance: ChipInstance, original: string | undefined): string[] {
  const { place, registers, interrupts } = instance
  const derived = original === undefined ? '' : ` derivedFrom="${original}"`
  const inherits = original !== undefined
  return [
    `<peripheral${derived}>`,
    `  <name>${place.name}</name>`,
    ...(place.kernel
      ? [`  <description>Kept by the secure side where there is one</description>`]
      : []),
    `  <baseAddress>${hex(place.base)}</baseAddress>`,
    ...(inherits ? [] : addressBlock(place.size)),
    ...interrupts.flatMap(({ name, number }) => [
      '  <interrupt>',
      `    <name>${name}</name>`,
      `    <value>${number}</value>`,
      '  </interrupt>',
    ]),
    ...(inherits || registers.length === 0
      ? []
      : ['  <registers>', ...registers.flatMap(register), '  </registers>']),
    '</peripheral>',
  ]
}

function addressBlock(size: number): string[] {
  return [
    '  <addressBlock>',
    '    <offset>0x00000000</offset>',
    `    <size>${hex(size)}</size>`,
    '    <usage>registers</usage>',
    '  </addressBlock>',
  ]
}

function register({ name, offset, reset, fields, isModelled, count }: ChipRegister): string[] {
  const rows = Object.entries(fields).toSorted(([, a], [, b]) => a.bit - b.bit)
  return [
    '    <register>',
    ...(count > 1 ? [`      <dim>${count}</dim>`, '      <dimIncrement>4</dimIncrement>'] : []),
    `      <name>${count > 1 ? `${name}%s` : name}</name>`,
    ...(isModelled ? [] : ['      <description>Not modelled</description>']),
    `      <addressOffset>${hex(offset)}</addressOffset>`,
    `      <resetValue>${hex(reset)}</resetValue>`,
    ...(rows.length === 0 ? [] : ['      <fields>', ...rows.map(field), '      </fields>']),
    '    </register>',
  ]
}

function field([name, { bit, width, access }]: readonly [string, Field]): string {
  const parts: (readonly [string, string])[] = [
    ['name', name],
    ...(access === 'tagged' ? [['description', 'Not modelled'] as const] : []),
    ['bitRange', `[${bit + width - 1}:${bit}]`],
    ...ACCESS[access],
  ]
  const inside = parts.map(([tag, value]) => `<${tag}>${value}</${tag}>`).join('')
  return `        <field>${inside}</field>`
}

function hex(value: number): string {
  return `0x${value.toString(16).toUpperCase().padStart(8, '0')}`
}
