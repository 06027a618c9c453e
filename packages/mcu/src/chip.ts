/**
 * The STM32U585: CPU, memories, clock tree, peripherals and the bus between them.
 *
 * Time is the CPU's cycle counter. `run` executes until a cycle, or until something needs the
 * host; events of peripherals happen at their exact cycle, and sleep jumps to the next of them.
 *
 *   (1) No event runs late: before each stretch of execution the queue is empty of what is due.
 *   (2) `run` never passes `untilCycle`.
 *   (3) A reset leaves memories alone; it is the host's to say what survives.
 */
import { DBGMCU_BASE, DBGMCU_BYTES } from './address-map.ts'
import { Wires } from './board/wires.ts'
import { BreakInstructions } from './break-instructions.ts'
import { BusFault } from './bus.ts'
import { type ChipOptions, RESET_FLAGS, type ResetCause } from './chip-options.ts'
import {
  busEntries,
  makePeripherals,
  recordOf,
  resetBackup,
  resetByRcc,
  resetModels,
} from './chip-peripherals.ts'
import { ChipSleep, type DeepMode } from './chip-sleep.ts'
import { Cpu, createGuestMemory, type HaltCause, type StopReason } from './cpu/cpu.ts'
import { FlashChip, INTERNAL_FLASH_BYTES, Otp } from './flash.ts'
import { IRQ_COUNT, interruptLines, kernelIrqs } from './interrupts.ts'
import type { LowPower, SleepMode } from './low-power.ts'
import { MemoryBus } from './memory-bus.ts'
import { attributionOf, FLASH_BASE, HOST_CODE } from './memory-map.ts'
import { memoryRanges } from './memory-ranges.ts'
import { NotModelled } from './not-modelled.ts'
import { encodeOptionBytes, OptionBytes, RDP } from './option-bytes.ts'
import { leadOutside, type SerialPort, serialPorts } from './outside.ts'
import { PeripheralBus } from './peripheral-bus.ts'
import type { Models } from './peripherals/catalogue.ts'
import { type Gpio, keepPins } from './peripherals/gpio.ts'
import { Rcc } from './peripherals/rcc.ts'
import { ClockOutputs } from './peripherals/rcc-outputs.ts'
import type { Usart } from './peripherals/usart.ts'
import { PinConflicts } from './pins/conflicts.ts'
import { Pins } from './pins/pins.ts'
import { type PortName, portNames } from './pins/ports.ts'
import { EventQueue } from './scheduler.ts'
import { configureSecurity, openSecurity } from './security.ts'
import { VirtualTime } from './virtual-time.ts'
import { type Output, WireSet } from './wire.ts'

const ICSR = 0xe000_ed04
const NMIPENDSET = 0x8000_0000

/** How long the CPU runs before the chip looks whether a fast interrupt's handler has ended. */
const CUT_IN_CYCLES = 64

export class Stm32u585 {
  readonly cpu: Cpu
  readonly scheduler: EventQueue
  readonly time: VirtualTime
  readonly rcc: Rcc
  /** Every modelled instance but RCC, by name. */
  readonly peripherals: Models
  readonly gpio: Readonly<Record<PortName, Gpio>>
  readonly serial: Readonly<Record<SerialPort, Usart>>
  readonly pins = new Pins()
  /** Interrupt lines, DMA requests and wires between peripherals, for who wants to watch. */
  readonly interrupts: WireSet
  readonly dmaRequests = new WireSet()
  readonly triggers = new WireSet()
  readonly pinConflicts = new PinConflicts()
  readonly notModelled = new NotModelled()
  /** Where I2C, SPI and analog pins lead. */
  readonly wires = new Wires()
  /** After a reset: events of the scheduler are gone. */
  onReset: (cause: ResetCause) => void = () => {}
  readonly internalFlash: FlashChip
  readonly otp: Otp
  readonly optionBytes: OptionBytes
  /** The whole internal flash as it lies in guest memory; for loading an image before power-up. */
  readonly flashBytes: Uint8Array
  readonly #options: ChipOptions
  readonly #bus: PeripheralBus
  readonly #memory: MemoryBus
  #isApplicationRunning = false
  #isWaiting = false
  #owedCycles = 0
  #secureCycles = 0
  readonly #sleep: ChipSleep
  readonly #rccLine: Output
  readonly #lseLine: Output
  readonly #clockOutputs: ClockOutputs
  #isStepping = false
  readonly #breaks: BreakInstructions
  #isHalted = false
  #requestedReset: ResetCause | undefined
  constructor(options: ChipOptions) {
    this.#options = options
    // Peripherals are made before the CPU and may look at the time.
    this.scheduler = new EventQueue(() => this.cpu?.cycles ?? 0)
    this.rcc = this.#makeRcc()
    this.time = new VirtualTime(this.rcc.frequencies.hclk)
    this.interrupts = new WireSet((wire) => {
      const irq = interruptLines.indexOf(wire.name as never)
      wire.listen((isHigh) => this.#setLine(irq, isHigh))
    })
    this.#rccLine = this.interrupts.get('RCC').connect()
    this.#lseLine = this.interrupts.get('LSECSSD').connect()
    this.#clockOutputs = new ClockOutputs({
      ...{ registers: this.rcc.registers, clocks: this.rcc, pins: this.pins },
    })
    this.pins.onConflict = (conflict) => this.pinConflicts.record(conflict, this.cpu.cycles)
    leadOutside(this.pins, this.wires, (port, data) => options.events.serial(port, data))
    this.peripherals = this.#makePeripherals()
    this.peripherals.DBGMCU.onFreeze = () => this.#freeze()
    this.pins.onLevel = (pad, port, pin) => options.events.pin(port, pin, pad.isHigh)
    this.gpio = recordOf(portNames, (port) => this.peripherals[`GPIO${port}`])
    this.serial = recordOf(serialPorts, (port) => this.peripherals[port])
    this.#bus = this.#makeBus()
    this.cpu = this.#makeCpu()
    this.#memory = this.#makeMemory()
    this.#sleep = this.#makeSleep()
    this.#breaks = new BreakInstructions(this.cpu)
    this.scheduler.onEarlier = (cycle) => this.cpu.stopAt(cycle)
    this.flashBytes = this.cpu.bytes.subarray(FLASH_BASE, FLASH_BASE + INTERNAL_FLASH_BYTES)
    const { supply, events } = options
    this.internalFlash = new FlashChip('internal', {
      ...{ bytes: this.flashBytes, supply },
      onChange: (offset, length) => this.#flashChanged(offset, length),
    })
    this.optionBytes = this.#makeOptionBytes()
    this.internalFlash.protection = this.optionBytes
    this.otp = new Otp({ bytes: options.otp, supply, onChange: events.otpChanged })
    this.#secure()
  }

  get lowPower(): LowPower {
    return this.#sleep.lowPower
  }

  /** A debugger takes the BKPT instructions of the application. */
  set breaksHalt(isTaken: boolean) {
    this.#breaks.areTaken = isTaken
  }

  get isApplicationRunning(): boolean {
    return this.#isApplicationRunning
  }

  /** Runs until `untilCycle`; earlier if the CPU needs the host. */
  run(untilCycle: number): StopReason {
    for (;;) {
      if (this.scheduler.runDue()) this.#isWaiting = false
      if (this.#requestedReset !== undefined) return 'reset-request'
      if (this.cpu.cycles >= untilCycle) return 'cycle'
      const limit = Math.min(untilCycle, this.scheduler.next)
      const reason = this.#spend(limit) ? 'cycle' : this.#execute(limit)
      this.#isWaiting = reason === 'idle'
      if (reason === 'idle') this.#sleepUntil(untilCycle)
      else if (reason !== 'cycle') return reason
    }
  }

  /**
   * The secure side has worked so long: what is non-secure goes on that much later, except for fast
   * interrupts.
   */
  owe(cycles: number): void {
    this.#owedCycles += cycles
    this.#secureCycles += cycles
    this.#isWaiting = false
  }

  /** Cycles that the secure side has taken. */
  get secureCycles(): number {
    return this.#secureCycles
  }

  /** The application waits in this mode from now on. */
  enterSleep(mode: SleepMode): void {
    this.lowPower.enter(mode)
  }

  /**
   * Standby or Shutdown: all but the backup domain is off until the host resets the chip. `woken` is
   * told when an interrupt of the backup domain would end it.
   */
  enterDeepSleep(mode: DeepMode, woken: (irq: number) => void): void {
    this.#sleep.enterDeep(mode, woken)
  }

  /** As far as the last run showed, nothing happens before the next event or an input from outside. */
  get isAsleep(): boolean {
    return !this.#isApplicationRunning || this.#isWaiting
  }

  startApplication(vectorTable: number): void {
    this.cpu.startNonSecure(vectorTable)
    this.#isApplicationRunning = true
    this.#isHalted = false
    this.#freeze()
    this.#isWaiting = false
  }

  /** Lets the secure side's time pass, as far as there is some and nothing fast cuts in. */
  #spend(limit: number): boolean {
    if (this.#owedCycles === 0) return false
    if (!this.#isApplicationRunning) this.#owedCycles = 0
    else if (this.cpu.isFastInterruptBusy) return false
    const end = Math.min(limit, this.cpu.cycles + this.#owedCycles)
    this.#owedCycles = Math.max(0, this.#owedCycles - (end - this.cpu.cycles))
    this.cpu.skipTo(end)
    return true
  }

  #execute(limit: number): StopReason {
    if (!this.#isApplicationRunning || !this.lowPower.wake()) return 'idle'
    this.#sleep.isAsleep = false
    if (this.rcc.isStopped) this.rcc.leaveStop()
    if (this.#isStepping) return this.cpu.step()
    // A fast handler that cut in is not to be followed by anything else.
    const { cycles } = this.cpu
    return this.cpu.run(this.#owedCycles === 0 ? limit : Math.min(limit, cycles + CUT_IN_CYCLES))
  }

  #sleepUntil(untilCycle: number): void {
    if (this.#isApplicationRunning && !this.#options.hasSecureSide) this.#sleep.enterBySoftware()
    this.#sleep.isAsleep = true
    this.#sleep.pass(Math.min(untilCycle, this.scheduler.next))
  }

  /** Non-secure code goes no further; its state stays as it is. */
  haltApplication(): void {
    this.#isApplicationRunning = false
    this.#isStepping = false
    this.#isHalted = true
    this.#freeze()
  }

  /** Halted code goes on; `step`: the next `run` returns `halt` after one instruction. */
  resumeApplication(mode: 'continue' | 'step'): void {
    this.#isApplicationRunning = true
    this.#isStepping = mode === 'step'
    this.#isWaiting = false
    this.#isHalted = false
    this.#freeze()
  }

  /** What DBGMCU says stands while a debugger has halted the application. */
  #freeze(): void {
    this.#sleep.freeze(this.#isHalted ? this.peripherals.DBGMCU.frozen : [])
  }

  /** Why `run` returned `halt`; once for each. */
  takeHaltCause(): HaltCause | { readonly kind: 'instruction' } {
    return this.#breaks.takeCause()
  }

  get isStepping(): boolean {
    return this.#isStepping
  }

  /** Stops non-secure code where it is and resets what it owns: its half of the CPU, its peripherals. */
  stopApplication(keptPeripherals: readonly string[] = []): void {
    this.#requestedReset = undefined
    this.#sleep.reset()
    this.haltApplication()
    this.cpu.abandonNonSecure()
    this.#isHalted = false
    this.#resetPeripherals(keptPeripherals)
  }

  /** Resets the whole chip except its memories. */
  reset(cause: ResetCause): void {
    const { deepMode } = this.#sleep
    const isPowerLost = cause === 'power-on' && deepMode === undefined
    const flags = deepMode === 'shutdown' ? 'power-on' : cause
    this.#owedCycles = 0
    this.#sleep.reset()
    this.haltApplication()
    this.#isHalted = false
    this.scheduler.clear()
    this.#requestedReset = undefined
    this.optionBytes.reset()
    this.cpu.reset()
    this.rcc.reset(RESET_FLAGS[flags], isPowerLost)
    this.#resetPeripherals(deepMode === undefined ? [] : ['PWR'])
    if (deepMode !== undefined) this.peripherals.PWR.resetFromDeepSleep(deepMode)
    if (deepMode === 'standby') this.peripherals.PWR.note('SBF')
    if (isPowerLost) resetBackup(this.peripherals)
    this.onReset(cause)
  }

  /** Why the last `run` returned `reset-request`. */
  get requestedReset(): ResetCause {
    return this.#requestedReset ?? 'software'
  }

  #requestReset(cause: ResetCause): void {
    this.#requestedReset = cause
    this.cpu.stopAt(this.cpu.cycles)
  }

  isInterruptAvailable(irq: number): boolean {
    if (!Number.isInteger(irq) || irq < 0 || irq >= IRQ_COUNT) return false
    return !this.#options.hasSecureSide || !kernelIrqs.includes(irq)
  }

  /** Pends an interrupt of the application, as the secure side can. */
  pendInterrupt(irq: number): void {
    this.#isWaiting = false
    this.lowPower.rouse()
    this.cpu.setPending(irq)
  }

  setFastInterrupt(irq: number, isFast: boolean): void {
    this.cpu.setFast(irq, isFast)
  }

  /** A word read by the secure side, at an address of either alias. */
  readSecure(address: number): number {
    return this.#bus.read(address, 4, this.#secureMaster())
  }

  writeSecure(address: number, value: number): void {
    this.#bus.write(address, 4, value, this.#secureMaster())
  }

  /** A word of a peripheral as privileged non-secure code sees it; undefined if it may not. */
  readNonSecure(address: number): number | undefined {
    const value = this.#bus.read(address, 4, this.#debugger)
    return this.#bus.fault === BusFault.none ? value : undefined
  }

  /** As `readNonSecure`; false if it may not. */
  writeNonSecure(address: number, value: number): boolean {
    this.#bus.write(address, 4, value, this.#debugger)
    return this.#bus.fault === BusFault.none
  }

  get #debugger() {
    return { isSecure: false, isPrivileged: true, pc: this.cpu.get('pc') }
  }

  /** The secure side acts for the code that called it. */
  #secureMaster() {
    return { isSecure: true, isPrivileged: true, pc: this.cpu.get('pc') }
  }

  #setLine(irq: number, isHigh: boolean): void {
    this.#isWaiting = false
    if (isHigh) this.#sleep?.lineRaised(irq)
    this.cpu.setLine(irq, isHigh)
  }

  #resetPeripherals(kept: readonly string[]): void {
    resetModels(this.peripherals, kept)
    this.#bus.reset()
    this.#secure()
  }

  /** What the secure side configures before it lets non-secure code run. */
  #secure(): void {
    const { hasSecureSide } = this.#options
    const isApplications = (irq: number) => this.isInterruptAvailable(irq)
    if (hasSecureSide) configureSecurity(this.cpu, IRQ_COUNT, isApplications)
    else openSecurity(this.cpu, IRQ_COUNT)
    keepPins(this.gpio, this.#options.kernelPins)
  }

  #flashChanged(offset: number, length: number): void {
    this.cpu.invalidate(FLASH_BASE + offset, length)
    this.#options.events.internalFlashChanged(offset, length)
  }

  #makeOptionBytes(): OptionBytes {
    const { optionBytes, hasSecureSide, events } = this.#options
    const open = { readoutProtection: RDP.level0, isTrustZoneOn: hasSecureSide, bootPages: 0 }
    return new OptionBytes({
      bytes: optionBytes ?? encodeOptionBytes(open),
      onChange: () => events.optionBytesChanged?.(),
      onHide: () => this.cpu.attributionChanged(),
    })
  }

  #makeRcc(): Rcc {
    const rcc: Rcc = new Rcc(this.scheduler, {
      changed: () => {
        this.time.changeFrequency(this.cpu.cycles, rcc.frequencies.hclk)
        this.#clockOutputs.update()
      },
      resetPeripheral: (register, bit) => this.#resetByRcc(register, bit),
      resetBackup: () => resetBackup(this.peripherals),
      interrupt: (isHigh) => this.#rccLine.set(isHigh),
      lseFailed: (isHigh) => this.#lseLine.set(isHigh),
      nonMaskableInterrupt: () => this.cpu.writePrivate(ICSR, NMIPENDSET, false),
      isBackupOpen: () => this.#isBackupOpen,
    })
    return rcc
  }

  /** Beside a secure side the backup domain is open: the kernel, which owns PWR's security, has seen to it. */
  get #isBackupOpen(): boolean {
    return this.#options.hasSecureSide || this.peripherals.PWR.isBackupOpen
  }

  #makeSleep(): ChipSleep {
    return new ChipSleep({
      ...{ cpu: this.cpu, rcc: this.rcc, time: this.time, pins: this.pins },
      pwr: this.peripherals.PWR,
      stop: (kept) => this.stopApplication(kept),
      isInterrupting: (irq) => this.interrupts.get(interruptLines[irq]!).isHigh,
      requestReset: () => this.#requestReset('standby'),
    })
  }

  #resetByRcc(register: string, bit: number): void {
    resetByRcc(this.peripherals, register, bit)
    keepPins(this.gpio, this.#options.kernelPins)
  }

  #makePeripherals(): Models {
    const { scheduler, pins, notModelled, interrupts, dmaRequests, triggers } = this
    return makePeripherals({
      ...{ scheduler, pins, notModelled, interrupts, dmaRequests, triggers, clocks: this.rcc },
      memory: () => this.#memory,
      flash: () => this.internalFlash,
      resetChip: (cause) => this.#requestReset(cause),
    })
  }

  #makeBus(): PeripheralBus {
    const { modelled, windows } = busEntries(this.peripherals)
    return new PeripheralBus({
      ...{ modelled: modelled.set('RCC', this.rcc.registers), windows },
      notModelled: this.notModelled,
      hasSecureSide: this.#options.hasSecureSide,
      clockOf: ({ clock }) => this.rcc.clockOf(clock),
      isBackupOpen: () => this.#isBackupOpen,
      uniqueId: this.#options.uniqueId,
      readOtp: (offset, into) => this.otp.read(offset, into),
    })
  }

  #makeMemory(): MemoryBus {
    return new MemoryBus({
      bytes: this.cpu.bytes,
      ranges: memoryRanges,
      peripherals: this.#bus,
      attributionOf: (address) => this.#attributionOf(address),
      changed: (address, length) => this.cpu.invalidate(address, length),
    })
  }

  #attributionOf(address: number) {
    if (!this.#options.hasSecureSide) return 'non-secure'
    const isHidden = this.optionBytes?.isHidden && this.optionBytes.hides(address - FLASH_BASE)
    return isHidden ? 'hidden' : attributionOf(address)
  }

  /** The store waits for an operation that is under way: what comes behind it is that much later. */
  #storeToFlash(address: number, store: { size: number; value: number; pc: number }): void {
    const { size, value, pc } = store
    if (this.#options.hasSecureSide) {
      this.notModelled.record({
        ...{ peripheral: 'FLASH', register: 'memory', address, direction: 'write', pc, value },
        answer: 'ignored: only the secure side programs flash',
      })
      return
    }
    this.#owedCycles += this.peripherals.FLASH.store(address - FLASH_BASE, size, value)
    if (this.#owedCycles > 0) this.cpu.stopAt(this.cpu.cycles)
  }

  #makeCpu(): Cpu {
    return new Cpu({
      memory: createGuestMemory(),
      ranges: memoryRanges,
      bus: this.#bus,
      scheduler: this.scheduler,
      hostCode: HOST_CODE,
      chipsPrivate: { start: DBGMCU_BASE, end: DBGMCU_BASE + DBGMCU_BYTES },
      hooks: {
        attribution: (address) => this.#attributionOf(address),
        breakpoint: () => this.#breaks.meet(),
        storeToFlash: (address, size, value, master) => {
          this.#storeToFlash(address, { size, value, pc: master.pc })
          return BusFault.none
        },
      },
    })
  }
}
