/**
 * I2C as master: START to STOP. RM0456, "I2C master mode".
 *
 *   (1) While the bus is busy with something, one wait is under way and nothing else happens.
 *   (2) Otherwise the master rests in one state that software, the addressed part or another
 *       master ends: data wanted (TXIS), data not fetched (RXNE), transfer complete (TC, TCR),
 *       bus taken, idle.
 *   (3) A STOP that software asks for waits for the byte under way.
 */
import type { I2cAddress, I2cBus } from '../lines/i2c-bus.ts'
import { i2cByteEdges, i2cStartEdges, i2cStopEdges } from '../lines/line-edges.ts'
import type { I2c } from './i2c.ts'

type State = 'idle' | 'bus taken' | 'busy' | 'wants data' | 'data held' | 'complete'

const ADDRESS_BITS = 9
const BYTE_BITS = 9
const CONDITION_BITS = 1
/** What nobody drives. */
const FLOATING = 0xff

export class I2cMaster {
  readonly #i2c: I2c
  #bus: I2cBus | undefined
  #state: State = 'idle'
  #ownsBus = false
  #isRead = false
  #remaining = 0
  #held = 0
  #wantsStop = false

  constructor(i2c: I2c) {
    this.#i2c = i2c
  }

  get isActive(): boolean {
    return this.#state !== 'idle'
  }

  /** CR2.START: once the bus is free, or as a repeated START where the last transfer waits in TC. */
  start(): void {
    if (!this.#ownsBus && this.#i2c.buses.some((bus) => bus.isBusy)) {
      this.#state = 'bus taken'
      return
    }
    const { registers: r } = this.#i2c
    this.#i2c.raise('TC', false)
    this.#i2c.release()
    this.#i2c.raise('BUSY')
    this.#isRead = r.is('CR2', 'RD_WRN')
    this.#remaining = r.get('CR2', 'NBYTES')
    this.#wantsStop = false
    if (r.is('CR1', 'PECEN')) r.setAll('PECR', 0)
    const isWhole = r.is('CR2', 'ADD10') && !(this.#isRead && r.is('CR2', 'HEAD10R'))
    const bits = CONDITION_BITS + ADDRESS_BITS + (isWhole ? ADDRESS_BITS : 0)
    const isHeaderFirst = isWhole && this.#isRead
    this.#afterBits(bits, () => this.#address(this.#isRead && !isHeaderFirst))
  }

  /** CR2.STOP. */
  requestStop(): void {
    if (this.#state === 'idle') return
    this.#wantsStop = true
    if (this.#state !== 'busy') this.#stop()
  }

  /** TXDR was written. */
  supplied(): void {
    if (this.#state === 'wants data') this.#sendNext()
  }

  /** RXDR was read. */
  received(): void {
    if (this.#state !== 'data held') return
    this.#i2c.release()
    this.#gotByte(this.#held)
  }

  /** NBYTES was written in TCR. */
  goOn(): void {
    this.#remaining = this.#i2c.registers.get('CR2', 'NBYTES')
    this.#next()
  }

  /** Another master was stronger: arbitration lost. */
  lose(): void {
    if (!this.#ownsBus) return
    this.#ownsBus = false
    this.#drop()
    this.#i2c.raise('ARLO')
  }

  /** There was a STOP on the bus. */
  busFreed(): void {
    if (this.#state === 'bus taken') this.start()
  }

  /** Everything is dropped where it is: PE went to 0, or an error ended the transfer. */
  abandon(): void {
    if (this.#state === 'idle') return
    this.#drop()
    if (this.#ownsBus) {
      this.#bus?.stop()
      this.#i2c.draw(i2cStopEdges)
    }
    this.#ownsBus = false
  }

  #drop(): void {
    this.#state = 'idle'
    this.#i2c.release()
    for (const bit of ['START', 'STOP'] as const) this.#i2c.registers.set('CR2', bit, false)
    for (const flag of ['TXIS', 'TC', 'TCR', 'BUSY'] as const) this.#i2c.raise(flag, false)
  }

  #afterBits(bits: number, then: () => void): void {
    this.#state = 'busy'
    this.#i2c.afterBits(bits, () => {
      if (this.#state === 'busy') then()
    })
  }

  /** The addressed part may hold the clock before the next thing. */
  #whenReady(then: () => void): void {
    const transfer = this.#state
    if (this.#bus === undefined) then()
    else
      this.#bus.whenReady(() => {
        if (this.#state !== transfer) return
        then()
        this.#i2c.update()
      })
  }

  #address(isRead: boolean): void {
    const { registers: r } = this.#i2c
    const isTenBit = r.is('CR2', 'ADD10')
    const field = r.get('CR2', 'SADD')
    const value = isTenBit ? field : (field >> 1) & 0x7f
    if (isTenBit) this.#i2c.countInPec(0xf0 | ((value >> 7) & 6) | Number(isRead))
    this.#i2c.countInPec(isTenBit ? value & 0xff : (value << 1) | Number(isRead))
    this.#ownsBus = true
    const isAcknowledged = this.#call({ value, isTenBit, isRead })
    this.#i2c.draw((name) => i2cStartEdges(name, { value, isTenBit, isRead }, isAcknowledged))
    if (!isAcknowledged) this.#refused()
    else if (isRead !== this.#isRead) {
      this.#afterBits(CONDITION_BITS + ADDRESS_BITS, () => this.#address(true))
    } else this.#whenReady(() => this.#addressed())
  }

  /** Of several buses on the same pads, the one on which a part acknowledges is the one. */
  #call(address: I2cAddress): boolean {
    this.#bus = undefined
    for (const bus of this.#i2c.buses) {
      this.#bus?.stop()
      this.#bus = bus
      if (bus.start(address)) return true
    }
    return false
  }

  #addressed(): void {
    this.#i2c.registers.set('CR2', 'START', false)
    this.#next()
  }

  /** Not acknowledged: the hardware sends a STOP by itself. */
  #refused(): void {
    this.#i2c.registers.set('CR2', 'START', false)
    this.#i2c.raise('NACKF')
    this.#stop()
  }

  #next(): void {
    if (this.#wantsStop) this.#stop()
    else if (this.#remaining === 0) this.#complete()
    else if (this.#isRead) this.#receiveNext()
    else this.#transmitNext()
  }

  get #isPecByte(): boolean {
    const { registers: r } = this.#i2c
    return r.is('CR2', 'PECBYTE') && r.is('CR1', 'PECEN') && this.#remaining === 1
  }

  #transmitNext(): void {
    const { registers: r } = this.#i2c
    if (this.#isPecByte) this.#send(r.get('PECR'))
    else if (r.is('ISR', 'TXE')) {
      this.#state = 'wants data'
      this.#i2c.raise('TXIS')
      this.#i2c.stretch()
    } else this.#sendNext()
  }

  #sendNext(): void {
    this.#i2c.release()
    this.#send(this.#i2c.takeTransmit() ?? FLOATING)
  }

  #send(byte: number): void {
    this.#i2c.countInPec(byte)
    this.#afterBits(BYTE_BITS, () =>
      this.#whenReady(() => {
        const isAcknowledged = this.#bus?.write(byte) ?? false
        this.#i2c.draw((name) => i2cByteEdges(name, byte, isAcknowledged))
        this.#remaining--
        if (isAcknowledged) this.#whenReady(() => this.#next())
        else this.#refused()
      }),
    )
  }

  #receiveNext(): void {
    const isLast = this.#remaining === 1 && !this.#i2c.registers.is('CR2', 'RELOAD')
    this.#whenReady(() =>
      this.#afterBits(BYTE_BITS, () => {
        const byte = this.#bus?.read(!isLast) ?? FLOATING
        this.#i2c.draw((name) => i2cByteEdges(name, byte, !isLast))
        this.#arrived(byte)
      }),
    )
  }

  /** A byte is in the shift register; it waits there while RXDR is full. */
  #arrived(byte: number): void {
    if (!this.#i2c.registers.is('ISR', 'RXNE')) {
      this.#gotByte(byte)
      return
    }
    this.#held = byte
    this.#state = 'data held'
    this.#i2c.stretch()
  }

  #gotByte(byte: number): void {
    if (this.#isPecByte && byte !== this.#i2c.registers.get('PECR')) this.#i2c.raise('PECERR')
    this.#i2c.countInPec(byte)
    this.#i2c.deliver(byte & 0xff)
    this.#remaining--
    this.#next()
  }

  #complete(): void {
    const { registers: r } = this.#i2c
    r.set('CR2', 'PECBYTE', false)
    if (r.is('CR2', 'RELOAD')) this.#rest('TCR')
    else if (r.is('CR2', 'AUTOEND')) this.#stop()
    else this.#rest('TC')
  }

  #rest(flag: 'TC' | 'TCR'): void {
    this.#state = 'complete'
    this.#i2c.raise(flag)
    this.#i2c.stretch()
  }

  #stop(): void {
    for (const flag of ['TC', 'TCR', 'TXIS'] as const) this.#i2c.raise(flag, false)
    this.#i2c.release()
    this.#afterBits(CONDITION_BITS, () => {
      this.#state = 'idle'
      this.#ownsBus = false
      this.#i2c.registers.set('CR2', 'STOP', false)
      this.#i2c.raise('BUSY', false)
      this.#i2c.raise('STOPF')
      this.#bus?.stop()
      this.#i2c.draw(i2cStopEdges)
    })
  }
}
