/**
 * Who may access what: SAU with the chip's own attribution (IDAU and blocks), and the MPU of each
 * state. Armv8-M ARM, B8 (security attribution) and B9 (PMSAv8).
 *
 * Of the memory types in MAIR only Device against Normal matters: unaligned accesses to Device fault.
 */
import type { Attribution } from './cpu.ts'
import { REGIONS } from './identification.ts'

interface Region {
  base: number
  limit: number
  rbar: number
  rlar: number
}

const RLAR_ENABLE = 1
const RBAR_XN = 1
const RLAR_NSC = 2

/** What `find` answers when there is no one region. */
const NONE = -1
const SEVERAL = -2

export interface RegionState {
  readonly control: number
  readonly number: number
  /** RBAR and RLAR of each. */
  readonly regions: readonly number[]
}

/** Eight address regions of 32-byte grain: the registers that the SAU and each MPU have. */
export class RegionFile {
  readonly #regions: Region[] = []
  control = 0
  number = 0

  constructor() {
    this.reset()
  }

  reset(): void {
    this.control = 0
    this.number = 0
    this.#regions.length = 0
    for (let at = 0; at < REGIONS; at++) {
      this.#regions.push({ base: 0, limit: 0, rbar: 0, rlar: 0 })
    }
  }

  save(): RegionState {
    const regions = this.#regions.map(({ rbar, rlar }) => [rbar, rlar])
    return { control: this.control, number: this.number, regions: regions.flat() }
  }

  restore({ control, number, regions }: RegionState): void {
    this.control = control
    this.number = number
    for (let at = 0; at < REGIONS; at++) {
      this.setRbar(at, regions[at * 2]!)
      this.setRlar(at, regions[at * 2 + 1]!)
    }
  }

  rbar(number: number): number {
    return this.#regions[number % REGIONS]!.rbar
  }

  rlar(number: number): number {
    return this.#regions[number % REGIONS]!.rlar
  }

  setRbar(number: number, value: number): void {
    const region = this.#regions[number % REGIONS]!
    region.rbar = value >>> 0
    region.base = (value & ~31) >>> 0
  }

  setRlar(number: number, value: number): void {
    const region = this.#regions[number % REGIONS]!
    region.rlar = value >>> 0
    region.limit = (value | 31) >>> 0
  }

  /** Number of the enabled region that holds the address; NONE, or SEVERAL. */
  find(address: number): number {
    let found: number = NONE
    for (let at = 0; at < REGIONS; at++) {
      const { base, limit, rlar } = this.#regions[at]!
      if ((rlar & RLAR_ENABLE) === 0 || address < base || address > limit) continue
      if (found >= 0) return SEVERAL
      found = at
    }
    return found
  }

  /** No enabled region begins or ends inside [start, end). */
  isUniform(start: number, end: number): boolean {
    return this.#regions.every(({ base, limit, rlar }) => {
      if ((rlar & RLAR_ENABLE) === 0) return true
      const edges = [base, limit + 1]
      return edges.every((edge) => edge <= start || edge >= end)
    })
  }
}

const SAU_ENABLE = 1
const SAU_ALLNS = 2
const MPU_ENABLE = 1
const MPU_HFNMIENA = 2
const MPU_PRIVDEFENA = 4

export type Purpose = 'read' | 'write' | 'execute'

/** Whose MPU is asked. `isBelowZero`: at the priority of HardFault or NMI. */
export interface MpuUser {
  readonly isSecure: boolean
  readonly isPrivileged: boolean
  readonly isBelowZero: boolean
}

interface RegionRegisters {
  readonly rbar: number
  readonly rlar: number
}

export class Protection {
  readonly sau = new RegionFile()
  readonly mpu = { secure: new RegionFile(), nonSecure: new RegionFile() }
  /** MAIR0 and MAIR1 of each state. */
  readonly mair: { secure: [number, number]; nonSecure: [number, number] } = {
    secure: [0, 0],
    nonSecure: [0, 0],
  }
  readonly #chip: (address: number) => Attribution

  constructor(chip: (address: number) => Attribution) {
    this.#chip = chip
  }

  reset(): void {
    this.sau.reset()
    this.mpu.secure.reset()
    this.mair.secure = [0, 0]
    this.resetNonSecure()
  }

  resetNonSecure(): void {
    this.mpu.nonSecure.reset()
    this.mair.nonSecure = [0, 0]
  }

  /** The more secure of SAU and chip. */
  attribution(address: number): Attribution {
    const sau = this.#sauAttribution(address)
    const chip = this.#chip(address)
    if (chip === 'hidden') return 'hidden'
    if (sau === 'secure' || chip === 'secure') return 'secure'
    return sau === 'callable' || chip === 'callable' ? 'callable' : 'non-secure'
  }

  #sauAttribution(address: number): Attribution {
    const { sau } = this
    if ((sau.control & SAU_ENABLE) === 0) {
      return (sau.control & SAU_ALLNS) !== 0 ? 'non-secure' : 'secure'
    }
    const region = sau.find(address)
    if (region < 0) return 'secure'
    return (sau.rlar(region) & RLAR_NSC) !== 0 ? 'callable' : 'non-secure'
  }

  /** What the MPU of a state, or the default map, says. */
  mpuAllows(address: number, purpose: Purpose, who: MpuUser): boolean {
    const region = this.#regionOf(address, who)
    if (region === 'default') return purpose !== 'execute' || isExecutableByDefault(address)
    return region !== undefined && regionAllows(region.rbar, purpose, who.isPrivileged)
  }

  /** Every byte may be accessed by Non-secure code of this privilege. */
  isNonSecureAccessible(range: {
    address: number
    length: number
    access: Exclude<Purpose, 'execute'>
    isPrivileged: boolean
  }): boolean {
    const { address, length, access, isPrivileged } = range
    const who = { isSecure: false, isPrivileged, isBelowZero: false }
    for (let at = address; at < address + length; at = (at | 31) + 1) {
      if (this.attribution(at) !== 'non-secure') return false
      if (!this.mpuAllows(at, access, who)) return false
    }
    return true
  }

  /** Memory of Device type: unaligned accesses fault. */
  isDevice(address: number, who: MpuUser): boolean {
    const region = this.#regionOf(address, who)
    if (region === 'default') return isDeviceByDefault(address)
    if (region === undefined) return false
    const index = (region.rlar >> 1) & 7
    const mair = who.isSecure ? this.mair.secure : this.mair.nonSecure
    return ((mair[index >> 2]! >>> ((index & 3) * 8)) & 0xf0) === 0
  }

  /** The region that decides, the default memory map, or `undefined` where nothing is allowed. */
  #regionOf(address: number, who: MpuUser): 'default' | RegionRegisters | undefined {
    const mpu = who.isSecure ? this.mpu.secure : this.mpu.nonSecure
    const isOff =
      (mpu.control & MPU_ENABLE) === 0 ||
      (who.isBelowZero && (mpu.control & MPU_HFNMIENA) === 0) ||
      isPrivate(address)
    if (isOff) return 'default'
    const number = mpu.find(address)
    if (number >= 0) return { rbar: mpu.rbar(number), rlar: mpu.rlar(number) }
    const usesDefault = who.isPrivileged && (mpu.control & MPU_PRIVDEFENA) !== 0
    return number === NONE && usesDefault ? 'default' : undefined
  }

  isMpuOn(isSecure: boolean): boolean {
    const mpu = isSecure ? this.mpu.secure : this.mpu.nonSecure
    return (mpu.control & MPU_ENABLE) !== 0
  }

  /** Every address of the block has the same rights, in both states. */
  isUniform(start: number, end: number): boolean {
    const { sau, mpu } = this
    return [sau, mpu.secure, mpu.nonSecure].every((file) => file.isUniform(start, end))
  }
}

/** RBAR.AP: bit 1 read-only, bit 0 unprivileged too; RBAR.XN. */
function regionAllows(rbar: number, purpose: Purpose, isPrivileged: boolean): boolean {
  const ap = (rbar >> 1) & 3
  if ((ap & 1) === 0 && !isPrivileged) return false
  if (purpose === 'write') return (ap & 2) === 0
  return purpose === 'read' || (rbar & RBAR_XN) === 0
}

/** The private peripheral bus knows no MPU. */
export function isPrivate(address: number): boolean {
  return address >= 0xe000_0000 && address < 0xe010_0000
}

/** Default memory map, B3.1: Code, SRAM and external RAM execute. */
function isExecutableByDefault(address: number): boolean {
  return address < 0x4000_0000 || (address >= 0x6000_0000 && address < 0xa000_0000)
}

/** Device memory of the default map. */
function isDeviceByDefault(address: number): boolean {
  return (
    (address >= 0x4000_0000 && address < 0x6000_0000) ||
    (address >= 0xa000_0000 && address <= 0xffff_ffff)
  )
}
