/** Scripts for what random ones seldom reach: faults of stacking and unstacking in either world. */
import {
  ADDRESSES,
  NON_SECURE_CODE,
  NOTHING,
  type Operation,
  type Script,
  SPECIALS,
  type Step,
} from './layout.ts'

const ALIAS = 0x2_0000
const SHCSR = 0xe000_ed24
const ICSR = 0xe000_ed04
const AIRCR = 0xe000_ed0c
const VTOR = 0xe000_ed08
const SHPR1 = 0xe000_ed18
const SHPR3 = 0xe000_ed20
const CCR = 0xe000_ed14
const MPU = { CTRL: 0xe000_ed94, RNR: 0xe000_ed98, RBAR: 0xe000_ed9c, RLAR: 0xe000_eda0 }
const NMI = 1 << 31
const PENDSV = 1 << 28
const SYSTICK = 1 << 26

const step = (operation: Operation, a = 0, b = 0): Step => ({ operation, a, b })
const write = (address: number, value: number) => step('WRITE', address, value >>> 0)
const back = step('RETURN')

/** Handlers of every fault in both states; BusFault and HardFault of Non-secure code are its own. */
const everything: Script = [
  write(AIRCR, 0x05fa_2000),
  ...[write(SHCSR, 0xf_0000), write(SHCSR + ALIAS, 0x7_0000)],
  ...[write(SHPR3, 0x2020_0000), write(SHPR3 + ALIAS, 0x2020_0000)],
]

/** The same steps in Secure and in Non-secure thread code. */
function inBoth(name: string, steps: Script): Record<string, Script> {
  return {
    [`${name}, Secure`]: [...everything, ...steps],
    [`${name}, Non-secure`]: [...everything, step('CALL'), ...steps],
  }
}

/** The present state may not touch the memory at 0x2801_0000 or 0x3821_0000: its stacks end there. */
const closeStack = (base: number): Script => [
  write(MPU.RNR, 0),
  write(MPU.RBAR, base),
  write(MPU.RLAR, (base + 0xffe0) | 1),
]
const [closed, open] = [write(MPU.CTRL, 5), write(MPU.CTRL, 0)]
const READ_ONLY = 2 << 1
const PSPLIM = SPECIALS.indexOf('psplim')

const faults: Script = [
  step('UNDEFINED'),
  step('DIVIDE'),
  step('UNALIGNED', NON_SECURE_CODE + 0x2_0202),
  step('LOAD', NOTHING),
  step('LOAD', ADDRESSES.VENEERS),
  step('BRANCH', NOTHING | 1),
  step('BRANCH', 0xe000_0001),
  step('BRANCH', NON_SECURE_CODE + 0x1f_f801),
  step('BRANCH', ADDRESSES.VENEERS + 5),
  step('BRANCH', 0xffff_fffd),
]

const STACK_ENDS = {
  secure: ADDRESSES.SECURE_STACK,
  nonSecure: ADDRESSES.NON_SECURE_STACK,
} as const

export const directed: Readonly<Record<string, Script>> = {
  ...inBoth('every fault of an instruction', [
    write(CCR, 0x211),
    ...faults.flatMap((fault) => [fault, back]),
  ]),
  ...inBoth('PendSV, SysTick and NMI from thread code and from each other', [
    ...[write(ICSR, PENDSV), write(ICSR, SYSTICK), back, write(ICSR, NMI), back, back],
    ...[write(ICSR, SYSTICK), write(ICSR, PENDSV), write(ICSR, NMI), back, back, back],
    ...[step('SVC'), write(ICSR, PENDSV | SYSTICK), back, back, back],
  ]),
  ...inBoth('a limit that the frame passes', [step('LIMIT', 0x10), step('SVC'), back, back]),
  ...inBoth('a limit that a handler passes', [step('LIMIT', 0x90), step('SVC'), back, back]),
  ...inBoth('vectors that are not there', [write(VTOR, NOTHING), step('SVC'), back]),
  ...inBoth('vectors of the other world', [
    write(VTOR, ADDRESSES.VENEERS),
    step('UNDEFINED'),
    back,
  ]),
  ...inBoth('a stack where nothing is', [
    ...[step('PROCESS', 2), step('STACK_AT', NOTHING + 0x100), back, back, back],
  ]),
  ...inBoth('a stack below its limit', [
    ...[step('PROCESS', 2), step('SPECIAL', PSPLIM, 0x3ff0_0000), step('SVC'), back, back],
  ]),
  ...inBoth('a return to code that may no longer read its stack', [
    ...[step('PROCESS', 3), step('SVC'), closed, back, open, back],
  ]),
  'a Non-secure handler of Secure code, and back': [
    ...everything,
    ...[write(0xe000_e100, 2), write(0xe000_e200, 2), step('CALL'), step('SVC'), back, back, back],
  ],
  'Secure stack closed: stacking, r4 to r11 as well': [
    ...[
      ...everything,
      write(0xe000_e100, 2),
      ...closeStack(STACK_ENDS.secure - 0x1_0000 + READ_ONLY),
    ],
    ...[step('PROCESS', 2), write(0xe000_e200, 2), closed, open, back],
  ],
  'forged returns to the Secure state': [
    ...[...everything, step('CALL'), step('SVC'), step('FLIP_RETURN', 0x40), back, back],
  ],
  'forged returns that claim to come from it': [
    ...[...everything, step('CALL'), step('SVC'), step('FLIP_RETURN', 0x01), back, back],
  ],
  'a frame of thread code that says handler': [
    ...[...everything, step('SVC'), step('FLIP_FRAME', 7, 3), back, back, back],
  ],
  'a broken integrity signature': [
    ...[...everything, write(0xe000_e100, 2), write(0xe000_e200, 2), step('CALL')],
    ...[step('FLIP_FRAME', -10 >>> 0, 1), back, back, back],
  ],
  'MemManage while stacking and unstacking, Non-secure': [
    ...[...everything, write(SHPR1 + ALIAS, 0), step('CALL')],
    ...[...closeStack(NON_SECURE_CODE), step('PROCESS', 2), step('SVC'), write(MPU.CTRL, 7), back],
    ...[open, back, back],
  ],
}
