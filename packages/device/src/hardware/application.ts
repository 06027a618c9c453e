/**
 * The non-secure world as the kernel sees it: application memory, the context of the present
 * system call, interrupts, start and stop.
 */
import { applicationSram, isApplicationMemory, type Stm32u585 } from '@microvisor/mcu'
import type {
  ApplicationFault,
  ApplicationRegisters,
  ApplicationWorld,
} from '@microvisor/microvisor'

const SPSEL = 2
const NPRIV = 1

export interface ApplicationEvents {
  applicationStarted(): void
  applicationStopped(): void
}

const VTOR = 0xe000_ed08
const FIRST_IRQ = 16

export function applicationPort(
  chip: Stm32u585,
  events: ApplicationEvents,
  fastInterrupt: () => void,
): ApplicationWorld {
  const { cpu } = chip
  const fast = new FastCounts(chip, fastInterrupt)
  const allows = (address: number, length: number, access: 'read' | 'write') =>
    cpu.isNonSecureAccessible(address, length, access, isPrivileged(chip))
  return {
    isReadable: (address, length) =>
      isApplicationMemory(address, length, ['sram', 'flash']) && allows(address, length, 'read'),
    isWritable: (address, length) =>
      isApplicationMemory(address, length, ['sram']) && allows(address, length, 'write'),
    read: (address, into) => into.set(cpu.bytes.subarray(address, address + into.length)),
    write(address, from) {
      cpu.bytes.set(from, address)
      cpu.invalidate(address, from.length)
    },
    argument: (index) => argument(chip, index),
    get isInHandlerMode() {
      return cpu.isInHandlerMode
    },
    isInterruptAvailable: (irq) => chip.isInterruptAvailable(irq),
    pendInterrupt: (irq) => chip.pendInterrupt(irq),
    isVectorNonSecure: (irq) => isVectorNonSecure(chip, irq),
    setFastInterrupt(irq, isFast) {
      chip.setFastInterrupt(irq, isFast)
      fast.set(irq, isFast)
    },
    enableFastInterrupt: (irq, isEnabled) => cpu.enableInterrupt(irq, isEnabled),
    fastInterrupt: (irq) => ({ taken: fast.taken(irq), isActive: cpu.isInterruptActive(irq) }),
    watchFastInterrupts: () => fast.watch(),
    get registers() {
      return registersOf(chip)
    },
    stop() {
      chip.stopApplication()
      events.applicationStopped()
    },
    clearMemory() {
      for (const { base, size } of applicationSram) {
        cpu.bytes.fill(0, base, base + size)
        cpu.invalidate(base, size)
      }
    },
    start(vectorTable) {
      chip.startApplication(vectorTable)
      events.applicationStarted()
    },
  }
}

/** How often each fast interrupt was taken; the first after `watch` is told, from outside of execution. */
class FastCounts {
  readonly #chip: Stm32u585
  readonly #counts = new Map<number, number>()
  readonly #first: () => void
  #isWatching = false

  constructor(chip: Stm32u585, first: () => void) {
    this.#chip = chip
    this.#first = first
    chip.cpu.onInterrupt((irq) => this.#take(irq))
  }

  set(irq: number, isFast: boolean): void {
    if (isFast) this.#counts.set(irq, 0)
    else this.#counts.delete(irq)
  }

  taken(irq: number): number {
    return this.#counts.get(irq) ?? 0
  }

  watch(): void {
    this.#isWatching = true
  }

  #take(irq: number): void {
    const count = this.#counts.get(irq)
    if (count === undefined) return
    this.#counts.set(irq, count + 1)
    if (!this.#isWatching) return
    this.#isWatching = false
    const { scheduler } = this.#chip
    scheduler.at(scheduler.now, this.#first)
  }
}

function isVectorNonSecure({ cpu }: Stm32u585, irq: number): boolean {
  const isMemory = (address: number, length: number) =>
    isApplicationMemory(address, length, ['sram', 'flash'])
  const entry = cpu.readPrivate(VTOR, false) + 4 * (FIRST_IRQ + irq)
  if (!isMemory(entry, 4)) return false
  const vector = new DataView(cpu.bytes.buffer, entry, 4).getUint32(0, true)
  return isMemory((vector & ~1) >>> 0, 2)
}

const REGISTERS = [
  ...(['r0', 'r1', 'r2', 'r3', 'r4', 'r5', 'r6', 'r7', 'r8', 'r9', 'r10', 'r11', 'r12'] as const),
  ...(['sp', 'lr', 'pc', 'xpsr'] as const),
]

export function registersOf({ cpu }: Stm32u585): ApplicationRegisters {
  const entries = REGISTERS.map((name) => [name, cpu.get(name)] as const)
  return Object.fromEntries(entries) as ApplicationRegisters
}

const CPACR = 0xe000_ed88
const FPCCR = 0xe000_ef34
const FPCAR = 0xe000_ef38
/** CP10, either right of access. */
const FLOATING_POINT_ON = 1 << 20
const FLOATS = Array.from({ length: 32 }, (_, index) => `s${index}` as 's0')

/** What a report of a fault has besides, where the application uses floating point. */
export function floatsOf({ cpu }: Stm32u585): Partial<Pick<ApplicationFault, 'floats'>> {
  if ((cpu.readPrivate(CPACR, false) & FLOATING_POINT_ON) === 0) return {}
  const registers = [...FLOATS, 'fpscr' as const].map((name) => cpu.get(name))
  const stacking = [FPCCR, FPCAR].map((address) => cpu.readPrivate(address, false))
  return { floats: [...registers, ...stacking] }
}

/** r0 to r3, then the caller's stack; a stack pointer that points nowhere reads as zero. */
function argument({ cpu }: Stm32u585, index: number): number {
  const registers = ['r0', 'r1', 'r2', 'r3'] as const
  const register = registers[index]
  if (register !== undefined) return cpu.get(register)
  const usesProcessStack = !cpu.isInHandlerMode && (cpu.get('control_ns') & SPSEL) !== 0
  const address = cpu.get(usesProcessStack ? 'psp_ns' : 'msp_ns') + 4 * (index - registers.length)
  if (!isApplicationMemory(address, 4, ['sram'])) return 0
  return new DataView(cpu.bytes.buffer, address, 4).getUint32(0, true)
}

function isPrivileged({ cpu }: Stm32u585): boolean {
  return cpu.isInHandlerMode || (cpu.get('control_ns') & NPRIV) === 0
}
