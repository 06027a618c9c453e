/**
 * RAMCFG: the controllers of the RAMs, and the backup SRAM. RM0456, chapter "RAMs configuration
 * controller (RAMCFG)".
 *
 * Software erases a RAM by two keys and SRAMER: it is all zeros then, and SRAMBUSY is set for a cycle
 * a word (an estimate, the manual gives none). What the master may not write stays as it was. ECC is
 * switched on and off with its keys and never finds an error; wait states cost nothing.
 *
 * Tagged: latching of failing addresses, interrupts, write protection of SRAM2's pages. The backup SRAM
 * keeps its content until its domain loses power; like the RTC it is closed to writes without DBP.
 */
import { RegisterFile, reg, ro, rw, tagged, wo } from '../registers.ts'
import type { Makers, MappedWindow, Peripheral, Wiring } from '../wiring.ts'

/** Of each RAM, by its number. DS13086, "Memory mapping". */
const RAMS = [
  { base: 0x2000_0000, size: 0x3_0000 },
  { base: 0x2003_0000, size: 0x1_0000 },
  { base: 0x2004_0000, size: 0x8_0000 },
  { base: 0x2800_0000, size: 0x4000 },
  { base: 0x4003_6400, size: 0x800 },
] as const
type Ram = 1 | 2 | 3 | 4 | 5

const KEYS = { erase: [0xca, 0x53], ecc: [0xae, 0x75] } as const
const BLOCK_BYTES = 0x40
const SRAMER = 1 << 8
const ECCE = 1

const control = (ram: Ram) =>
  reg((ram - 1) * BLOCK_BYTES, { ECCE: rw(0), ALE: tagged(4), SRAMER: rw(8), WSC: rw(16, 3) })
const status = (ram: Ram) =>
  reg((ram - 1) * BLOCK_BYTES + 0x08, { SEDC: ro(0), DED: ro(1), SRAMBUSY: ro(8) })
const interrupts = (ram: Ram) =>
  reg((ram - 1) * BLOCK_BYTES + 0x04, { SEIE: tagged(0), DEIE: tagged(1), ECCNMI: tagged(3) })
const clear = (ram: Ram) => reg((ram - 1) * BLOCK_BYTES + 0x14, { CSEDC: wo(0), CDED: wo(1) })
const address = (ram: Ram, at: number) => reg((ram - 1) * BLOCK_BYTES + at, { ESEA: ro(0, 32) })
const protection = (ram: Ram, at: number) =>
  reg((ram - 1) * BLOCK_BYTES + at, { PWP: tagged(0, 32) })
const key = (ram: Ram, at: number) => reg((ram - 1) * BLOCK_BYTES + at, { KEY: wo(0, 8) })

const ramcfgLayout = {
  ...{ M1CR: control(1), M1ISR: status(1), M1ERKEYR: key(1, 0x28) },
  ...{ M2CR: control(2), M2IER: interrupts(2), M2ISR: status(2), M2SEAR: address(2, 0x0c) },
  ...{ M2DEAR: address(2, 0x10), M2ICR: clear(2), M2WPR1: protection(2, 0x18) },
  ...{ M2WPR2: protection(2, 0x1c), M2ECCKEYR: key(2, 0x24), M2ERKEYR: key(2, 0x28) },
  ...{ M3CR: control(3), M3IER: interrupts(3), M3ISR: status(3), M3SEAR: address(3, 0x0c) },
  ...{ M3DEAR: address(3, 0x10), M3ICR: clear(3), M3ECCKEYR: key(3, 0x24), M3ERKEYR: key(3, 0x28) },
  ...{ M4CR: control(4), M4ISR: status(4), M4ERKEYR: key(4, 0x28) },
  ...{ M5CR: control(5), M5IER: interrupts(5), M5ISR: status(5), M5SEAR: address(5, 0x0c) },
  ...{ M5DEAR: address(5, 0x10), M5ICR: clear(5), M5ECCKEYR: key(5, 0x24), M5ERKEYR: key(5, 0x28) },
} as const

/** How far the keys of one RAM have come. */
interface Locks {
  erase: number
  ecc: number
}

class Ramcfg implements Peripheral {
  readonly registers: RegisterFile<typeof ramcfgLayout>
  readonly #wiring: Wiring
  #locks: readonly Locks[] = []

  constructor(wiring: Wiring) {
    this.#wiring = wiring
    const erase = (ram: Ram) => ({ write: (value: number) => this.#key(ram, 'erase', value) })
    const ecc = (ram: Ram) => ({ write: (value: number) => this.#key(ram, 'ecc', value) })
    const configure = (ram: Ram) => ({
      write: (written: number, before: number) => this.#configure(ram, written, before),
    })
    this.registers = new RegisterFile(ramcfgLayout, {
      ...{ M1CR: configure(1), M2CR: configure(2), M3CR: configure(3), M4CR: configure(4) },
      ...{ M5CR: configure(5), M1ERKEYR: erase(1), M2ERKEYR: erase(2), M3ERKEYR: erase(3) },
      ...{ M4ERKEYR: erase(4), M5ERKEYR: erase(5), M2ECCKEYR: ecc(2), M3ECCKEYR: ecc(3) },
      M5ECCKEYR: ecc(5),
    })
    this.reset()
  }

  reset(): void {
    this.registers.reset()
    this.#locks = RAMS.map(() => ({ erase: 0, ecc: 0 }))
  }

  /** The right key opens a lock a step further, any other closes it. */
  #key(ram: Ram, lock: keyof Locks, value: number): void {
    const locks = this.#locks[ram - 1]!
    locks[lock] = KEYS[lock][locks[lock]] === (value & 0xff) ? locks[lock] + 1 : 0
  }

  #configure(ram: Ram, written: number, before: number): void {
    const locks = this.#locks[ram - 1]!
    const isOpen = (lock: keyof Locks) => locks[lock] === KEYS[lock].length
    if (before & ~written & ECCE && !isOpen('ecc')) this.registers.set(`M${ram}CR`, 'ECCE', true)
    if (before & ~written & ECCE) locks.ecc = 0
    const isErasing = this.registers.is(`M${ram}ISR`, 'SRAMBUSY')
    this.registers.set(`M${ram}CR`, 'SRAMER', isErasing)
    if (!(written & SRAMER) || !isOpen('erase')) return
    locks.erase = 0
    this.#erase(ram)
  }

  #erase(ram: Ram): void {
    const { scheduler, memory } = this.#wiring
    const { base, size } = RAMS[ram - 1]!
    const master = { isSecure: false, isPrivileged: true, pc: 0 }
    for (let at = base; at < base + size; at += 4) memory.write(at, 4, 0, master)
    this.registers.set(`M${ram}ISR`, 'SRAMBUSY', true)
    this.registers.set(`M${ram}CR`, 'SRAMER', true)
    scheduler.at(scheduler.now + size / 4, () => {
      this.registers.set(`M${ram}ISR`, 'SRAMBUSY', false)
      this.registers.set(`M${ram}CR`, 'SRAMER', false)
    })
  }
}

const BACKUP = RAMS[4]

/** Not registers, but memory on a peripheral's bus. */
class BackupRam implements Peripheral {
  readonly registers = new RegisterFile({}, {})
  readonly window: MappedWindow
  readonly #bytes = new DataView(new ArrayBuffer(BACKUP.size))

  constructor() {
    const bytes = this.#bytes
    this.window = {
      ...{ base: BACKUP.base, size: BACKUP.size },
      read(offset, size) {
        if (size === 4) return bytes.getUint32(offset, true)
        return size === 2 ? bytes.getUint16(offset, true) : bytes.getUint8(offset)
      },
      write(offset, size, value) {
        if (size === 4) bytes.setUint32(offset, value, true)
        else if (size === 2) bytes.setUint16(offset, value, true)
        else bytes.setUint8(offset, value)
        return true
      },
    }
  }

  /** It keeps its content. */
  reset(): void {}

  resetBackup(): void {
    new Uint8Array(this.#bytes.buffer).fill(0)
  }
}

export const ramcfgs = {
  RAMCFG: (wiring): Peripheral => new Ramcfg(wiring),
  BKPSRAM: (): Peripheral => new BackupRam(),
} satisfies Makers
