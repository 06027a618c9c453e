/**
 * What GDB is told about the target: its registers (GDB manual, "Target Descriptions", "ARM
 * Features") and its memory ("Memory Map Format"). Numbers are those of the debug protocol, so that
 * agent expressions mean the same on the device.
 */

interface GdbRegister {
  readonly name: string
  readonly number: number
  readonly bits: 32 | 64
  readonly type?: string
}

const general = Array.from({ length: 13 }, (_, number) => word(`r${number}`, number))
const doubles = Array.from({ length: 16 }, (_, index) => {
  return { name: `d${index}`, number: 32 + index, bits: 64, type: 'ieee_double' } as const
})

const features: readonly { readonly name: string; readonly registers: readonly GdbRegister[] }[] = [
  {
    name: 'org.gnu.gdb.arm.m-profile',
    registers: [
      ...general,
      word('sp', 13, 'data_ptr'),
      word('lr', 14),
      word('pc', 15, 'code_ptr'),
      word('xpsr', 16),
    ],
  },
  {
    name: 'org.gnu.gdb.arm.m-system',
    registers: [word('msp', 17, 'data_ptr'), word('psp', 18, 'data_ptr')],
  },
  {
    name: 'org.microvisor.system',
    registers: [
      ...[word('msplim', 19, 'data_ptr'), word('psplim', 20, 'data_ptr'), word('control', 21)],
      ...[word('primask', 22), word('basepri', 23), word('faultmask', 24)],
    ],
  },
  {
    name: 'org.gnu.gdb.arm.vfp',
    registers: [...doubles, { name: 'fpscr', number: 64, bits: 32, type: 'int' }],
  },
]

/** In the order of a `g` packet. */
export const gdbRegisters: readonly GdbRegister[] = features
  .flatMap(({ registers }) => registers)
  .sort((a, b) => a.number - b.number)

/** The numbers of the debug protocol that make up one of GDB's registers. */
export function partsOf({ number, bits }: GdbRegister): readonly number[] {
  if (bits === 32) return [number]
  const single = 32 + 2 * (number - 32)
  return [single, single + 1]
}

export const targetXml = describe(features)

/** What is known of a crash: r0 to xpsr, and floating-point registers where it has them. */
export function coreTargetXml(hasFloats: boolean): string {
  return describe(hasFloats ? [features.at(0)!, features.at(-1)!] : features.slice(0, 1))
}

function describe(some: typeof features): string {
  return `<?xml version="1.0"?>
<!DOCTYPE target SYSTEM "gdb-target.dtd">
<target version="1.0">
<architecture>arm</architecture>
${some.map(featureXml).join('\n')}
</target>
`
}

export const memoryMapXml = `<?xml version="1.0"?>
<!DOCTYPE memory-map PUBLIC "+//IDN gnu.org//DTD GDB Memory Map V1.0//EN" "http://sourceware.org/gdb/gdb-memory-map.dtd">
<memory-map>
<memory type="flash" start="0x08000000" length="0x100000"><property name="blocksize">0x2000</property></memory>
<memory type="rom" start="0x0bfa0000" length="0x800"/>
<memory type="ram" start="0x20000000" length="0x80000"/>
<memory type="ram" start="0x28000000" length="0x4000"/>
<memory type="ram" start="0x40000000" length="0x10000000"/>
<memory type="ram" start="0xe0000000" length="0x100000"/>
</memory-map>
`

function word(name: string, number: number, type = 'int'): GdbRegister {
  return { name, number, bits: 32, type }
}

function featureXml({ name, registers }: (typeof features)[number]): string {
  const lines = registers.map(({ name: register, number, bits, type }) => {
    return `<reg name="${register}" bitsize="${bits}" regnum="${number}" type="${type}"/>`
  })
  return `<feature name="${name}">\n${lines.join('\n')}\n</feature>`
}
