/**
 * The bare chip with a firmware in its flash: no secure side, no cloud. What ST's HAL, an RTOS or
 * start-up code of one's own meets after flashing the board.
 *
 * Faults are noted where their handlers are entered, and then left to the firmware.
 */
import {
  Assembly,
  Board,
  EXTERNAL_FLASH_BYTES,
  OTP_BYTES,
  type ResetCause,
  type StopReason,
  Supply,
  seededRandom,
} from '@microvisor/mcu'
import { LineSplitter } from './lines.ts'
import { BROWN_OUT_VOLTS, type World, type WorldOptions } from './world.ts'

const VECTORS = 0x0800_0000
const SRAM = [
  { from: 0x2000_0000, bytes: 0xc_0000 },
  { from: 0x2800_0000, bytes: 0x4000 },
]
/** HardFault, MemManage, BusFault, UsageFault, SecureFault. */
const FAULTS = { 3: 'HardFault', 4: 'MemManage', 5: 'BusFault', 6: 'UsageFault', 7: 'SecureFault' }
const [CFSR, HFSR] = [0xe000_ed28, 0xe000_ed2c]

export class BareWorld implements World {
  readonly board: Board
  readonly assembly: Assembly
  readonly network = undefined
  readonly outside = undefined
  readonly #options: WorldOptions
  readonly #random: () => number
  #hasPower = false
  #isBrownedOut = false

  constructor(options: WorldOptions) {
    this.#options = options
    const { firmware, plan, seed, worldStartSeconds, events } = options
    this.#random = seededRandom(seed)
    this.board = this.#makeBoard()
    this.board.chip.flashBytes.fill(0xff).set(firmware.image)
    this.board.chip.onReset = () => {
      this.assembly?.chipWasReset()
      events.reset()
    }
    this.assembly = new Assembly({
      ...{ board: this.board, plan, worldStartSeconds },
      random: () => this.#random() / 2 ** 32,
      hint: (sentence) => events.hint(sentence),
    })
  }

  get hasPower(): boolean {
    return this.#hasPower
  }

  get nextCycle(): number {
    const { chip } = this.board
    return chip.isAsleep ? chip.scheduler.next : chip.cpu.cycles
  }

  powerUp(): void {
    this.#hasPower = true
    this.#scramble()
    this.assembly.powerUp()
    this.#start('power-on')
  }

  powerDown(): void {
    this.#hasPower = false
    this.#isBrownedOut = false
    this.board.chip.reset('power-on')
  }

  setSupply(volts: number): void {
    this.board.chip.peripherals.PWR.setSupply(volts)
    const isLow = volts < BROWN_OUT_VOLTS
    if (isLow && this.#hasPower) {
      this.#hasPower = false
      this.#isBrownedOut = true
      this.board.chip.reset('brown-out')
    } else if (!isLow && this.#isBrownedOut) {
      this.#hasPower = true
      this.#isBrownedOut = false
      this.#start('brown-out')
    }
  }

  reset(): void {
    if (this.#hasPower) this.#start('pin')
  }

  advance(untilCycle: number): void {
    const { chip } = this.board
    while (chip.cpu.cycles < untilCycle) this.#serve(chip.run(untilCycle))
  }

  close(): void {}

  #serve(reason: StopReason): void {
    const { cpu } = this.board.chip
    if (reason === 'reset-request') this.#start(this.board.chip.requestedReset)
    if (reason === 'halt') this.#caught()
    if (reason === 'secure-exception') {
      const { exception, registers, cfsr, hfsr } = cpu.faultRecord
      const { pc, lr } = registers
      this.#options.events.fault({ exception, pc, lr, cfsr, hfsr })
      this.board.chip.haltApplication()
    }
  }

  /** At the entry of a fault handler: what was interrupted lies on the stack that LR names. */
  #caught(): void {
    const { cpu } = this.board.chip
    const cause = cpu.haltCause
    if (cause.kind !== 'vectorCatch') return
    const exception = FAULTS[cause.exception as keyof typeof FAULTS]
    const frame = cpu.get(cpu.get('lr') & 4 ? 'psp_ns' : 'msp_ns')
    const word = (at: number) => new DataView(cpu.bytes.buffer).getUint32(frame + at, true)
    const [cfsr, hfsr] = [cpu.readPrivate(CFSR, false), cpu.readPrivate(HFSR, false)]
    this.#options.events.fault({ exception, pc: word(24), lr: word(20), cfsr, hfsr })
  }

  #start(cause: ResetCause): void {
    const { chip } = this.board
    chip.reset(cause)
    chip.startApplication(VECTORS)
    chip.cpu.setVectorCatch(Object.keys(FAULTS).map(Number))
    this.#options.events.started(cause)
  }

  /** SRAM holds anything after power-up: the same anything for the same seed. */
  #scramble(): void {
    const { bytes } = this.board.chip.cpu
    for (const { from, bytes: length } of SRAM) {
      const words = new Uint32Array(bytes.buffer, from, length / 4)
      for (let i = 0; i < words.length; i++) words[i] = this.#random()
    }
  }

  #makeBoard(): Board {
    const nothing = () => {}
    const log = new LineSplitter((text) => this.#options.events.line('log', text))
    return new Board({
      ...{ supply: new Supply(), hasSecureSide: false },
      externalFlash: new Uint8Array(EXTERNAL_FLASH_BYTES).fill(0xff),
      otp: new Uint8Array(OTP_BYTES).fill(0xff),
      uniqueId: Uint8Array.from({ length: 12 }, (_, i) => (this.#options.seed + i) & 0xff),
      events: {
        ...{ internalFlashChanged: nothing, externalFlashChanged: nothing, otpChanged: nothing },
        ...{ userLed: nothing, systemLed: nothing },
        logByte: (byte) => log.take(byte),
      },
    })
  }
}
