/**
 * Serial NOR flashes as tables: what each type answers to. Winbond W25Q64JV (revision J) and
 * W25Q256JV (revision I) datasheets, "Instruction set tables"; Macronix MX25LM51245G datasheet,
 * "Command set". JESD216 for the layout of SFDP.
 */
import type { LineCount } from '../../lines/xspi-bus.ts'

/** On how many lines instructions are taken. */
export type NorMode = 'spi' | 'qpi' | 'opi' | 'opi-dtr'
export const modeLines: Readonly<Record<NorMode, LineCount>> = {
  ...{ spi: 1, qpi: 4, opi: 8, 'opi-dtr': 8 },
}

type NorAction =
  | 'read'
  | 'program'
  | 'erase'
  | 'erase-chip'
  | 'write-enable'
  | 'write-disable'
  | 'read-status'
  | 'write-status'
  | 'read-id'
  | 'read-device-id'
  | 'read-unique-id'
  | 'read-sfdp'
  | 'four-byte'
  | 'three-byte'
  | 'qpi'
  | 'spi'
  | 'read-parameters'
  | 'read-register'
  | 'write-register'
  | 'power-down'
  | 'wake'
  | 'reset-enable'
  | 'reset'

export interface NorCommand {
  readonly code: number
  readonly does: NorAction
  /** Address bytes; `mode` is three or four. */
  readonly address: 0 | 3 | 4 | 'mode'
  /** Lines of address and data where instructions take one. */
  readonly lines: readonly [address: LineCount, data: LineCount]
  /** Clocks between address and data; `set` is what a register says. */
  readonly gap: number | 'set'
  readonly modes: readonly NorMode[]
  /** Bytes that it erases, number of a status register, or a value it leads to. */
  readonly what: number
}

export interface NorType {
  readonly title: string
  readonly bytes: number
  readonly id: readonly number[]
  /** Least that the protection bits protect. */
  readonly protectUnitBytes: number
  /** Width of the protection bits in the status register, from bit 2. */
  readonly protectBits: number
  /** Bit of the second status register that lets four lines work; undefined: none is needed. */
  readonly quadEnable: number | undefined
  readonly commands: readonly NorCommand[]
  readonly sfdp: readonly number[]
  readonly seconds: NorTimes
}

interface NorTimes {
  readonly program: number
  readonly status: number
  /** By bytes that are erased. */
  readonly erase: Readonly<Record<number, number>>
  readonly eraseChip: number
}

type Rest = Partial<Omit<NorCommand, 'code' | 'does'>>
const SPI_ONLY = ['spi'] as const
const SPI_QPI = ['spi', 'qpi'] as const
const OPI = ['opi', 'opi-dtr'] as const

const command = (code: number, does: NorAction, rest: Rest = {}): NorCommand => ({
  ...{ code, does, address: 0, lines: [1, 1], gap: 0, modes: SPI_ONLY, what: 0 },
  ...rest,
})

const KIB = 1024
const erases = (codes: readonly (readonly [number, number])[], rest: Rest) =>
  codes.map(([code, what]) => command(code, 'erase', { ...rest, what }))

const winbond: readonly NorCommand[] = [
  command(0x06, 'write-enable', { modes: SPI_QPI }),
  command(0x50, 'write-enable', { modes: SPI_QPI }),
  command(0x04, 'write-disable', { modes: SPI_QPI }),
  ...[0x05, 0x35, 0x15].map((code, what) => command(code, 'read-status', { what, modes: SPI_QPI })),
  ...[0x01, 0x31, 0x11].map((code, what) =>
    command(code, 'write-status', { what, modes: SPI_QPI }),
  ),
  command(0x9f, 'read-id', { modes: SPI_QPI }),
  command(0x90, 'read-device-id', { address: 3, modes: SPI_QPI }),
  command(0xab, 'wake', { gap: 24, modes: SPI_QPI }),
  command(0x4b, 'read-unique-id', { gap: 32 }),
  command(0x5a, 'read-sfdp', { address: 3, gap: 8 }),
  command(0x03, 'read', { address: 'mode' }),
  command(0x0b, 'read', { address: 'mode', gap: 8 }),
  command(0x3b, 'read', { address: 'mode', gap: 8, lines: [1, 2] }),
  command(0x6b, 'read', { address: 'mode', gap: 8, lines: [1, 4] }),
  command(0xbb, 'read', { address: 'mode', gap: 4, lines: [2, 2] }),
  command(0xeb, 'read', { address: 'mode', gap: 6, lines: [4, 4] }),
  command(0x0b, 'read', { address: 'mode', gap: 'set', modes: ['qpi'] }),
  command(0xeb, 'read', { address: 'mode', gap: 'set', modes: ['qpi'] }),
  command(0x02, 'program', { address: 'mode', modes: SPI_QPI }),
  command(0x32, 'program', { address: 'mode', lines: [1, 4] }),
  ...erases(
    [
      [0x20, 4 * KIB],
      [0x52, 32 * KIB],
      [0xd8, 64 * KIB],
    ],
    { address: 'mode', modes: SPI_QPI },
  ),
  ...[0xc7, 0x60].map((code) => command(code, 'erase-chip', { modes: SPI_QPI })),
  command(0xb9, 'power-down', { modes: SPI_QPI }),
  command(0x38, 'qpi'),
  command(0xff, 'spi', { modes: ['qpi'] }),
  command(0xc0, 'read-parameters', { modes: ['qpi'] }),
  command(0x66, 'reset-enable', { modes: SPI_QPI }),
  command(0x99, 'reset', { modes: SPI_QPI }),
]

const winbondFourByte: readonly NorCommand[] = [
  command(0xb7, 'four-byte', { modes: SPI_QPI }),
  command(0xe9, 'three-byte', { modes: SPI_QPI }),
  command(0x13, 'read', { address: 4 }),
  command(0x0c, 'read', { address: 4, gap: 8 }),
  command(0x3c, 'read', { address: 4, gap: 8, lines: [1, 2] }),
  command(0x6c, 'read', { address: 4, gap: 8, lines: [1, 4] }),
  command(0xbc, 'read', { address: 4, gap: 4, lines: [2, 2] }),
  command(0xec, 'read', { address: 4, gap: 6, lines: [4, 4] }),
  command(0x12, 'program', { address: 4 }),
  command(0x34, 'program', { address: 4, lines: [1, 4] }),
  ...erases(
    [
      [0x21, 4 * KIB],
      [0xdc, 64 * KIB],
    ],
    { address: 4 },
  ),
]

const ALL = ['spi', ...OPI] as const
/** Clocks between address and data of a register read on eight lines. */
const OCTAL_REGISTER_GAP = 4

const macronix: readonly NorCommand[] = [
  command(0x06, 'write-enable', { modes: ALL }),
  command(0x04, 'write-disable', { modes: ALL }),
  command(0x05, 'read-status'),
  command(0x05, 'read-status', { address: 4, gap: OCTAL_REGISTER_GAP, modes: OPI }),
  command(0x01, 'write-status'),
  command(0x01, 'write-status', { address: 4, modes: OPI }),
  command(0x9f, 'read-id'),
  command(0x9f, 'read-id', { address: 4, gap: OCTAL_REGISTER_GAP, modes: OPI }),
  command(0x5a, 'read-sfdp', { address: 3, gap: 8 }),
  command(0x5a, 'read-sfdp', { address: 4, gap: 'set', modes: OPI }),
  command(0x71, 'read-register', { address: 4 }),
  command(0x71, 'read-register', { address: 4, gap: OCTAL_REGISTER_GAP, modes: OPI }),
  command(0x72, 'write-register', { address: 4, modes: ALL }),
  command(0x03, 'read', { address: 3 }),
  command(0x0b, 'read', { address: 3, gap: 8 }),
  command(0x13, 'read', { address: 4 }),
  command(0x0c, 'read', { address: 4, gap: 8 }),
  command(0xec, 'read', { address: 4, gap: 'set', modes: ['opi'] }),
  command(0xee, 'read', { address: 4, gap: 'set', modes: ['opi-dtr'] }),
  command(0x02, 'program', { address: 3 }),
  command(0x12, 'program', { address: 4, modes: ALL }),
  ...erases(
    [
      [0x20, 4 * KIB],
      [0xd8, 64 * KIB],
    ],
    { address: 3 },
  ),
  ...erases(
    [
      [0x21, 4 * KIB],
      [0xdc, 64 * KIB],
    ],
    { address: 4, modes: ALL },
  ),
  ...[0xc7, 0x60].map((code) => command(code, 'erase-chip', { modes: ALL })),
  command(0xb9, 'power-down', { modes: ALL }),
  command(0xab, 'wake', { modes: ALL }),
  command(0x66, 'reset-enable', { modes: ALL }),
  command(0x99, 'reset', { modes: ALL }),
]

/** JESD216: header, one parameter header, the basic flash parameter table at 0x80. */
function sfdp(bytes: number, addressing: number, rest: readonly number[]): readonly number[] {
  const density = bytes * 8 - 1
  const lanes = [0, 8, 16, 24].map((shift) => (density >>> shift) & 0xff)
  const table = [0xe5, 0x20, addressing, 0xff, ...lanes, ...rest]
  const header = [0x53, 0x46, 0x44, 0x50, 0x06, 0x01, 0x00, 0xff]
  const parameter = [0x00, 0x06, 0x01, table.length / 4, 0x80, 0x00, 0x00, 0xff]
  const gap = new Array<number>(0x80 - header.length - parameter.length).fill(0xff)
  return [...header, ...parameter, ...gap, ...table]
}

/** Double words 3 to 16: fast reads, erase types, times, suspend, quad enable, reset, 4-byte entry. */
const winbondParameters: readonly number[] = [
  ...[0x44, 0xeb, 0x08, 0x6b, 0x08, 0x3b, 0x42, 0xbb, 0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0],
  ...[0xff, 0xff, 0x40, 0xeb, 0x0c, 0x20, 0x0f, 0x52, 0x10, 0xd8, 0, 0, 0x36, 0x02, 0xa6, 0],
  ...[0x82, 0xea, 0x14, 0xc4, 0xe9, 0x63, 0x76, 0x33, 0x7a, 0x75, 0x7a, 0x75],
  ...[0xf7, 0xa2, 0xd5, 0x5c, 0x19, 0xf7, 0x4d, 0xff, 0xe9, 0x30, 0xf8, 0x80],
]
/** Double words 3 to 9: no reads on two or four lines, 4 KiB and 64 KiB erase. */
const macronixParameters: readonly number[] = [
  ...[0, 0xff, 0, 0xff, 0, 0xff, 0, 0xff, 0xee, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0xff],
  ...[0xff, 0xff, 0, 0xff, 0x0c, 0x20, 0x10, 0xdc, 0, 0xff, 0, 0xff],
]

const winbondSeconds = {
  ...{ program: 0.0004, status: 0.01, eraseChip: 20 },
  erase: { [4 * KIB]: 0.045, [32 * KIB]: 0.12, [64 * KIB]: 0.15 },
}
const MIB = 1024 * KIB

export const norTypes = {
  W25Q64: {
    ...{ title: 'Winbond W25Q64JV', bytes: 8 * MIB, id: [0xef, 0x40, 0x17], quadEnable: 1 },
    ...{ protectUnitBytes: 128 * KIB, protectBits: 3, commands: winbond },
    ...{ sfdp: sfdp(8 * MIB, 0xf9, winbondParameters), seconds: winbondSeconds },
  },
  W25Q256: {
    ...{ title: 'Winbond W25Q256JV', bytes: 32 * MIB, id: [0xef, 0x40, 0x19], quadEnable: 1 },
    ...{ protectUnitBytes: 64 * KIB, protectBits: 4, commands: [...winbond, ...winbondFourByte] },
    ...{ sfdp: sfdp(32 * MIB, 0xfb, winbondParameters) },
    seconds: { ...winbondSeconds, eraseChip: 80 },
  },
  MX25LM51245G: {
    ...{ title: 'Macronix MX25LM51245G', bytes: 64 * MIB, id: [0xc2, 0x85, 0x3a] },
    ...{ quadEnable: undefined, protectUnitBytes: 64 * KIB, protectBits: 4, commands: macronix },
    sfdp: sfdp(64 * MIB, 0xfb, macronixParameters),
    seconds: {
      ...{ program: 0.00015, status: 0.0001, eraseChip: 150 },
      erase: { [4 * KIB]: 0.025, [64 * KIB]: 0.22 },
    },
  },
} as const satisfies Readonly<Record<string, NorType>>

export type NorName = keyof typeof norTypes
