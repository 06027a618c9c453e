/**
 * What the secure side's start-up writes into the CPU before non-secure code may run: the SAU from
 * the memory map, interrupts and faults to their states. Armv8-M ARM (DDI 0553), chapter D1.2.
 *
 * Faults that non-secure code does not handle itself (BusFault, HardFault, SecureFault) are the
 * secure side's; a request to reset the chip stops the run, and is the secure side's to answer.
 */
import { assert } from './assert.ts'
import { type MemoryRegion, memoryMap } from './memory-map.ts'

/** The part of the CPU that is needed: registers of the private peripheral bus, as the secure state. */
interface PrivateBus {
  writePrivate(address: number, value: number, isSecure: boolean): void
}

const SAU = { CTRL: 0xe000_edd0, RNR: 0xe000_edd8, RBAR: 0xe000_eddc, RLAR: 0xe000_ede0 } as const
const SAU_REGIONS = 8
const ENABLE = 1
const RLAR_NSC = 2
const NVIC_ITNS = 0xe000_e380
const AIRCR = 0xe000_ed0c
/** VECTKEY, PRIS; BFHFNMINS and SYSRESETREQS stay 0. */
const AIRCR_VALUE = 0x05fa_4000
/** VECTKEY, BFHFNMINS: faults and the right to reset are the software's. */
const AIRCR_OPEN = 0x05fa_2000
const SAU_ALLNS = 2
const SHCSR = 0xe000_ed24
const SECUREFAULTENA = 1 << 19
const NSACR = 0xe000_ed8c
/** CP10 and CP11: the floating-point unit. */
const FPU = 0xc00

export function configureSecurity(
  cpu: PrivateBus,
  irqCount: number,
  isApplications: (irq: number) => boolean,
): void {
  const write = (address: number, value: number) => cpu.writePrivate(address, value >>> 0, true)
  sauRegions().forEach(({ base, size, attribution }, number) => {
    assert(number < SAU_REGIONS, `The memory map needs more than ${SAU_REGIONS} SAU regions.`)
    write(SAU.RNR, number)
    write(SAU.RBAR, base)
    write(SAU.RLAR, (base + size - 32) | (attribution === 'callable' ? RLAR_NSC : 0) | ENABLE)
  })
  write(SAU.CTRL, ENABLE)
  targetInterrupts(cpu, irqCount, isApplications)
  write(AIRCR, AIRCR_VALUE)
  write(SHCSR, SECUREFAULTENA)
  write(NSACR, FPU)
}

/** The chip without TrustZone, as far as software can tell: one state, and all of it is its own. */
export function openSecurity(cpu: PrivateBus, irqCount: number): void {
  cpu.writePrivate(SAU.CTRL, SAU_ALLNS, true)
  targetInterrupts(cpu, irqCount, () => true)
  cpu.writePrivate(AIRCR, AIRCR_OPEN, true)
  cpu.writePrivate(NSACR, FPU, true)
}

function targetInterrupts(
  cpu: PrivateBus,
  irqCount: number,
  isApplications: (irq: number) => boolean,
): void {
  for (let bank = 0; bank * 32 < irqCount; bank++) {
    let targets = 0
    for (let bit = 0; bit < 32; bit++) {
      const irq = bank * 32 + bit
      if (irq < irqCount && isApplications(irq)) targets |= 1 << bit
    }
    cpu.writePrivate(NVIC_ITNS + bank * 4, targets >>> 0, true)
  }
}

/** Stretches of the memory map that are not secure, neighbours of one kind joined. */
function sauRegions(): Pick<MemoryRegion, 'base' | 'size' | 'attribution'>[] {
  const joined: { base: number; size: number; attribution: MemoryRegion['attribution'] }[] = []
  for (const { base, size, attribution } of memoryMap) {
    const last = joined.at(-1)
    const continues = last?.attribution === attribution && last.base + last.size === base
    if (continues) last.size += size
    else if (attribution !== 'secure') joined.push({ base, size, attribution })
  }
  return joined
}
