/**
 * FLASH: the registers of the flash interface. RM0456, chapter "Embedded flash memory (FLASH)".
 *
 * For software of a chip without a secure side; otherwise they are the kernel's. Latency, prefetch
 * and power-down are kept and change no timing. NSCR and the option bytes open with their two keys,
 * in order; a wrong key closes them until the next reset.
 *
 * Not modelled, and reported: programming, erasing, option bytes, write protection, the secure half.
 */
import { RegisterFile, reg, ro, rw, tagged, w1c, w1s, wo } from '../registers.ts'
import type { Makers, Peripheral } from '../wiring.ts'

const key = (offset: number) => reg(offset, { KEY: wo(0, 32) })

export const flashLayout = {
  ACR: reg(0x00, {
    ...{ LATENCY: rw(0, 4), PRFTEN: rw(8), LPM: rw(11), PDREQ1: tagged(12), PDREQ2: tagged(13) },
    SLEEP_PD: rw(14),
  }),
  ...{ NSKEYR: key(0x08), OPTKEYR: key(0x10) },
  NSSR: reg(0x20, {
    ...{ EOP: w1c(0), OPERR: w1c(1), PROGERR: w1c(3), WRPERR: w1c(4), PGAERR: w1c(5) },
    ...{ SIZERR: w1c(6), PGSERR: w1c(7), OPTWERR: w1c(13), BSY: ro(16), WDW: ro(17) },
    ...{ OEM1LOCK: ro(18), OEM2LOCK: ro(19), PD1: ro(20), PD2: ro(21) },
  }),
  NSCR: reg(
    0x28,
    {
      ...{ PG: tagged(0), PER: tagged(1), MER1: tagged(2), PNB: rw(3, 7), BKER: rw(11) },
      ...{ BWR: tagged(14), MER2: tagged(15), STRT: tagged(16), OPTSTRT: tagged(17) },
      ...{ EOPIE: rw(24), ERRIE: rw(25), OBL_LAUNCH: tagged(27), OPTLOCK: w1s(30), LOCK: w1s(31) },
    },
    0xc000_0000,
  ),
} as const

const KEYS = {
  LOCK: [0x4567_0123, 0xcdef_89ab],
  OPTLOCK: [0x0819_2a3b, 0x4c5d_6e7f],
} as const
type Lock = keyof typeof KEYS

export class FlashRegisters implements Peripheral {
  readonly registers: RegisterFile<typeof flashLayout>
  /** Keys taken in order; undefined after a wrong one. */
  readonly #taken: Record<Lock, number | undefined> = { LOCK: 0, OPTLOCK: 0 }

  constructor() {
    this.registers = new RegisterFile(flashLayout, {
      NSKEYR: { write: (word) => this.#take('LOCK', word) },
      OPTKEYR: { write: (word) => this.#take('OPTLOCK', word) },
      NSCR: {
        writable: () => !this.registers.is('NSCR', 'LOCK'),
        write: () => this.#relock(),
      },
    })
  }

  reset(): void {
    this.registers.reset()
    this.#taken.LOCK = this.#taken.OPTLOCK = 0
  }

  #take(lock: Lock, word: number): void {
    const taken = this.#taken[lock]
    if (taken === undefined || !this.registers.is('NSCR', lock)) return
    if (word !== KEYS[lock][taken]) this.#taken[lock] = undefined
    else if (taken === 0) this.#taken[lock] = 1
    else {
      this.registers.set('NSCR', lock, false)
      this.#taken[lock] = 0
    }
  }

  /** LOCK closes the option bytes, too. */
  #relock(): void {
    if (this.registers.is('NSCR', 'LOCK')) this.registers.set('NSCR', 'OPTLOCK', true)
  }
}

export const flashes = { FLASH: () => new FlashRegisters() } satisfies Makers
