/** Scripts of random steps: registers that exceptions depend on, calls, faults, forged returns. */
import { seededRandom } from '../../../packages/mcu/src/seeded-random.ts'
import {
  ADDRESSES,
  NON_SECURE_CODE,
  NOTHING,
  type Operation,
  type Script,
  SECURE_CODE,
  SPECIALS,
  type Step,
} from './layout.ts'

const STEPS = 40
const IRQS = 8
/** Distance to the Non-secure view of a register, for Secure code. */
const ALIAS = 0x2_0000

const ICSR = 0xe000_ed04
const AIRCR = 0xe000_ed0c
const CCR = 0xe000_ed14
const VTOR = 0xe000_ed08
const SHPR1 = 0xe000_ed18
const SHCSR = 0xe000_ed24
const NVIC_ISER = 0xe000_e100
const NVIC_ICER = 0xe000_e180
const NVIC_ISPR = 0xe000_e200
const NVIC_IPR = 0xe000_e400
const MAIR0 = 0xe000_edc0
const MPU = { CTRL: 0xe000_ed94, RNR: 0xe000_ed98, RBAR: 0xe000_ed9c, RLAR: 0xe000_eda0 }

export function randomScript(seed: number): Script {
  const random = new Choices(seededRandom(seed))
  const steps = [...begin(random)]
  while (steps.length < STEPS) steps.push(...next(random))
  return steps
}

class Choices {
  readonly #word: () => number

  constructor(word: () => number) {
    this.#word = word
  }

  below(limit: number): number {
    return (this.#word() >>> 3) % limit
  }

  of<T>(choices: readonly T[]): T {
    return choices[this.below(choices.length)]!
  }

  chance(percent: number): boolean {
    return this.below(100) < percent
  }

  /** Four priorities. */
  priorities(): number {
    const one = () => this.below(8) * 0x20
    return (one() | (one() << 8) | (one() << 16) | (one() << 24)) >>> 0
  }
}

const step = (operation: Operation, a = 0, b = 0): Step => ({ operation, a, b })
const write = (address: number, value: number) => step('WRITE', address, value >>> 0)

/** What most scripts want: handlers and interrupts enabled, priorities that differ. */
function* begin(random: Choices): Generator<Step> {
  yield aircr(random)
  // Equal in both: QEMU takes the Non-secure one for SecureFault.
  const group = random.of([0, 0, 3, 5, 6]) << 8
  for (const view of [0, ALIAS]) yield write(AIRCR + view, 0x05fa_0000 | group)
  for (const view of [0, ALIAS]) {
    if (random.chance(90))
      yield write(SHCSR + view, random.chance(80) ? 0xf_0000 : random.below(16) << 16)
    // Faults mostly go before interrupts, or there is little but HardFault and lock-up.
    if (random.chance(80)) yield write(SHPR1 + view, random.priorities() & 0x6060_6060)
    for (const at of [4, 8])
      if (random.chance(70)) yield write(SHPR1 + at + view, random.priorities())
    if (random.chance(50)) yield write(CCR + view, 0x211)
  }
  // Normal memory: QEMU does not know that unaligned accesses to Device memory fault.
  for (const view of [0, ALIAS]) yield write(MAIR0 + view, 0xffff_ffff)
  if (random.chance(10)) yield step('SPECIAL', random.of([FAULTMASK, FAULTMASK_NS]), 1)
  yield write(NVIC_ISER, (1 << IRQS) - 1)
  for (let at = 0; at < IRQS; at += 4) yield write(NVIC_IPR + at, random.priorities())
}

/** PRIS, BFHFNMINS and PRIGROUP; never a reset, nor who may ask for one. */
function aircr(random: Choices): Step {
  return write(AIRCR, 0x05fa_0000 | (random.below(4) << 13))
}

function next(random: Choices): Step[] {
  const view = random.chance(30) ? ALIAS : 0
  const make = random.of(KINDS)
  return make(random, view)
}

type Make = (random: Choices, view: number) => Step[]

const pend: Make = (random) => [write(NVIC_ISPR, 1 << random.below(IRQS))]
const pendSystem: Make = (random, view) => [
  write(ICSR + view, 1 << random.of([28, 28, 26, 31, 27, 25])),
]
const back: Make = () => [step('RETURN')]
const call: Make = () => [step('CALL')]
const svc: Make = () => [step('SVC')]
const fault: Make = (random) => [
  random.of([
    step('UNDEFINED'),
    step('DIVIDE'),
    step('UNALIGNED', NON_SECURE_CODE + 0x2_0202),
    step('LOAD', random.of(MEMORY)),
    step('LOAD', random.of(MEMORY.slice(1)) + 2),
    step('BRANCH', random.of(PLACES) + random.below(2)),
  ]),
]
const special: Make = (random) => {
  const a = random.below(SPECIALS.length)
  const name = SPECIALS[a]!
  const values = name.startsWith('basepri')
    ? [0, 0x20, 0x60, 0xa0]
    : name.includes('lim')
      ? [0, 0, NON_SECURE_CODE + 0xff00]
      : name === 'control_ns'
        ? [0]
        : name.startsWith('faultmask')
          ? [0]
          : [0, 1]
  return [step('SPECIAL', a, random.of(values))]
}
const configure: Make = (random, view) => [
  random.of([
    () => write(NVIC_IPR + random.below(2) * 4, random.priorities()),
    () => write(SHPR1 + random.below(3) * 4 + view, random.priorities()),
    () => write(SHCSR + view, random.below(16) << 16),
    () => write(NVIC_ICER, 1 << random.below(IRQS)),
    () => write(CCR + view, 0x201 | (random.below(4) << 3) | (random.below(2) << 8)),
    () => aircr(random),
    // Vectors that cannot be read: seldom, for it is the end of most scripts.
    () => (random.chance(20) ? write(VTOR + view, NOTHING) : aircr(random)),
  ])(),
]
const process: Make = (random) => [step('PROCESS', random.of([2, 2, 3]))]
const limit: Make = (random) => [step('LIMIT', random.of([0x20, 0x60, 0x80, 0xc0, 0x140, 0x400]))]
const forge: Make = (random) => [
  random.chance(60)
    ? step('FLIP_RETURN', 1 << random.of([0, 2, 3, 5, 6, 1, 6, 5]))
    : random.of([
        step('FLIP_FRAME', 7, 1 << random.below(10)),
        step('FLIP_FRAME', -10 >>> 0, 1 << random.below(32)),
      ]),
]
/** An MPU region over a stack or over code, of a state; the default map elsewhere. */
const protect: Make = (random, view) => [
  write(MPU.RNR + view, 0),
  write(MPU.RBAR + view, random.of(REGIONS) | (random.below(4) << 1)),
  write(MPU.RLAR + view, random.of(REGIONS) + 0xffe0 + random.below(2)),
  write(MPU.CTRL + view, random.of([0, 5, 5, 7, 4])),
]

const REGIONS = [NON_SECURE_CODE, SECURE_CODE, NON_SECURE_CODE + 0x1_0000, SECURE_CODE + 0x1_0000]

const FAULTMASK = SPECIALS.indexOf('faultmask')
const FAULTMASK_NS = SPECIALS.indexOf('faultmask_ns')

const MEMORY = [
  ...[NOTHING, NON_SECURE_CODE + 0x2_0200, SECURE_CODE + 0x2_0000],
  ...[ADDRESSES.VENEERS, ADDRESSES.VENEERS + 4],
]

/** Where nothing is read or written: QEMU does not tell fetches from data once a page was touched. */
const PLACES = [
  ...[NOTHING, NON_SECURE_CODE + 0x1f_f800, SECURE_CODE + 0x1f_f800],
  ...[ADDRESSES.VENEERS, ADDRESSES.VENEERS + 4, 0xe000_0000, 0xfeff_fffe, 0xffff_fffc],
]

/** As often as they stand here. */
const KINDS: readonly Make[] = [
  ...[pend, pend, pend, pendSystem, pendSystem, back, back, back, back, call, call, call],
  ...[svc, svc, fault, fault, special, special, configure, configure],
  ...[process, limit, forge, protect],
]
