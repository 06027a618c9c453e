/** Loads and stores of the floating-point extension. Armv8-M ARM, C2.4. */
import { callFloat } from '../operations/float.ts'
import * as memory from '../operations/float-memory.ts'
import { double, single } from './float.ts'
import {
  destinationOrSp,
  type Fields,
  generalOrSp,
  immediate,
  type Place,
  type Row,
  row,
  UNPREDICTABLE,
} from './row.ts'

const offsetOf = (f: Fields) => (f.u === 1 ? f.i! * 4 : -f.i! * 4)

/** [n, #offset], or relative to the PC. */
const place = (f: Fields, p: Place, isLoad: boolean) => {
  if (f.n !== 15) return { n: generalOrSp(f.n!), offset: immediate(offsetOf(f)) }
  return isLoad ? { n: immediate(((p.pc & ~3) >>> 0) + offsetOf(f)) } : { n: UNPREDICTABLE }
}

const pair = (f: Fields) => {
  const halves = double(f.d!)
  return halves && { t: halves.low, u: halves.high }
}

function singleRows(isLoad: boolean): Row[] {
  const name = isLoad ? 'vldr' : 'vstr'
  const draw = (size: string) =>
    `1110 1101 u d 0 ${isLoad ? '1' : '0'} nnnn dddd 101 ${size} iiiiiiii`
  return [
    row(
      draw('0'),
      name,
      '{t}, {floatPlace}',
      isLoad ? memory.loadSingle : memory.storeSingle,
      (f, p) => ({
        t: single(f.d!),
        ...place(f, p, isLoad),
      }),
    ),
    row(
      draw('1'),
      name,
      '{double}, {floatPlace}',
      isLoad ? memory.loadPair : memory.storePair,
      (f, p) => {
        const registers = pair(f)
        return registers && { ...registers, ...place(f, p, isLoad) }
      },
    ),
  ]
}

interface Shape {
  readonly isLoad: boolean
  readonly direction: 'up' | 'down'
  readonly writeBack: boolean
}

/** `words` from s`first` on; `extra` words of the frame are skipped. */
function severalOperands(f: Fields, first: number, words: number, extra: number, shape: Shape) {
  const isValid = words > 0 && words <= 32 && first + words <= 32
  const base = f.n ?? 13
  const n = shape.writeBack ? destinationOrSp(base) : generalOrSp(base)
  return {
    n: isValid ? n : UNPREDICTABLE,
    singles: immediate(isValid ? Number(((1n << BigInt(words)) - 1n) << BigInt(first)) : 0),
    bytes: immediate((words + extra) * 4),
    ...shape,
  }
}

const operandsOf = (size: 'single' | 'double' | 'extended', shape: Shape) => (f: Fields) => {
  if (size === 'single') return severalOperands(f, single(f.d!).number, f.i!, 0, shape)
  return severalOperands(f, f.d! * 2, f.i! * 2, size === 'extended' ? 1 : 0, shape)
}

const SIZES = [
  { size: 'single', bits: '1010 iiiiiiii', text: '{singles}' },
  { size: 'double', bits: '1011 iiiiiii0', text: '{doubles}' },
  { size: 'extended', bits: '1011 iiiiiii1', text: '{doubles}' },
] as const

/** P, U and W of the encodings, and the name of the instruction for SP, where it has one. */
const SHAPES = [
  { bits: ['0', '1', '0'], suffix: 'ia', direction: 'up', writeBack: false, stack: {} },
  {
    bits: ['0', '1', '1'],
    suffix: 'ia',
    direction: 'up',
    writeBack: true,
    stack: { load: 'vpop' },
  },
  {
    bits: ['1', '0', '1'],
    suffix: 'db',
    direction: 'down',
    writeBack: true,
    stack: { store: 'vpush' },
  },
] as const

function severalRows(isLoad: boolean): Row[] {
  return SHAPES.flatMap(({ bits: [p, u, w], suffix, direction, writeBack, stack }) =>
    SIZES.flatMap(({ size, bits, text }) => {
      const operands = operandsOf(size, { isLoad, direction, writeBack })
      const draw = (n: string) =>
        `1110 110 ${p} ${u} d ${w} ${isLoad ? '1' : '0'} ${n} dddd ${bits}`
      const stem = isLoad ? 'ldm' : 'stm'
      const name = size === 'extended' ? `f${stem}${suffix}x` : `v${stem}${suffix}`
      const ofStack: { load?: string; store?: string } = stack
      const stackName = size === 'extended' ? undefined : ofStack[isLoad ? 'load' : 'store']
      const general = row(
        draw('nnnn'),
        name,
        `{n}{!}, ${text}`,
        memory.transferSeveral,
        operands,
        stackName ? ['n=13'] : [],
      )
      if (stackName === undefined) return [general]
      return [general, row(draw('1101'), stackName, text, memory.transferSeveral, operands)]
    }),
  )
}

/** Lazy transfers of the Secure context; UNDEFINED in the Non-secure state. */
const lazyRows: readonly Row[] = ([false, true] as const).map((isLoad) =>
  row(
    `1110 1100 001 ${isLoad ? '1' : '0'} nnnn 0000 1010 0000 0000`,
    isLoad ? 'vlldm' : 'vlstm',
    '{n}',
    callFloat,
    (f) => ({ effect: isLoad ? 'loadSecureFloat' : 'saveSecureFloat', n: generalOrSp(f.n!) }),
  ),
)

export const floatMemoryRows: readonly Row[] = [
  ...singleRows(true),
  ...singleRows(false),
  ...severalRows(true),
  ...severalRows(false),
  ...lazyRows,
]
