/**
 * A `Hardware` of plain arrays: time stands still until it is moved, flash behaves like flash, and
 * the network is a pipe whose other end the test holds.
 */
import { internalLayout } from '../flash-layout.ts'
import type {
  ApplicationWorld,
  Clock,
  DeepSleepMode,
  Engines,
  FactoryTest,
  Flash,
  FlashError,
  Hardware,
  Network,
  NetworkState,
  Power,
  Protection,
  ResetCause,
  SleepMode,
  WakeCause,
  WifiCredentials,
} from '../hardware.ts'
import { someFault } from './fault.ts'
import { TestDebugUnit, TestSession } from './test-debug.ts'
import { TestEngines } from './test-engines.ts'

export const RAM = 0x2000_0000
export const RAM_BYTES = 0x8_0000
export const FLASH = 0x0800_0000
export const FLASH_BYTES = 0x10_0000

/** Erase sets a unit to 0xFF, programming only clears bits, a quad-word can be programmed once. */
export class TestFlash implements Flash {
  readonly bytes: Uint8Array
  readonly sizeBytes: number
  readonly eraseBytes: number
  readonly programBytes: number
  /** Operations from now on answer this. */
  refusal: FlashError | undefined
  operations = 0

  constructor({ sizeBytes, eraseBytes, programBytes }: Omit<Flash, 'read' | 'erase' | 'program'>) {
    this.bytes = new Uint8Array(sizeBytes).fill(0xff)
    this.sizeBytes = sizeBytes
    this.eraseBytes = eraseBytes
    this.programBytes = programBytes
  }

  read(offset: number, into: Uint8Array): void {
    into.set(this.bytes.subarray(offset, offset + into.length))
  }

  erase(offset: number): FlashError | undefined {
    this.operations++
    if (offset % this.eraseBytes !== 0) return 'PGAERR'
    if (this.refusal === undefined) this.bytes.fill(0xff, offset, offset + this.eraseBytes)
    return this.refusal
  }

  program(offset: number, from: Uint8Array): FlashError | undefined {
    this.operations++
    const cells = this.bytes.subarray(offset, offset + from.length)
    if (this.refusal !== undefined) return this.refusal
    if (this.programBytes === 16 && cells.some((cell) => cell !== 0xff)) return 'PROGERR'
    for (const [i, byte] of from.entries()) cells[i]! &= byte
    return undefined
  }
}

export class TestNetwork implements Network {
  state: NetworkState = 'idle'
  lastError = ''
  /** Bytes on their way; the test's side takes and gives. */
  toCloud: number[] = []
  toDevice: number[] = []
  /** Room for bytes towards the cloud. */
  room = Number.POSITIVE_INFINITY
  connects = 0
  wifi: WifiCredentials | undefined

  connect(): void {
    this.state = 'connecting'
    this.connects++
  }

  send(bytes: Uint8Array): number {
    const part = bytes.subarray(0, Math.min(bytes.length, this.room - this.toCloud.length))
    for (const byte of part) this.toCloud.push(byte)
    return part.length
  }

  receive(into: Uint8Array): number {
    const part = this.toDevice.splice(0, into.length)
    into.set(part)
    return part.length
  }

  certificate: Uint8Array | undefined

  setCertificate(certificate: Uint8Array): boolean {
    this.certificate = certificate.slice()
    return true
  }

  setWifi(credentials: WifiCredentials | undefined): void {
    this.wifi = credentials
  }

  close(): void {
    if (this.state === 'connected' || this.state === 'connecting') this.state = 'idle'
    this.toDevice.length = 0
  }
}

export class TestWorld implements ApplicationWorld {
  readonly ram = new Uint8Array(RAM_BYTES)
  readonly #flash: Flash
  arguments: readonly number[] = []
  isInHandlerMode = false
  reserved = new Set([8, 3, 10, 94, 48, 73])
  pended: number[] = []
  /** Vector tables the application was started with, in order. */
  starts: number[] = []
  isRunning = false
  readonly registers = someFault.registers
  /** Interrupts whose vector points to secure memory. */
  secureVectors = new Set<number>()
  readonly fast = new Map<number, { isEnabled: boolean; taken: number; isActive: boolean }>()
  isWatchingFast = false

  constructor(flash: Flash) {
    this.#flash = flash
  }

  isReadable(address: number, length: number): boolean {
    const end = address + length
    return (address >= FLASH && end <= FLASH + FLASH_BYTES) || this.isWritable(address, length)
  }

  isWritable(address: number, length: number): boolean {
    return address >= RAM && address + length <= RAM + RAM_BYTES
  }

  read(address: number, into: Uint8Array): void {
    if (address < RAM) this.#flash.read(address - FLASH, into)
    else into.set(this.ram.subarray(address - RAM, address - RAM + into.length))
  }

  write(address: number, from: Uint8Array): void {
    this.ram.set(from, address - RAM)
  }

  argument(index: number): number {
    return (this.arguments[index] ?? 0) >>> 0
  }

  isInterruptAvailable(irq: number): boolean {
    return irq < 125 && !this.reserved.has(irq)
  }

  pendInterrupt(irq: number): void {
    this.pended.push(irq)
  }

  stop(): void {
    this.isRunning = false
  }

  isVectorNonSecure(irq: number): boolean {
    return !this.secureVectors.has(irq)
  }

  setFastInterrupt(irq: number, isFast: boolean): void {
    if (isFast) this.fast.set(irq, { isEnabled: false, taken: 0, isActive: false })
    else this.fast.delete(irq)
  }

  enableFastInterrupt(irq: number, isEnabled: boolean): void {
    this.fast.get(irq)!.isEnabled = isEnabled
  }

  fastInterrupt(irq: number) {
    return this.fast.get(irq)!
  }

  watchFastInterrupts(): void {
    this.isWatchingFast = true
  }

  clearMemory(): void {
    this.ram.fill(0)
  }

  start(vectorTable: number): void {
    this.isRunning = true
    this.starts.push(vectorTable)
  }
}

export class TestClock implements Clock {
  now = 0
  /** Of the RTC, when `now` was 0. */
  powerOnBefore = 0
  alarmAt: number | undefined
  readonly frequencies = {
    sysclk: 160_000_000,
    hclk: 80_000_000,
    pclk1: 40_000_000,
    pclk2: 20_000_000,
  }

  microseconds(): number {
    return this.now
  }

  sincePowerOn(): number {
    return this.powerOnBefore + this.now
  }

  setAlarm(at: number | undefined): void {
    this.alarmAt = at
  }
}

/** Out of which sleep a device comes, and when. */
export interface TestWake {
  readonly cause: WakeCause
  /** Of the RTC. */
  readonly atMicroseconds: number
}

export class TestPower implements Power {
  resetCause: ResetCause
  kernelFailure: string | undefined
  readonly wakeCause: WakeCause | undefined
  readonly slept: string[] = []
  wakeAt: number | undefined

  constructor(wake: TestWake | undefined) {
    this.resetCause = wake === undefined ? 'power-on' : 'standby'
    this.wakeCause = wake?.cause
  }

  /** What a reset does; nothing unless a test says so. */
  onReset: () => void = () => {}

  reset(): void {
    this.onReset()
  }

  sleep(mode: SleepMode): void {
    this.slept.push(mode)
  }

  deepSleep(mode: DeepSleepMode, wakeAt: number | undefined): void {
    this.slept.push(mode)
    this.wakeAt = wakeAt
  }
}

/** The bench of the factory test. */
export class TestFactory implements FactoryTest {
  readonly lines: string[] = []
  status: number | undefined

  log(text: Uint8Array): void {
    this.lines.push(Buffer.from(text).toString())
  }

  complete(status: number): void {
    this.status = status
  }
}

export interface TestChips {
  readonly internalFlash: Flash
  readonly externalFlash: Flash
  readonly fuses: Uint8Array
  /** Backup SRAM. */
  readonly backupSram?: Uint8Array
}

/** Option bytes as provisioning burns them. */
export class TestProtection implements Protection {
  readoutProtection = 0xcc
  isTrustZoneOn = true
  hideable: Protection['hideable'] = internalLayout.boot
  writeProtected: Protection['writeProtected'] = internalLayout.boot
  isHidden = false

  hide(): void {
    this.isHidden = true
  }
}

export class TestHardware implements Hardware {
  readonly protection = new TestProtection()
  readonly application: TestWorld
  readonly internalFlash: Flash
  readonly externalFlash: Flash
  readonly fuses: Hardware['fuses']
  readonly engines: Engines
  readonly clock = new TestClock()
  readonly power: TestPower
  readonly retained: Hardware['retained']
  factoryTest: TestFactory | undefined
  readonly network = new TestNetwork()
  readonly debug: TestDebugUnit
  readonly secureSessions = { accept: () => new TestSession() }
  readonly colours: string[] = []
  readonly registers = new Map<number, number>()
  readonly traces: string[] = []
  readonly missing: string[] = []
  readonly led = {
    set: (red: boolean, green: boolean, blue: boolean) => {
      this.colours.push(`${red ? 'r' : ''}${green ? 'g' : ''}${blue ? 'b' : ''}`)
    },
  }
  readonly rcc = {
    read: (offset: number) => this.registers.get(offset) ?? 0,
    write: (offset: number, value: number) => void this.registers.set(offset, value),
  }
  readonly diagnostics = {
    trace: (line: string) => void this.traces.push(line),
    notModelled: (name: string) => void this.missing.push(name),
  }

  constructor(
    { internalFlash, externalFlash, fuses, backupSram }: TestChips,
    seed = 1,
    wake: TestWake | undefined = undefined,
  ) {
    this.internalFlash = internalFlash
    this.externalFlash = externalFlash
    this.fuses = {
      read: (offset, into) => into.set(fuses.subarray(offset, offset + into.length)),
      program: (offset, from) => {
        const cells = fuses.subarray(offset, offset + 16)
        if (cells.some((cell) => cell !== 0xff)) return 'PROGERR'
        cells.set(from)
        return undefined
      },
    }
    this.application = new TestWorld(internalFlash)
    this.debug = new TestDebugUnit(this.application)
    this.engines = new TestEngines(seed)
    this.power = new TestPower(wake)
    this.clock.powerOnBefore = wake?.atMicroseconds ?? 0
    const cells = backupSram ?? new Uint8Array(2048)
    this.retained = {
      read: (into) => into.set(cells.subarray(0, into.length)),
      write: (from) => cells.set(from),
    }
  }
}

export function blankInternalFlash(): TestFlash {
  return new TestFlash({ sizeBytes: 0x20_0000, eraseBytes: 0x2000, programBytes: 16 })
}

export function blankExternalFlash(): TestFlash {
  return new TestFlash({ sizeBytes: 0x80_0000, eraseBytes: 0x1000, programBytes: 256 })
}
