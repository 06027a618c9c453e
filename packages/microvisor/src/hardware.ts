/**
 * The seam between the secure side and the chip: everything preboot, bootrom and kernel ask of
 * silicon. `device` implements it over the virtual chip; a test implements it in a few lines of
 * plain arrays; a port to another chip would be one more implementation.
 *
 * Rules that every implementation keeps:
 *   (1) Every call is synchronous and bounded in time.
 *   (2) Every buffer belongs to the caller: the callee fills or reads it and keeps no reference.
 *   (3) Only flash operations and `Power.reset` may not return (power may vanish); the secure side
 *       never catches what they throw.
 *   (4) Addresses are those of the non-secure map; flash offsets count from the start of the chip.
 */
import type { Stretch } from './flash-access.ts'

export interface Hardware {
  readonly application: ApplicationWorld
  readonly internalFlash: Flash
  readonly externalFlash: Flash
  readonly fuses: Fuses
  readonly protection: Protection
  readonly engines: Engines
  readonly clock: Clock
  readonly power: Power
  readonly network: Network
  readonly debug: DebugUnit
  readonly secureSessions: SecureSessions
  readonly led: SystemLed
  readonly rcc: RegisterBlock
  readonly retained: RetainedMemory
  readonly diagnostics: Diagnostics
  /** Only while the device stands on the bench of the factory test. */
  readonly factoryTest: FactoryTest | undefined
}

/**
 * What the chip calls: the secure vector table. Calls never nest. Between two of them the kernel
 * does nothing; whatever it waits for comes back through one of these.
 */
export interface SecureVectors {
  /**
   * The application branched to a non-secure-callable veneer and the CPU accepted it.
   * `address` is that of the veneer's slot (0x0C1F_E000 up, bit 0 clear). The result goes to r0;
   * `undefined` means that the call does not return: the application was stopped or restarted.
   */
  systemCall(address: number): number | undefined
  /** The application took an exception that targets the secure world, or locked up. It is halted. */
  applicationFault(fault: ApplicationFault): void
  /** `Clock.setAlarm` came due. */
  alarm(): void
  /** The network or a secure session changed state, has bytes to receive, or room to send again. */
  network(): void
  /** A fast interrupt was taken, the first since `ApplicationWorld.watchFastInterrupts`. */
  fastInterrupt(): void
  /** The application halted for the debugger. */
  debugEvent(halt: DebugHalt): void
}

/** What the kernel image's module exports under the name `start`. */
export type StartKernel = (hardware: Hardware, boot: BootRecord) => SecureVectors

/** What the bootrom hands to the kernel it has verified. */
export interface BootRecord {
  readonly resetCause: ResetCause
  readonly kernelVersion: number
  readonly kernelVersionText: string
  /** SHA-256 of its manifest. */
  readonly kernelHash: Uint8Array
  readonly securityRatchet: number
  /** Where it lies. */
  readonly slot: 'A' | 'B'
  /** It has to prove itself: without being confirmed it is replaced by the previous one. */
  readonly isTrial: boolean
  /** The kernel in the other slot did not prove itself. */
  readonly hasFailed: boolean
}

/** 'power-on': power came, Shutdown ended, or the reset pin was pulled. */
export type ResetCause = 'power-on' | 'software' | 'standby' | 'watchdog' | 'option-bytes'

/** The non-secure world: memory, the calling context, interrupts, and its start and stop. */
export interface ApplicationWorld {
  /** True if every byte of [address, address + length) is non-secure memory that may be read. */
  isReadable(address: number, length: number): boolean
  /** As `isReadable`, for writing: SRAM, not flash, not peripherals. */
  isWritable(address: number, length: number): boolean
  /** Copies out of application memory. The range must be readable. */
  read(address: number, into: Uint8Array): void
  /** Copies into application memory. The range must be writable. */
  write(address: number, from: Uint8Array): void
  /** Argument `index` of the present system call: r0-r3, then words of the caller's stack (AAPCS). */
  argument(index: number): number
  /** True while the present system call comes from an exception handler. */
  readonly isInHandlerMode: boolean
  /** True if non-secure code may use this interrupt (exists and is not reserved for the kernel). */
  isInterruptAvailable(irq: number): boolean
  /** Sets the interrupt pending in the non-secure NVIC. */
  pendInterrupt(irq: number): void
  /** True if VTOR_NS and the vector of this interrupt, as they are now, point to non-secure memory. */
  isVectorNonSecure(irq: number): boolean
  /** A fast interrupt is taken away from the non-secure NVIC and pre-empts all but faults. */
  setFastInterrupt(irq: number, isFast: boolean): void
  /** Enables a fast interrupt, as the non-secure NVIC no longer can. */
  enableFastInterrupt(irq: number, isEnabled: boolean): void
  /** How often a fast interrupt was taken, and whether its handler runs now. */
  fastInterrupt(irq: number): { readonly taken: number; readonly isActive: boolean }
  /** Asks for `SecureVectors.fastInterrupt` at the next fast interrupt. */
  watchFastInterrupts(): void
  /** Registers as they are: of the caller during a system call, otherwise of what was interrupted. */
  readonly registers: ApplicationRegisters
  /** Stops the application where it is and resets the non-secure half of the CPU and its peripherals. */
  stop(): void
  /** Fills the application's SRAM with zeros. Only while stopped. */
  clearMemory(): void
  /** Starts the application: VTOR_NS, MSP_NS and the reset handler come from the table. Only while stopped. */
  start(vectorTable: number): void
}

export type ApplicationRegisters = Readonly<
  Record<
    `r${0 | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9 | 10 | 11 | 12}` | 'sp' | 'lr' | 'pc' | 'xpsr',
    number
  >
>

export type FaultName =
  | 'HardFault'
  | 'MemManage'
  | 'BusFault'
  | 'UsageFault'
  | 'SecureFault'
  | 'Lockup'
  /** AIRCR.SYSRESETREQ was written. */
  | 'ResetRequest'
  /** A watchdog of the application's ran out. */
  | 'Watchdog'
  /** Found by the kernel: a fast interrupt's handler that does not end. */
  | 'FastInterruptHung'
  /** Found by the kernel: fast interrupts that leave no time for anything else. */
  | 'FastInterruptFlood'

/** Fault status as the architecture shows it (Armv8-M ARM, D1.2). All words unsigned. */
export interface ApplicationFault {
  readonly exception: FaultName
  readonly registers: ApplicationRegisters
  /** s0 to s31, FPSCR, FPCCR and FPCAR, where the application has the floating-point unit switched on. */
  readonly floats?: readonly number[]
  readonly cfsr: number
  readonly hfsr: number
  readonly sfsr: number
  readonly mmfar: number
  readonly bfar: number
  readonly sfar: number
}

/** Why a flash operation did not happen; the names are those of FLASH_NSSR and FLASH_SECSR (RM0456). */
export type FlashError = 'PROGERR' | 'PGAERR' | 'SIZERR' | 'WRPERR'

/**
 * A flash memory: erase sets a unit to 0xFF, programming only clears bits. Internal: 8 KiB pages,
 * 16-byte quad-words each programmed once per erase (PROGERR otherwise). External: 4 KiB sectors,
 * up to 256 bytes inside one page, any number of times.
 */
export interface Flash {
  readonly sizeBytes: number
  readonly eraseBytes: number
  readonly programBytes: number
  read(offset: number, into: Uint8Array): void
  /** Erases the unit that starts at `offset`. */
  erase(offset: number): FlashError | undefined
  program(offset: number, from: Uint8Array): FlashError | undefined
}

/** One-time-programmable memory, 512 bytes (RM0456, "Embedded flash memory": OTP area). */
export interface Fuses {
  read(offset: number, into: Uint8Array): void
  /** Burns one quad-word (16 bytes) that is still blank. */
  program(offset: number, from: Uint8Array): FlashError | undefined
}

/**
 * What the option bytes close (RM0456, "Embedded flash memory"): burned at provisioning, read at
 * reset, never changed after.
 */
export interface Protection {
  /** The option byte RDP: AA level 0, 55 level 0.5, CC level 2, any other level 1. */
  readonly readoutProtection: number
  readonly isTrustZoneOn: boolean
  /** HDP: what of the internal flash `hide` hides. */
  readonly hideable: Stretch | undefined
  /** WRP: what of the internal flash is never erased or programmed. */
  readonly writeProtected: Stretch | undefined
  readonly isHidden: boolean
  /** Until the next reset nothing reads, enters or writes what is hidden: a bus error. */
  hide(): void
}

/**
 * The chip's crypto engines: HASH, PKA, AES, SAES, RNG. The device has two keys of its own that can
 * be used and not read: a P-256 pair, which its certificate names, and an AES key (SAES, DHUK).
 */
export interface Engines {
  /** A SHA-256 computation in progress. */
  sha256(): { update(bytes: Uint8Array): void; finish(into: Uint8Array): void }
  /**
   * ECDSA over P-256 with SHA-256 of the message: X9.62 uncompressed key (65 bytes), raw r then s
   * (64 bytes). False for anything malformed.
   */
  verifyP256(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean
  /** The public half of the device's own pair, X9.62 uncompressed (65 bytes). */
  devicePublicKey(into: Uint8Array): void
  /** ECDSA over P-256 with SHA-256 by the device's own key: raw r then s (64 bytes). */
  signAsDevice(message: Uint8Array, into: Uint8Array): void
  /** ECDH of the device's own key with this one: the X coordinate (32 bytes). False for no point. */
  agreeAsDevice(publicKey: Uint8Array, into: Uint8Array): boolean
  /** ECDH of a key made for this once: its public half (65 bytes) and the X coordinate (32 bytes). */
  agreeOnce(publicKey: Uint8Array, own: Uint8Array, into: Uint8Array): boolean
  /** AES-256 in counter mode, in place, from this counter block (16 bytes). `device`: its own AES key. */
  cipher(key: Uint8Array | 'device', counter: Uint8Array, bytes: Uint8Array): void
  /** AES-GCM, 12 bytes of nonce. What comes of it is 16 bytes longer: the tag follows. */
  seal(key: Uint8Array, nonce: Uint8Array, aad: Uint8Array, plain: Uint8Array): Uint8Array
  /** Undefined if the tag does not fit. */
  open(
    key: Uint8Array,
    nonce: Uint8Array,
    aad: Uint8Array,
    sealed: Uint8Array,
  ): Uint8Array | undefined
  random(into: Uint8Array): void
}

export interface Clock {
  /** Microseconds since power-on or reset; whole, never goes back. */
  microseconds(): number
  /** One alarm: `SecureVectors.alarm` is called once this time is reached. `undefined` clears it. */
  setAlarm(atMicroseconds: number | undefined): void
  /** The RTC: whole microseconds since power-on, also while in deep sleep and over resets. */
  sincePowerOn(): number
  /** SYSCLK, HCLK, PCLK1 and PCLK2 in hertz, as the clock tree is set now. */
  readonly frequencies: { sysclk: number; hclk: number; pclk1: number; pclk2: number }
}

export type SleepMode = 'sleep' | 'stop0' | 'stop1' | 'stop2' | 'stop3'
export type DeepSleepMode = 'standby' | 'shutdown'

/** What ended Standby: the kernel's time, the application's RTC, a wake-up pin, the modem. */
export type WakeCause = 'alarm' | 'rtc' | 'pin' | 'modem' | 'unknown'

export interface Power {
  /** Why the chip came up; stands until the next reset. */
  readonly resetCause: ResetCause
  /** What the kernel before this one died of, if that is why the chip was reset; for people. */
  readonly kernelFailure: string | undefined
  /** With the reset cause 'standby'. */
  readonly wakeCause: WakeCause | undefined
  /** Resets the whole chip. The kernel is not called again; a new one boots. */
  reset(): void
  /**
   * Once the present system call has returned, the application waits in this mode until an
   * interrupt that can wake from it, or one that the kernel pends.
   */
  sleep(mode: SleepMode): void
  /**
   * Stops the application and enters Standby or Shutdown until a wake-up source that the application
   * has set, or until `Clock.sincePowerOn` reaches `wakeAt`. The kernel is not called again; a new one boots.
   */
  deepSleep(mode: DeepSleepMode, wakeAt: number | undefined): void
}

/**
 * Backup SRAM: 2 KiB that survive resets and Standby. Blank (zeros) after power-on and Shutdown.
 * RM0456, "Power control (PWR)", "Backup domain".
 */
export interface RetainedMemory {
  read(into: Uint8Array): void
  write(from: Uint8Array): void
}

export interface FactoryTest {
  /** A line for the operator's console. */
  log(text: Uint8Array): void
  /** The test has ended; 0 is a pass, any other number is shown to the operator. */
  complete(status: number): void
}

export type NetworkState = 'down' | 'idle' | 'connecting' | 'connected'

/**
 * The interface that faces the cloud: one byte stream, TLS 1.3 with certificates on both sides,
 * both checked by the interface. 'down' is no link; 'idle' is link without connection.
 */
export interface Network {
  readonly state: NetworkState
  /** Why the last connection ended or failed, for people. Empty if none has. */
  readonly lastError: string
  /** Starts connecting; allowed while 'idle'. */
  connect(): void
  /** Takes as many bytes as fit and says how many; `SecureVectors.network` tells when there is room again. */
  send(bytes: Uint8Array): number
  /** Fills `into` with bytes that have arrived and says how many. */
  receive(into: Uint8Array): number
  /** Ends the connection after what was sent has left. */
  close(): void
  /**
   * The certificate (X.509, DER) to show from the next connection on, for the key that there is. False:
   * it cannot be used or kept, and the one before goes on.
   */
  setCertificate(certificate: Uint8Array): boolean
  /** The Wi-Fi network to join from now on, instead of what was given before. */
  setWifi(credentials: WifiCredentials | undefined): void
}

export interface WifiCredentials {
  readonly ssid: Uint8Array
  /** Empty: a network without encryption. */
  readonly password: Uint8Array
}

/** Why the application halted for the debugger. */
export type DebugHalt =
  | { readonly kind: 'step' }
  /** Before the instruction at this address. */
  | { readonly kind: 'breakpoint'; readonly address: number }
  /** After the instruction that made the access. */
  | { readonly kind: 'watchpoint'; readonly address: number; readonly access: 'read' | 'write' }
  /** On a BKPT of the application's own, while enabled. */
  | { readonly kind: 'instruction' }
  /** Before the first instruction of the handler of an exception that is caught. */
  | { readonly kind: 'vectorCatch' }

export interface DataWatch {
  readonly address: number
  readonly length: number
  readonly access: 'read' | 'write' | 'any'
}

/**
 * Halting debug of the non-secure world (Armv8-M ARM, B12). It sees what non-secure privileged code
 * could see, and nothing else. While the application is halted, time and interrupts of the secure
 * side go on.
 */
export interface DebugUnit {
  /** Comparators there are. */
  readonly breakpoints: number
  readonly watchpoints: number
  /** Whether BKPT halts. Off takes all comparators away; a halted application stays halted. */
  enable(isEnabled: boolean): void
  readonly isHalted: boolean
  /** Halts the application where it is; no event follows. */
  halt(): void
  /** Lets it go on once the kernel returns: for one instruction with `step`, which ends in an event. */
  run(mode: 'continue' | 'step'): void
  setBreakpoints(addresses: readonly number[]): void
  /**
   * Addresses in flash where an instruction fetch meets a breakpoint: any number of them, at no cost
   * elsewhere. Reads do not see them, and flash holds nothing of them; they are gone with `enable(false)`.
   */
  setPatches(addresses: readonly number[]): void
  setWatchpoints(watches: readonly DataWatch[]): void
  /** Exceptions, by number, whose handlers in the application are halted at. */
  setVectorCatch(exceptions: readonly number[]): void
  /** CFSR, HFSR, SFSR, MMFAR, BFAR and SFAR as the application sees them. */
  readonly faultStatus: Pick<ApplicationFault, 'cfsr' | 'hfsr' | 'sfsr' | 'mmfar' | 'bfar' | 'sfar'>
  /** By the numbers of debug.proto; undefined for a number that is none. Only while halted. */
  readRegister(number: number): number | undefined
  /** False for a number that is none. */
  writeRegister(number: number, value: number): boolean
  /** Fills `into` as far as there is memory or registers of a peripheral, and says how many bytes. */
  read(address: number, into: Uint8Array): number
  /** As `read`. Flash takes nothing. */
  write(address: number, from: Uint8Array): number
}

/** The chip's TLS 1.3 for byte streams of the kernel's own; the device proves itself with its certificate. */
export interface SecureSessions {
  /**
   * The device's end, as TLS server. The peer has to prove that it holds the private half of
   * `peerKey` (P-256, X9.62 uncompressed, 65 bytes).
   */
  accept(peerKey: Uint8Array): SecureSession
}

export interface SecureSession {
  readonly state: 'opening' | 'open' | 'closed'
  /** Why it closed, for people; empty where the peer closed it in order. */
  readonly failure: string
  /** Gives it ciphertext from the peer. */
  feed(bytes: Uint8Array): void
  /** Takes ciphertext for the peer: fills `into` and says how many bytes. */
  drain(into: Uint8Array): number
  send(bytes: Uint8Array): void
  /** Fills `into` with what the peer sent and says how many bytes. */
  receive(into: Uint8Array): number
  close(): void
}

export interface SystemLed {
  set(red: boolean, green: boolean, blue: boolean): void
}

/** 32-bit registers of one peripheral, by byte offset. */
export interface RegisterBlock {
  read(offset: number): number
  write(offset: number, value: number): void
}

/** The trace port: for whoever stands at the bench. Nothing here changes what the device does. */
export interface Diagnostics {
  /** One line for people. */
  trace(line: string): void
  /** The application used something of the microvisor that does not exist yet. */
  notModelled(name: string): void
}
