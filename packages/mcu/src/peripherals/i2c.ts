/**
 * I2C: one bus interface as master, slave and SMBus party. RM0456, chapter "Inter-integrated
 * circuit (I2C) interface". The master is i2c-master.ts, the slave i2c-slave.ts; here are the
 * registers, the flags, and what they raise: two interrupt lines and two DMA requests.
 *
 * A bit lasts as long as TIMINGR, the kernel clock and the input filters make it. Bytes travel
 * whole: what is on the wire is an address, a byte or a condition, not the edges of SCL and SDA.
 *
 * Not modelled: autonomous mode (AUTOCR), wake-up from Stop (WUPEN), the SMBus alert pin.
 */
import type { I2cBus } from '../lines/i2c-bus.ts'
import type { LineEdge } from '../lines/line-edges.ts'
import { interruptLevel, RegisterFile, reg, ro, rw, tagged, w1s, wo } from '../registers.ts'
import type { Output } from '../wire.ts'
import type { Makers, Peripheral, Wiring } from '../wiring.ts'
import { I2cMaster } from './i2c-master.ts'
import { I2cSlave } from './i2c-slave.ts'

export const i2cLayout = {
  CR1: reg(0x00, {
    ...{ PE: rw(0), TXIE: rw(1), RXIE: rw(2), ADDRIE: rw(3), NACKIE: rw(4), STOPIE: rw(5) },
    ...{ TCIE: rw(6), ERRIE: rw(7), DNF: rw(8, 4), ANFOFF: rw(12), TXDMAEN: rw(14) },
    ...{ RXDMAEN: rw(15), SBC: rw(16), NOSTRETCH: rw(17), WUPEN: tagged(18), GCEN: rw(19) },
    ...{ SMBHEN: rw(20), SMBDEN: rw(21), ALERTEN: tagged(22), PECEN: rw(23), FMP: rw(24) },
    ...{ ADDRACLR: rw(30), STOPFACLR: rw(31) },
  }),
  CR2: reg(0x04, {
    ...{ SADD: rw(0, 10), RD_WRN: rw(10), ADD10: rw(11), HEAD10R: rw(12), START: w1s(13) },
    ...{ STOP: w1s(14), NACK: w1s(15), NBYTES: rw(16, 8), RELOAD: rw(24), AUTOEND: rw(25) },
    PECBYTE: w1s(26),
  }),
  OAR1: reg(0x08, { OA1: rw(0, 10), OA1MODE: rw(10), OA1EN: rw(15) }),
  OAR2: reg(0x0c, { OA2: rw(1, 7), OA2MSK: rw(8, 3), OA2EN: rw(15) }),
  TIMINGR: reg(0x10, {
    ...{ SCLL: rw(0, 8), SCLH: rw(8, 8), SDADEL: rw(16, 4), SCLDEL: rw(20, 4), PRESC: rw(28, 4) },
  }),
  TIMEOUTR: reg(0x14, {
    ...{ TIMEOUTA: rw(0, 12), TIDLE: tagged(12), TIMOUTEN: rw(15), TIMEOUTB: tagged(16, 12) },
    TEXTEN: tagged(31),
  }),
  ISR: reg(
    0x18,
    {
      ...{ TXE: w1s(0), TXIS: w1s(1), RXNE: ro(2), ADDR: ro(3), NACKF: ro(4), STOPF: ro(5) },
      ...{ TC: ro(6), TCR: ro(7), BERR: ro(8), ARLO: ro(9), OVR: ro(10), PECERR: ro(11) },
      ...{ TIMEOUT: ro(12), ALERT: ro(13), BUSY: ro(15), DIR: ro(16), ADDCODE: ro(17, 7) },
    },
    1,
  ),
  ICR: reg(0x1c, {
    ...{ ADDRCF: wo(3), NACKCF: wo(4), STOPCF: wo(5), BERRCF: wo(8), ARLOCF: wo(9), OVRCF: wo(10) },
    ...{ PECCF: wo(11), TIMOUTCF: wo(12), ALERTCF: wo(13) },
  }),
  PECR: reg(0x20, { PEC: ro(0, 8) }),
  RXDR: reg(0x24, { RXDATA: ro(0, 8) }),
  TXDR: reg(0x28, { TXDATA: rw(0, 8) }),
  AUTOCR: reg(0x2c, {
    ...{ TCDMAEN: tagged(6), TCRDMAEN: tagged(7), TRIGSEL: tagged(16, 4), TRIGPOL: tagged(20) },
    TRIGEN: tagged(21),
  }),
} as const

export type I2cRegisters = RegisterFile<typeof i2cLayout>
export type I2cFlag = keyof typeof i2cLayout.ISR.fields

/** Flags of ISR that the same bit of ICR clears. */
const CLEARABLE = 0x3f38
const ADDRESS_CLEAR = 1 << 3
const START = 1 << 13
const STOP = 1 << 14
const NBYTES = 0xff << 16
const TXE = 1
const EVENTS = [
  ...([
    ['CR1.TXIE', 'ISR.TXIS'],
    ['CR1.RXIE', 'ISR.RXNE'],
    ['CR1.ADDRIE', 'ISR.ADDR'],
  ] as const),
  ...([
    ['CR1.NACKIE', 'ISR.NACKF'],
    ['CR1.STOPIE', 'ISR.STOPF'],
  ] as const),
  ['CR1.TCIE', 'ISR.TC', 'ISR.TCR'],
] as const
const ERRORS = [
  ['CR1.ERRIE', 'ISR.BERR', 'ISR.ARLO', 'ISR.OVR', 'ISR.PECERR', 'ISR.TIMEOUT', 'ISR.ALERT'],
] as const
/** The analog filter's delay on each edge, in seconds (data sheet, least value). */
const ANALOG_FILTER_S = 50e-9
/** TIMEOUTR.TIMEOUTA counts in this many kernel clocks. */
const TIMEOUT_CLOCKS = 2048

export type I2cInstance = 'I2C1' | 'I2C2' | 'I2C3' | 'I2C4'

export class I2c implements Peripheral {
  readonly registers: I2cRegisters
  readonly slave: I2cSlave
  readonly #wiring: Wiring
  readonly #lines: Readonly<Record<'event' | 'error' | 'receive' | 'transmit', Output>>
  readonly #levels: Readonly<Record<'event' | 'error', () => boolean>>
  readonly #master: I2cMaster
  readonly #joined = new WeakSet<I2cBus>()
  #cancel: (() => void) | undefined
  #cancelTimeout: (() => void) | undefined

  constructor(wiring: Wiring, name: I2cInstance) {
    this.#wiring = wiring
    this.registers = new RegisterFile(i2cLayout, {
      CR1: { write: (_written, before) => this.#control(before) },
      CR2: { write: (written, before) => this.#command(written, before) },
      TIMINGR: { writable: () => !this.registers.is('CR1', 'PE') },
      ISR: { write: (written) => this.#flush(written) },
      ICR: { write: (written) => this.#clear(written) },
      RXDR: { taken: () => this.#takeReceived() },
      TXDR: { write: () => this.#send() },
    })
    this.#lines = {
      event: wiring.interrupt(`${name}_EV`),
      error: wiring.interrupt(`${name}_ER`),
      receive: wiring.dmaRequest(`${name}_RX`),
      transmit: wiring.dmaRequest(`${name}_TX`),
    }
    this.#levels = {
      event: interruptLevel(this.registers, EVENTS),
      error: interruptLevel(this.registers, ERRORS),
    }
    this.#master = new I2cMaster(this)
    this.slave = new I2cSlave(this)
  }

  get name(): string {
    return this.#wiring.name
  }

  get isMaster(): boolean {
    return this.#master.isActive
  }

  /** The buses that hang on the pads which carry SCL and SDA now, the last attached first. */
  get buses(): readonly I2cBus[] {
    const signals = { scl: `${this.name}_SCL`, sda: `${this.name}_SDA` }
    return this.#wiring.pins.busesOn<I2cBus>('i2c', signals).toReversed()
  }

  reset(): void {
    this.registers.reset()
    this.#quiet()
    this.update()
  }

  /** Duration of one SCL period in cycles. */
  get bitCycles(): number {
    const { registers: r } = this
    const clocks =
      (r.get('TIMINGR', 'SCLL') + r.get('TIMINGR', 'SCLH') + 2) * (r.get('TIMINGR', 'PRESC') + 1)
    const filterSeconds = r.is('CR1', 'ANFOFF') ? 0 : 2 * ANALOG_FILTER_S
    const synchronisation = 2 * (2 + r.get('CR1', 'DNF'))
    return ((clocks + synchronisation) / this.#kernelHz + filterSeconds) * this.#cycleHz
  }

  /** Runs `then` after that many bits; one such wait at a time. */
  afterBits(bits: number, then: () => void): void {
    const { scheduler } = this.#wiring
    this.#cancel?.()
    this.#cancel = scheduler.at(scheduler.now + bits * this.bitCycles, () => {
      this.#cancel = undefined
      then()
      this.update()
    })
  }

  /** For waveforms: what has just passed on SCL and SDA. */
  draw(edges: (name: string) => readonly LineEdge[]): void {
    const { name, pins } = this.#wiring
    pins.onLines?.({ bitCycles: this.bitCycles, edges: edges(name) })
  }

  raise(flag: I2cFlag, value: number | boolean = true): void {
    this.registers.set('ISR', flag, value)
  }

  /** SCL is held low from here until `release`; SMBus allows that for a while only. */
  stretch(): void {
    const { registers: r } = this
    if (!r.is('TIMEOUTR', 'TIMOUTEN') || this.#cancelTimeout !== undefined) return
    const { scheduler } = this.#wiring
    const clocks = (r.get('TIMEOUTR', 'TIMEOUTA') + 1) * TIMEOUT_CLOCKS
    const cycles = (clocks * this.#cycleHz) / this.#kernelHz
    this.#cancelTimeout = scheduler.at(scheduler.now + cycles, () => {
      this.#cancelTimeout = undefined
      this.raise('TIMEOUT')
      this.#master.abandon()
      this.update()
    })
  }

  release(): void {
    this.#cancelTimeout?.()
    this.#cancelTimeout = undefined
  }

  /** A START or STOP out of place on the bus. */
  busError(): void {
    this.raise('BERR')
    this.#master.abandon()
    this.update()
  }

  /** A byte passes: the packet error code goes on (SMBus: CRC-8, polynomial 0x07). */
  countInPec(byte: number): void {
    if (!this.registers.is('CR1', 'PECEN')) return
    let code = this.registers.get('PECR') ^ byte
    for (let bit = 0; bit < 8; bit++) code = ((code << 1) ^ (code & 0x80 ? 0x07 : 0)) & 0xff
    this.registers.setAll('PECR', code)
  }

  /** Puts a byte in RXDR. */
  deliver(byte: number): void {
    this.registers.setAll('RXDR', byte)
    this.raise('RXNE')
  }

  /** Takes the byte that waits in TXDR, or undefined. */
  takeTransmit(): number | undefined {
    if (this.registers.is('ISR', 'TXE')) return undefined
    this.raise('TXE')
    return this.registers.get('TXDR')
  }

  update(): void {
    const { registers: r } = this
    this.#lines.event.set(this.#levels.event())
    this.#lines.error.set(this.#levels.error())
    this.#lines.transmit.set(r.is('CR1', 'TXDMAEN') && r.is('ISR', 'TXIS'))
    this.#lines.receive.set(r.is('CR1', 'RXDMAEN') && r.is('ISR', 'RXNE'))
  }

  get #kernelHz(): number {
    return this.#wiring.clocks.hz(this.name)
  }

  get #cycleHz(): number {
    return this.#wiring.clocks.cycleHz
  }

  #control(before: number): void {
    const wasEnabled = (before & 1) !== 0
    if (wasEnabled && !this.registers.is('CR1', 'PE')) this.#quiet()
    if (this.registers.is('CR1', 'PE')) this.#join()
    this.update()
  }

  /** From now on the slave hears what other controllers of these buses say. */
  #join(): void {
    for (const bus of this.buses) {
      if (this.#joined.has(bus)) continue
      this.#joined.add(bus)
      bus.attach(this.slave)
      bus.listen((event) => {
        if (event.what === 'seized') this.#master.lose()
        else if (event.what === 'stop') this.#master.busFreed()
        this.update()
      })
    }
  }

  /** PE is 0: the lines are let go, state machines and flags are as after reset. */
  #quiet(): void {
    const { registers: r } = this
    this.#cancel?.()
    this.#cancel = undefined
    this.release()
    r.setAll('ISR', i2cLayout.ISR.reset)
    r.setAll('PECR', 0)
    r.setAll('CR2', r.get('CR2') & ~(START | STOP | (1 << 15) | (1 << 26)))
    this.#master.abandon()
    this.slave.abandon()
  }

  #command(written: number, before: number): void {
    const { registers: r } = this
    if (!r.is('CR1', 'PE')) {
      r.setAll('CR2', r.get('CR2') & ~(START | STOP))
      return
    }
    if (written & NBYTES && r.is('ISR', 'TCR')) {
      this.raise('TCR', false)
      this.release()
      if (this.isMaster) this.#master.goOn()
      else this.slave.goOn()
    }
    if (written & START && !(before & START)) {
      this.#join()
      this.#master.start()
    }
    if (written & STOP && !(before & STOP)) this.#master.requestStop()
    this.update()
  }

  /** Writing 1 to TXE empties TXDR; TXIS can be set by software only without clock stretching. */
  #flush(written: number): void {
    if (written & TXE) this.raise('TXE')
    if (written & 2 && !this.registers.is('CR1', 'NOSTRETCH')) this.raise('TXIS', false)
    this.update()
  }

  #clear(written: number): void {
    const { registers: r } = this
    const wasAddressed = r.is('ISR', 'ADDR')
    r.setAll('ISR', r.get('ISR') & ~(written & CLEARABLE))
    if (written & ADDRESS_CLEAR && wasAddressed) this.slave.addressTaken()
    if (written & (1 << 5) && !this.isMaster) r.setAll('CR2', r.get('CR2') & ~STOP)
    this.update()
  }

  #takeReceived(): void {
    if (!this.registers.is('ISR', 'RXNE')) return
    this.raise('RXNE', false)
    if (this.isMaster) this.#master.received()
    else this.slave.attended()
    this.update()
  }

  #send(): void {
    if (!this.registers.is('CR1', 'PE')) return
    this.raise('TXE', false)
    this.raise('TXIS', false)
    if (this.isMaster) this.#master.supplied()
    else this.slave.attended()
    this.update()
  }
}

export const i2cs = {
  I2C1: (wiring) => new I2c(wiring, 'I2C1'),
  I2C2: (wiring) => new I2c(wiring, 'I2C2'),
  I2C3: (wiring) => new I2c(wiring, 'I2C3'),
  I2C4: (wiring) => new I2c(wiring, 'I2C4'),
} satisfies Makers
