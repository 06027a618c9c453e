/**
 * I2C as slave: what another master on the bus does to it. RM0456, "I2C slave mode".
 *
 * It stretches the clock until ADDR is cleared, TXDR is written, RXDR is read, or NBYTES is written
 * (slave byte control): `whenReady` is late then. With NOSTRETCH it never is: OVR is raised instead.
 *
 * Not modelled: deciding on the acknowledge of a byte after it has arrived (it is CR2.NACK as the
 * byte arrives).
 */
import type { I2cAddress, I2cDevice } from '../lines/i2c-bus.ts'
import type { I2c } from './i2c.ts'

const GENERAL_CALL = 0
const SMBUS_HOST = 0x08
const SMBUS_DEVICE = 0x61
const FLOATING = 0xff

export class I2cSlave implements I2cDevice {
  readonly #i2c: I2c
  #isAddressed = false
  #isRead = false
  #isRefused = false
  #remaining = 0
  #waiting: (() => void) | undefined

  constructor(i2c: I2c) {
    this.#i2c = i2c
  }

  get name(): string {
    return this.#i2c.name
  }

  start(address: I2cAddress): boolean {
    const { registers: r } = this.#i2c
    this.#isAddressed = r.is('CR1', 'PE') && !this.#i2c.isMaster && this.#matches(address)
    if (!this.#isAddressed) return false
    this.#isRead = address.isRead
    this.#isRefused = false
    this.#remaining = r.get('CR2', 'NBYTES')
    this.#announce(address)
    this.#i2c.update()
    return true
  }

  write(byte: number): boolean {
    if (!this.#isAddressed) return false
    const { registers: r } = this.#i2c
    if (r.is('ISR', 'RXNE')) {
      this.#i2c.raise('OVR')
      this.#i2c.update()
      return false
    }
    if (this.#isPecByte && byte !== r.get('PECR')) this.#i2c.raise('PECERR')
    const isAcknowledged = !r.is('CR2', 'NACK') && !(this.#isPecByte && r.is('ISR', 'PECERR'))
    r.set('CR2', 'NACK', false)
    this.#i2c.countInPec(byte)
    this.#i2c.deliver(byte)
    this.#count()
    this.#hold()
    return isAcknowledged
  }

  read(isAcknowledged: boolean): number {
    if (!this.#isAddressed || this.#isRefused) return FLOATING
    const pec = this.#isPecByte ? this.#i2c.registers.get('PECR') : undefined
    const byte = pec ?? this.#i2c.takeTransmit()
    if (byte === undefined) this.#i2c.raise('OVR')
    this.#i2c.countInPec(byte ?? FLOATING)
    this.#count()
    this.#isRefused = !isAcknowledged
    if (this.#isRefused) this.#i2c.raise('NACKF')
    else this.#wantData()
    this.#hold()
    return byte ?? FLOATING
  }

  stop(): void {
    if (!this.#isAddressed) return
    this.#isAddressed = false
    for (const flag of ['BUSY', 'TXIS'] as const) this.#i2c.raise(flag, false)
    this.#i2c.raise('STOPF')
    this.#i2c.update()
  }

  whenReady(then: () => void): void {
    if (this.#isReady) then()
    else this.#waiting = then
  }

  /** Software has done something that may let go of the clock. */
  attended(): void {
    if (!this.#isAddressed) return
    this.#hold()
    const then = this.#waiting
    if (then === undefined || !this.#isReady) return
    this.#waiting = undefined
    then()
  }

  /** ADDR was cleared. */
  addressTaken(): void {
    if (this.#isAddressed && this.#isRead) this.#wantData()
    this.attended()
  }

  /** NBYTES was written in TCR. */
  goOn(): void {
    this.#remaining = this.#i2c.registers.get('CR2', 'NBYTES')
    this.attended()
  }

  abandon(): void {
    this.#isAddressed = false
    const then = this.#waiting
    this.#waiting = undefined
    then?.()
  }

  /** The clock is not held. */
  get #isReady(): boolean {
    const { registers: r } = this.#i2c
    if (!this.#isAddressed || r.is('CR1', 'NOSTRETCH')) return true
    if (r.is('ISR', 'ADDR') || r.is('ISR', 'TCR')) return false
    if (!this.#isRead) return !r.is('ISR', 'RXNE')
    return this.#isRefused || this.#isPecByte || !r.is('ISR', 'TXE')
  }

  #hold(): void {
    if (this.#isReady) this.#i2c.release()
    else this.#i2c.stretch()
    this.#i2c.update()
  }

  #announce({ value, isTenBit, isRead }: I2cAddress): void {
    const { registers: r } = this.#i2c
    this.#i2c.raise('BUSY')
    this.#i2c.raise('DIR', isRead)
    this.#i2c.raise('ADDCODE', isTenBit ? 0x78 | (value >> 8) : value)
    this.#i2c.raise('ADDR')
    if (r.is('CR1', 'PECEN')) r.setAll('PECR', 0)
    if (isTenBit) this.#i2c.countInPec(0xf0 | ((value >> 7) & 6) | Number(isRead))
    this.#i2c.countInPec(isTenBit ? value & 0xff : (value << 1) | Number(isRead))
  }

  #wantData(): void {
    if (this.#i2c.registers.is('ISR', 'TXE')) this.#i2c.raise('TXIS')
  }

  get #isPecByte(): boolean {
    const { registers: r } = this.#i2c
    return r.is('CR1', 'SBC') && r.is('CR2', 'PECBYTE') && this.#remaining === 1
  }

  /** Slave byte control: after NBYTES bytes TCR is raised if RELOAD is set. */
  #count(): void {
    const { registers: r } = this.#i2c
    if (!r.is('CR1', 'SBC')) return
    this.#remaining--
    if (this.#remaining <= 0 && r.is('CR2', 'RELOAD')) this.#i2c.raise('TCR')
  }

  #matches({ value, isTenBit }: I2cAddress): boolean {
    const { registers: r } = this.#i2c
    const own1 = r.get('OAR1', 'OA1')
    if (r.is('OAR1', 'OA1EN') && r.is('OAR1', 'OA1MODE') === isTenBit) {
      if (value === (isTenBit ? own1 : (own1 >> 1) & 0x7f)) return true
    }
    if (isTenBit) return false
    if (r.is('OAR2', 'OA2EN')) {
      const ignored = (1 << r.get('OAR2', 'OA2MSK')) - 1
      if ((value | ignored) === (r.get('OAR2', 'OA2') | ignored)) return true
    }
    return (
      (r.is('CR1', 'GCEN') && value === GENERAL_CALL) ||
      (r.is('CR1', 'SMBHEN') && value === SMBUS_HOST) ||
      (r.is('CR1', 'SMBDEN') && value === SMBUS_DEVICE)
    )
  }
}
