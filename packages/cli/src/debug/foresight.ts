/**
 * Where a step will end, found by reading the code: straight on, through branches that are taken in
 * any case, up to a call or out of the range. Armv8-M ARM, chapter C2 (T32 encodings).
 *
 * The debugger can then be answered before the device was asked, and the device does the step together
 * with what GDB wants next, provided that it ends as was foreseen. So nothing here has to be complete:
 * what is not foreseen is undefined, and costs a round trip. Not foreseen: whatever depends on flags
 * or data (conditional branches, IT, calls by register), system instructions, floating point; returns
 * are foreseen where LR or the stack is known.
 */

/** Where execution is, as far as GDB's own decisions need it. */
export interface Outlook {
  readonly pc: number
  readonly sp: number
  readonly lr: number
  /** Registers (0 to 12) that have other values by then. */
  readonly changed: ReadonlySet<number>
  /** Of those, the ones whose values came from the stack. */
  readonly restored: ReadonlyMap<number, number>
  readonly isCall: boolean
  /** It reads or writes memory through addresses that nothing is known of. */
  readonly mayFault: boolean
  /** Memory that has other contents by then, at most. */
  readonly stored: readonly Span[]
}

interface Span {
  readonly address: number
  readonly length: number
}

/** What is known without asking. */
export interface Knowledge {
  codeAt(address: number, length: number): Uint8Array | undefined
  /** Of the stack. */
  wordAt(address: number): number | undefined
  registerAt(number: number): number | undefined
  /** That it can be read and written. */
  isMemory(address: number, length: number): boolean
}

export interface StepRange {
  readonly start: number
  /** The same as `start`: one instruction. */
  readonly end: number
}

const INSTRUCTIONS_MAX = 48
/** How far from its register an access may be. */
const REACH_BYTES = 0x1100
const [UNKNOWN, SP, PC] = [-1, 13, 15]
const ANYWHERE: Span = { address: 0, length: 2 ** 32 }

/** The outcome of one instruction. */
interface Effect {
  /** Undefined: the next instruction. */
  readonly target?: number
  readonly isCall?: boolean
  readonly spChange?: number
  readonly writes: readonly number[]
  /** Registers, 15 among them, that are taken from the stack. */
  readonly pops?: readonly number[]
  readonly isReturn?: boolean
  /** The register with the address that memory is accessed through. */
  readonly base?: number
  readonly isStore?: boolean
  /** Of a word that is stored on the stack, from SP on. */
  readonly storedAt?: number
}

/** Undefined if that cannot be told. `isBlocked`: somebody waits at this address. */
export function foresee(
  from: { readonly pc: number; readonly sp: number; readonly lr: number },
  range: StepRange,
  knowledge: Knowledge,
  isBlocked: (address: number) => boolean,
): Outlook | undefined {
  const walk = new Walk(from, knowledge)
  for (let count = 0; count < INSTRUCTIONS_MAX; count++) {
    if (!walk.step() || isBlocked(walk.pc)) return undefined
    if (walk.pc < range.start || walk.pc >= range.end) return walk
  }
  return undefined
}

class Walk implements Outlook {
  pc: number
  sp: number
  lr: number
  readonly changed = new Set<number>()
  readonly restored = new Map<number, number>()
  isCall = false
  mayFault = false
  readonly stored: Span[] = []
  readonly #knowledge: Knowledge

  constructor(from: { pc: number; sp: number; lr: number }, knowledge: Knowledge) {
    this.pc = from.pc
    this.sp = from.sp
    this.lr = from.lr
    this.#knowledge = knowledge
  }

  /** False if it cannot be told. */
  step(): boolean {
    const instruction = fetchAt(this.pc, this.#knowledge)
    const effect = instruction && effectOf(instruction, this.pc)
    if (effect === undefined || effect.writes.some((number) => number >= SP)) return false
    this.mayFault ||= effect.base !== undefined && !this.#isGoodBase(effect.base)
    this.#note(effect)
    for (const number of effect.writes) {
      this.changed.add(number)
      this.restored.delete(number)
    }
    const next = this.pc + instruction!.bytes
    this.isCall = effect.isCall === true
    if (this.isCall) this.lr = next | 1
    const popped = this.#pop(effect.pops ?? [])
    const back = effect.pops === undefined ? this.lr : popped
    this.sp += effect.spChange ?? 0
    if (effect.isReturn !== true) this.pc = effect.target ?? next
    else if (back === undefined || !isAddressOfCode(back)) return false
    else this.pc = back & ~1
    return effect.pops === undefined || popped !== undefined
  }

  /** What an instruction stores, a push among them. Whatever a frame is made of counts as stored, too. */
  #note({ spChange = 0, storedAt, isStore, base = UNKNOWN }: Effect): void {
    if (spChange < 0) this.stored.push({ address: this.sp + spChange, length: -spChange })
    if (storedAt !== undefined) this.stored.push({ address: this.sp + storedAt, length: 4 })
    if (isStore !== true) return
    const value = base === SP ? this.sp : this.#valueOf(base)
    this.stored.push(
      value === undefined ? ANYWHERE : { address: value - REACH_BYTES, length: 2 * REACH_BYTES },
    )
  }

  #valueOf(number: number): number | undefined {
    return this.changed.has(number) ? undefined : this.#knowledge.registerAt(number)
  }

  /** An address well inside the application's memory, or near the code or the stack. */
  #isGoodBase(number: number): boolean {
    if (number === SP || number === PC) return true
    const value = this.#valueOf(number)
    return value !== undefined && this.#knowledge.isMemory(value - REACH_BYTES, 2 * REACH_BYTES)
  }

  /** The last word that is popped; undefined if one is not known. */
  #pop(numbers: readonly number[]): number | undefined {
    let last: number | undefined
    for (const [index, number] of numbers.entries()) {
      const address = this.sp + 4 * index
      last = this.stored.some((span) => overlaps(span, address))
        ? undefined
        : this.#knowledge.wordAt(address)
      if (last === undefined) return undefined
      if (number < SP) {
        this.changed.add(number)
        this.restored.set(number, last)
      }
    }
    return last
  }
}

function overlaps({ address, length }: Span, word: number): boolean {
  return word < address + length && word + 4 > address
}

/** Neither EXC_RETURN nor FNC_RETURN, and Thumb. */
function isAddressOfCode(word: number): boolean {
  return (word & 1) === 1 && word < 0xe000_0000
}

interface Instruction {
  readonly first: number
  /** Of a wide one. */
  readonly second: number
  readonly bytes: 2 | 4
}

function fetchAt(pc: number, { codeAt }: Knowledge): Instruction | undefined {
  const halfword = (address: number) => {
    const bytes = codeAt(address, 2)
    return bytes && bytes[0]! | (bytes[1]! << 8)
  }
  const first = halfword(pc)
  if (first === undefined) return undefined
  if (first >>> 11 < 0b11101) return { first, second: 0, bytes: 2 }
  const second = halfword(pc + 2)
  return second === undefined ? undefined : { first, second, bytes: 4 }
}

function effectOf({ first, second, bytes }: Instruction, pc: number): Effect | undefined {
  return bytes === 2 ? narrow(first, pc) : wide(first, second, pc)
}

const writes = (...numbers: number[]): Effect => ({ writes: numbers })
const nothing = writes()

/** Rows of mask and value, the first that fits: as the manual draws its tables. */
type Row = readonly [
  mask: number,
  value: number,
  effect: (first: number, second: number, pc: number) => Effect | undefined,
]

const low = (hw: number) => writes(hw & 7)
const middle = (hw: number) => writes((hw >> 8) & 7)
const base = (hw: number) => (hw >> 3) & 7
const high = (hw: number) => writes(((hw >> 4) & 8) | (hw & 7))
const none = () => nothing
/** Address and offset in registers: anywhere. */
const unsure = (...numbers: number[]): Effect => ({ writes: numbers, base: UNKNOWN })
const through = (base: number, ...numbers: number[]): Effect => ({ writes: numbers, base })
const store = (effect: Effect | undefined): Effect | undefined =>
  effect && { ...effect, isStore: true }
const pop = (numbers: readonly number[]): Effect => {
  return {
    writes: [],
    pops: numbers,
    spChange: 4 * numbers.length,
    isReturn: numbers.at(-1) === PC,
  }
}
const unforeseen = () => undefined

const narrowRows: readonly Row[] = [
  [0xf800, 0x2800, none], // CMP immediate
  [0xe000, 0x2000, middle], // MOV, ADD, SUB immediate
  [0xe000, 0x0000, low], // shifts, ADD, SUB
  [0xffc0, 0x4200, none], // TST
  [0xff80, 0x4280, none], // CMP, CMN
  [0xfc00, 0x4000, low], // data processing
  [0xff00, 0x4500, none], // CMP high
  [0xffff, 0x4770, () => ({ writes: [], isReturn: true })], // BX LR
  [0xff00, 0x4700, unforeseen], // BX, BLX
  [0xfc00, 0x4400, high], // ADD, MOV high
  [0xf800, 0x4800, middle], // LDR literal
  [0xfe00, 0x5000, () => store(unsure())], // STR
  [0xfe00, 0x5200, () => store(unsure())], // STRH
  [0xfe00, 0x5400, () => store(unsure())], // STRB
  [0xf000, 0x5000, (hw) => unsure(hw & 7)], // LDR and its like by register
  [0xf800, 0x6000, (hw) => store(through(base(hw)))], // STR immediate
  [0xf800, 0x7000, (hw) => store(through(base(hw)))], // STRB immediate
  [0xe000, 0x6000, (hw) => through(base(hw), hw & 7)], // LDR, LDRB immediate
  [0xf800, 0x8000, (hw) => store(through(base(hw)))], // STRH immediate
  [0xf800, 0x8800, (hw) => through(base(hw), hw & 7)], // LDRH immediate
  [0xf800, 0x9000, (hw) => ({ writes: [], storedAt: 4 * (hw & 0xff) })], // STR on the stack
  [0xf000, 0x9000, middle], // LDR from the stack
  [0xf000, 0xa000, middle], // ADR, ADD from SP
  [0xff80, 0xb000, (hw) => ({ writes: [], spChange: 4 * (hw & 0x7f) })], // ADD SP
  [0xff80, 0xb080, (hw) => ({ writes: [], spChange: -4 * (hw & 0x7f) })], // SUB SP
  [0xff00, 0xb200, low], // extensions
  [0xfe00, 0xb400, (hw) => ({ writes: [], spChange: -4 * ones(hw & 0x1ff) })], // PUSH
  [0xff00, 0xba00, low], // REV
  [0xff00, 0xbc00, (hw) => pop(bits(hw & 0xff))], // POP
  [0xff00, 0xbd00, (hw) => pop([...bits(hw & 0xff), PC])], // POP with PC
  [0xffff, 0xbf00, none], // NOP
  [0xf800, 0xc000, (hw) => store(through((hw >> 8) & 7, (hw >> 8) & 7))], // STM
  [0xf800, 0xc800, (hw) => through((hw >> 8) & 7, (hw >> 8) & 7, ...bits(hw & 0xff))], // LDM
  [0xf800, 0xe000, (hw, _, pc) => ({ writes: [], target: pc + 4 + signed(hw << 1, 12) })], // B
]

const resultOf = (_: number, second: number) => resultIn((second >> 8) & 15)
/** A result in R15 is none: flags alone. */
const resultIn = (number: number) => (number === PC ? nothing : writes(number))

/** Mask and value of the first halfword. */
const wideRows: readonly Row[] = [
  [0xffff, 0xe92d, (_, list) => ({ writes: [], spChange: -4 * ones(list) })], // PUSH
  [0xfe50, 0xe840, (first, second) => store(doubleStore(first, second))], // STRD
  [0xfe50, 0xe850, (first, second) => doubleLoad(first, second)], // LDRD
  [0xfe00, 0xea00, resultOf], // data processing, shifted register
  [0xf800, 0xf000, (first, second, pc) => branchOrImmediate(first, second, pc)],
  [0xff10, 0xf800, (first, second) => store(single(first, second, []))], // stores
  [0xfe10, 0xf810, (first, second) => single(first, second, [second >> 12])], // loads
  [0xff00, 0xfa00, resultOf], // data processing, register
  [0xff80, 0xfb00, resultOf], // multiply
  [0xff80, 0xfb80, (_, second) => writes((second >> 8) & 15, second >> 12)], // long multiply, divide
]

function narrow(first: number, pc: number): Effect | undefined {
  return find(narrowRows, first, 0, pc)
}

function wide(first: number, second: number, pc: number): Effect | undefined {
  return find(wideRows, first, second, pc)
}

function find(rows: readonly Row[], first: number, second: number, pc: number) {
  const row = rows.find(([mask, value]) => (first & mask) === value)
  return row?.[2](first, second, pc)
}

/** BL and B; with bit 15 of the second halfword clear, data processing with an immediate. */
function branchOrImmediate(first: number, second: number, pc: number): Effect | undefined {
  if ((second & 0x8000) === 0) return resultOf(first, second)
  if ((second & 0x9000) !== 0x9000) return undefined
  return {
    writes: [],
    target: (pc + 4 + farOffset(first, second)) >>> 0,
    isCall: (second & 0x4000) !== 0,
  }
}

/** S, imm10, J1, J2, imm11. */
function farOffset(first: number, second: number): number {
  const s = (first >> 10) & 1
  const i1 = ~(((second >> 13) & 1) ^ s) & 1
  const i2 = ~(((second >> 11) & 1) ^ s) & 1
  const value =
    (s << 24) | (i1 << 23) | (i2 << 22) | ((first & 0x3ff) << 12) | ((second & 0x7ff) << 1)
  return signed(value, 25)
}

function single(first: number, second: number, loaded: readonly number[]): Effect | undefined {
  const hasOffset8 = (first & 0x80) === 0 && (second & 0x800) !== 0
  const isWrittenBack = hasOffset8 && (second & 0x100) !== 0
  const numbers = [...loaded, ...(isWrittenBack ? [first & 15] : [])]
  return through(first & 15, ...numbers)
}

/** Without writing back and with bit 8 clear these are exclusive accesses, TBB and TT. */
function doubleStore(first: number, _second: number): Effect | undefined {
  if ((first & 0x0120) === 0) return undefined
  return through(first & 15, ...((first & 0x20) === 0 ? [] : [first & 15]))
}

function doubleLoad(first: number, second: number): Effect | undefined {
  if ((first & 0x0120) === 0) return undefined
  const base = (first & 0x20) === 0 ? [] : [first & 15]
  return through(first & 15, second >> 12, (second >> 8) & 15, ...base)
}

function signed(value: number, width: number): number {
  return (value << (32 - width)) >> (32 - width)
}

function bits(list: number): number[] {
  return Array.from({ length: 16 }, (_, bit) => bit).filter((bit) => (list >> bit) & 1)
}

function ones(list: number): number {
  return bits(list).length
}
