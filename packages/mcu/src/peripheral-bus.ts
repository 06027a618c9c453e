/**
 * The bus beyond plain memory: peripherals, the factory-programmed bytes in system memory, holes.
 * RM0456, "Memory organization", "Device electronic signature" and "Global TrustZone controller".
 *
 * What a non-secure access may not touch is refused with an attribution fault; what does not exist
 * with a bus error; a peripheral without a clock reads as zero and loses writes. A peripheral that
 * is not modelled remembers what was written and reads it back, so that read-modify-write goes on.
 * All of these but the first are entered in the ledger. External memories are reached through the
 * windows of the peripherals that map them.
 */
import { type PeripheralPlace, peripheralPlaces, registerNames } from './address-map.ts'
import { type AccessSize, type Bus, BusFault, type Master } from './bus.ts'
import type { AccessDirection, NotModelled } from './not-modelled.ts'
import { analogCalibration } from './peripherals/analog-inputs.ts'
import type { Registers } from './registers.ts'
import type { MappedWindow } from './wiring.ts'

const PERIPHERALS_BASE = 0x4000_0000
const PERIPHERALS_END = 0x6000_0000
const SECURE_ALIAS = 0x1000_0000
const GRAIN_SHIFT = 10
/** What PWR_DBPR.DBP protects, besides RCC_BDCR. */
const BACKUP: readonly string[] = ['RTC', 'TAMP', 'BKPSRAM']

/** Words of system memory that software reads. */
const UID_BASE = 0x0bfa_0700
const FLASH_SIZE_ADDRESS = 0x0bfa_07a0
const OTP_BASE = 0x0bfa_0000
const OTP_END = 0x0bfa_0200

export interface PeripheralBusOptions {
  /** By name as in `peripheralPlaces`. */
  readonly modelled: ReadonlyMap<string, Registers>
  /** Windows of peripherals that map a memory, by name. */
  readonly windows?: ReadonlyMap<string, MappedWindow>
  readonly notModelled: NotModelled
  /** False: nobody keeps anything from software. */
  readonly hasSecureSide: boolean
  /** A function that tells whether RCC clocks the peripheral's registers. */
  readonly clockOf: (place: PeripheralPlace) => () => boolean
  /** False: the backup domain (RTC, TAMP) takes no writes. */
  readonly isBackupOpen: () => boolean
  /** 96-bit unique device ID. */
  readonly uniqueId: Uint8Array
  readonly readOtp: (offset: number, into: Uint8Array) => void
}

interface Entry {
  readonly place: PeripheralPlace
  readonly registers: Registers | undefined
  readonly names: readonly (string | undefined)[]
  /** A memory of a peripheral that lies in this place. */
  readonly memory: { readonly window: MappedWindow; readonly offset: number } | undefined
  readonly isClocked: () => boolean
  readonly isInBackup: boolean
  /** What was written to registers that are not modelled, by word. */
  readonly remembered: Map<number, number>
}

export class PeripheralBus implements Bus {
  fault: BusFault = BusFault.none
  readonly #options: PeripheralBusOptions
  readonly #entries = new Map<number, Entry>()
  /** Most accesses go where the one before went. */
  #lastGrain = -1
  #lastEntry: Entry | undefined
  /** The access under way. */
  #access: Access | undefined

  constructor(options: PeripheralBusOptions) {
    this.#options = options
    for (const place of peripheralPlaces) {
      const registers = options.modelled.get(place.name)
      const names = place.set === undefined ? [] : registerNames(place.set)
      const entry = {
        ...{ place, registers, names, remembered: new Map<number, number>() },
        ...{ isClocked: options.clockOf(place), isInBackup: BACKUP.includes(place.name) },
        memory: memoryIn(place, options.windows),
      }
      const last = (place.base + place.size - 1) >>> GRAIN_SHIFT
      for (let grain = place.base >>> GRAIN_SHIFT; grain <= last; grain++) {
        this.#entries.set(grain, entry)
      }
      if (registers !== undefined) this.#reportTagged(entry, registers)
    }
  }

  read(address: number, size: AccessSize, master: Master): number {
    this.fault = BusFault.none
    if (address < PERIPHERALS_BASE) return this.#readSystemMemory(address, size, master)
    if (this.#isOutside(address)) {
      const access = { address, direction: 'read', master } as const
      return this.#mapped(access, (window, offset) => window.read(offset, size)) ?? 0
    }
    const entry = this.#find(address, 'read', master)
    if (entry === undefined) return 0
    const offset = offsetOf(address, entry)
    const { registers } = entry
    if (registers?.has(offset)) return registers.read(offset, size, master.isSecure)
    if (entry.memory !== undefined && offset >= entry.memory.offset) {
      const { window, offset: from } = entry.memory
      return window.read(offset - from, size) ?? 0
    }
    const word = entry.remembered.get(offset >> 2) ?? 0
    const value = ((word >>> ((offset & 3) * 8)) & laneMask(size)) >>> 0
    const answer = value === 0 ? 'read as zero' : 'read as last written'
    this.#report({ address, direction: 'read', master }, entry, value, answer)
    return value
  }

  write(address: number, size: AccessSize, value: number, master: Master): void {
    this.fault = BusFault.none
    const access = { address, direction: 'write', master } as const
    if (address < PERIPHERALS_BASE) {
      this.#refuse(access, BusFault.error)
      return
    }
    if (this.#isOutside(address)) {
      this.#mapped(access, (window, offset) => window.write(offset, size, value) || undefined)
      return
    }
    const entry = this.#find(address, 'write', master)
    if (entry === undefined) return
    const offset = offsetOf(address, entry)
    const { registers } = entry
    if (entry.isInBackup && !this.#options.isBackupOpen()) {
      this.#report(access, entry, value, 'lost: the backup domain is closed (PWR_DBPR.DBP)')
      return
    }
    if (registers?.has(offset)) {
      this.#access = access
      registers.write(offset, size, value, master.isSecure)
      return
    }
    if (entry.memory !== undefined && offset >= entry.memory.offset) {
      entry.memory.window.write(offset - entry.memory.offset, size, value)
      return
    }
    const shift = (offset & 3) * 8
    const before = entry.remembered.get(offset >> 2) ?? 0
    const lanes = laneMask(size) << shift
    entry.remembered.set(offset >> 2, ((before & ~lanes) | ((value << shift) & lanes)) >>> 0)
    this.#report(access, entry, value, 'remembered, no effect')
  }

  /** Forgets what was written to registers that are not modelled: the chip was reset. */
  reset(): void {
    for (const { remembered } of this.#entries.values()) remembered.clear()
  }

  /** Beyond all peripherals: external memories, or nothing. */
  #isOutside(address: number): boolean {
    return address >= PERIPHERALS_END && !this.#entries.has(address >>> GRAIN_SHIFT)
  }

  #find(address: number, direction: AccessDirection, master: Master): Entry | undefined {
    const place = address < PERIPHERALS_END ? address & ~SECURE_ALIAS : address
    const grain = place >>> GRAIN_SHIFT
    if (grain !== this.#lastGrain) this.#lastEntry = this.#entries.get(grain)
    this.#lastGrain = grain
    const entry = this.#lastEntry
    if (entry === undefined) {
      this.#refuse({ address, direction, master }, BusFault.error)
      return undefined
    }
    const isSecureAlias = (address & SECURE_ALIAS) !== 0
    const isKept = this.#options.hasSecureSide && (entry.place.kernel || isSecureAlias)
    if (!master.isSecure && isKept) {
      this.fault = BusFault.attribution
      return undefined
    }
    if (!entry.isClocked()) {
      const answer = 'clock is off: reads as zero, writes are lost'
      this.#report({ address, direction, master }, entry, 0, answer)
      return undefined
    }
    return entry
  }

  /** An access to an external memory; undefined, with the fault set, where it was refused. */
  #mapped<Value>(
    access: Access,
    act: (window: MappedWindow, offset: number) => Value | undefined,
  ): Value | undefined {
    const { address, master } = access
    const { windows = new Map<string, MappedWindow>(), hasSecureSide, clockOf } = this.#options
    const found = [...windows].find(
      ([, { base, size }]) => address >= base && address - base < size,
    )
    const place = peripheralPlaces.find(({ name }) => name === found?.[0])
    if (found === undefined || place === undefined || !clockOf(place)()) {
      this.#refuse(access, BusFault.error)
      return undefined
    }
    if (hasSecureSide && place.kernel && !master.isSecure) {
      this.fault = BusFault.attribution
      return undefined
    }
    const value = act(found[1], address - found[1].base)
    if (value === undefined) this.#refuse(access, BusFault.error)
    return value
  }

  #reportTagged({ place }: Entry, registers: Registers): void {
    registers.onTagged = (register, field) => {
      if (this.#access === undefined) return
      const { address, master } = this.#access
      this.#options.notModelled.record({
        ...{ peripheral: place.name, register: `${register}.${field}`, address, value: 1 },
        ...{ direction: 'write', pc: master.pc, answer: 'stored, no effect' },
      })
    }
  }

  #refuse({ address, direction, master }: Access, fault: BusFault): void {
    this.fault = fault
    this.#options.notModelled.record({
      ...{ peripheral: 'none', register: '', address, direction, pc: master.pc, value: 0 },
      answer: 'nothing is there: bus error',
    })
  }

  #report(access: Access, entry: Entry, value: number, answer: string): void {
    const { address, direction, master } = access
    const offset = offsetOf(address, entry)
    const register = entry.registers?.nameAt(offset) ?? entry.names[offset >> 2]
    const name = register ?? `+0x${(offset & ~3).toString(16)}`
    const { name: peripheral } = entry.place
    const pc = master.pc
    this.#options.notModelled.record({
      ...{ peripheral, register: name, address, direction, pc, value, answer },
    })
  }

  #readSystemMemory(address: number, size: AccessSize, master: Master): number {
    const { uniqueId, readOtp } = this.#options
    const bytes = new Uint8Array(size)
    const uidOffset = address - UID_BASE
    if (uidOffset >= 0 && uidOffset + size <= uniqueId.length) {
      bytes.set(uniqueId.subarray(uidOffset, uidOffset + size))
    } else if (address >= OTP_BASE && address + size <= OTP_END) {
      readOtp(address - OTP_BASE, bytes)
    } else if (address === FLASH_SIZE_ADDRESS) {
      return 2048
    } else if (address in analogCalibration) {
      return analogCalibration[address]
    } else {
      this.#refuse({ address, direction: 'read', master }, BusFault.error)
    }
    return bytes.reduceRight((value, byte) => value * 256 + byte, 0)
  }
}

function memoryIn(
  { base, size }: PeripheralPlace,
  windows: PeripheralBusOptions['windows'] = new Map(),
): Entry['memory'] {
  const window = [...windows.values()].find((one) => one.base >= base && one.base < base + size)
  return window && { window, offset: window.base - base }
}

interface Access {
  readonly address: number
  readonly direction: AccessDirection
  readonly master: Master
}

function offsetOf(address: number, { place }: Entry): number {
  return ((address & ~SECURE_ALIAS) >>> 0) - place.base
}

function laneMask(size: AccessSize): number {
  return size === 4 ? 0xffff_ffff : size === 2 ? 0xffff : 0xff
}
