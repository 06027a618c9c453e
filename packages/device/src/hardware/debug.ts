/** The debug unit as the kernel drives it: the application halts, and is looked at from outside. */
import {
  BREAKPOINTS,
  isApplicationMemory,
  type RegisterName,
  type Stm32u585,
  WATCHPOINTS,
} from '@microvisor/mcu'
import type { DebugHalt, DebugUnit } from '@microvisor/microvisor'

const PERIPHERALS = { base: 0x4000_0000, end: 0x5000_0000 } as const
/** Fault status registers (Armv8-M ARM, D1.2); SFSR and SFAR are the secure side's alone. */
const FAULT = {
  CFSR: 0xe000_ed28,
  HFSR: 0xe000_ed2c,
  MMFAR: 0xe000_ed34,
  BFAR: 0xe000_ed38,
} as const
const PRIVATE_BUS = { base: 0xe000_0000, end: 0xe010_0000 } as const

export function debugPort(chip: Stm32u585): DebugUnit {
  const { cpu } = chip
  let isHalted = false
  return {
    breakpoints: BREAKPOINTS,
    watchpoints: WATCHPOINTS,
    enable(isEnabled) {
      chip.breaksHalt = isEnabled
      if (isEnabled) return
      cpu.setBreakpoints([])
      cpu.setPatches([])
      cpu.setWatchpoints([])
      cpu.setVectorCatch([])
    },
    get isHalted() {
      return isHalted && !chip.isApplicationRunning
    },
    halt() {
      isHalted = true
      chip.haltApplication()
    },
    run(mode) {
      isHalted = false
      chip.resumeApplication(mode)
    },
    setBreakpoints: (addresses) => cpu.setBreakpoints(addresses),
    setPatches: (addresses) => cpu.setPatches(addresses),
    setWatchpoints: (watches) => cpu.setWatchpoints(watches),
    setVectorCatch: (exceptions) => cpu.setVectorCatch(exceptions),
    get faultStatus() {
      const read = (address: number) => cpu.readPrivate(address, false)
      return {
        ...{ cfsr: read(FAULT.CFSR), hfsr: read(FAULT.HFSR), sfsr: 0 },
        ...{ mmfar: read(FAULT.MMFAR), bfar: read(FAULT.BFAR), sfar: 0 },
      }
    },
    readRegister(number) {
      const name = registerNames[number]
      return name === undefined ? undefined : cpu.get(name)
    },
    writeRegister(number, value) {
      const name = registerNames[number]
      if (name !== undefined) cpu.set(name, value)
      return name !== undefined
    },
    read: (address, into) => read(chip, address, into),
    write: (address, from) => write(chip, address, from),
  }
}

/** What `run` returned `halt` for, in the kernel's words. */
export function debugHalt(chip: Stm32u585): DebugHalt | undefined {
  const cause = chip.takeHaltCause()
  switch (cause.kind) {
    case 'request':
      return undefined
    case 'watchpoint':
      return { kind: 'watchpoint', address: cause.address, access: cause.access }
    case 'breakpoint':
      return cause
    default:
      return { kind: cause.kind }
  }
}

/** By the numbers of debug.proto. */
const registerNames: readonly (RegisterName | undefined)[] = [
  ...(['r0', 'r1', 'r2', 'r3', 'r4', 'r5', 'r6', 'r7', 'r8', 'r9', 'r10', 'r11', 'r12'] as const),
  ...(['sp', 'lr', 'pc', 'xpsr'] as const),
  ...(['msp_ns', 'psp_ns', 'msplim_ns', 'psplim_ns'] as const),
  ...(['control_ns', 'primask_ns', 'basepri_ns', 'faultmask_ns'] as const),
  ...new Array<undefined>(7).fill(undefined),
  ...Array.from({ length: 32 }, (_, index) => `s${index}` as RegisterName),
  'fpscr',
]

function read(chip: Stm32u585, address: number, into: Uint8Array): number {
  let done = 0
  while (done < into.length) {
    const at = address + done
    const length = plainBytes(at, into.length - done, ['sram', 'flash'])
    if (length > 0) into.set(chip.cpu.bytes.subarray(at, at + length), done)
    else if (!readWord(chip, at, into, done)) break
    done += length || Math.min(into.length - done, 4 - (at & 3))
  }
  return done
}

/** As much of the word at `address` as is asked for. */
function readWord(chip: Stm32u585, address: number, into: Uint8Array, at: number): boolean {
  const word = registerAt(chip, (address & ~3) >>> 0)
  if (word === undefined) return false
  for (let byte = address & 3; byte < 4 && at < into.length; byte++) {
    into[at++] = word >>> (8 * byte)
  }
  return true
}

function registerAt(chip: Stm32u585, address: number): number | undefined {
  if (isIn(PERIPHERALS, address)) return chip.readNonSecure(address)
  return isIn(PRIVATE_BUS, address) ? chip.cpu.readPrivate(address, false) : undefined
}

function write(chip: Stm32u585, address: number, from: Uint8Array): number {
  let done = 0
  while (done < from.length) {
    const at = address + done
    const length = plainBytes(at, from.length - done, ['sram'])
    if (length > 0) {
      chip.cpu.bytes.set(from.subarray(done, done + length), at)
      chip.cpu.invalidate(at, length)
    } else if (!writeWord(chip, at, from.subarray(done))) break
    done += length || 4
  }
  return done
}

/** Registers of peripherals take whole words. */
function writeWord(chip: Stm32u585, address: number, from: Uint8Array): boolean {
  if (address % 4 !== 0 || from.length < 4) return false
  const value = new DataView(from.buffer, from.byteOffset).getUint32(0, true)
  if (isIn(PERIPHERALS, address)) return chip.writeNonSecure(address, value)
  if (!isIn(PRIVATE_BUS, address)) return false
  chip.cpu.writePrivate(address, value, false)
  return true
}

/** How much of a range is plain memory from its start on, in steps that are cheap to test. */
function plainBytes(address: number, length: number, kinds: readonly ('sram' | 'flash')[]): number {
  if (isApplicationMemory(address, length, kinds)) return length
  let fits = 0
  for (let step = 2 ** 31; step >= 1; step /= 2) {
    if (fits + step < length && isApplicationMemory(address, fits + step, kinds)) fits += step
  }
  return fits
}

function isIn({ base, end }: { base: number; end: number }, address: number): boolean {
  return address >= base && address < end
}
