/**
 * The non-secure world as the kernel sees it: application memory, the context of the present
 * system call, interrupts, start and stop.
 */
import { applicationSram, isApplicationMemory, type Stm32u585 } from '@microvisor/mcu'
import type { ApplicationWorld } from '@microvisor/microvisor'

const SPSEL = 2
const NPRIV = 1

export interface ApplicationEvents {
  applicationStarted(): void
  applicationStopped(): void
}

export function applicationPort(chip: Stm32u585, events: ApplicationEvents): ApplicationWorld {
  const { cpu } = chip
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
