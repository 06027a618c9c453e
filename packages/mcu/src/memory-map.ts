/**
 * The memory map and who may use which part of it: what the secure side's start-up writes into the
 * SAU, the flash watermarks and the memory block controllers (RM0456, "Memory organization" and
 * "Global TrustZone controller"). Addresses with bit 28 set (bit 26 for flash) are the secure alias
 * of the same memory.
 *
 * The division is the microvisor's: lower half of flash, SRAM1, SRAM2, lower half of SRAM3 and
 * SRAM4 belong to the application, the rest to the secure side. Code reaches the secure side only
 * through the last 8 KiB of flash, which are non-secure callable.
 *
 * Not modelled: changing the division at run time. Peripherals are in address-map.ts.
 */
import type { Attribution } from './cpu/cpu.ts'

export type MemoryKind = 'flash' | 'sram' | 'peripheral' | 'external' | 'none'

export interface MemoryRegion {
  readonly name: string
  readonly base: number
  readonly size: number
  readonly kind: MemoryKind
  readonly attribution: Attribution
}

const KIB = 0x400
const MIB = 0x10_0000

export const NSC_BASE = 0x0c1f_e000
export const NSC_BYTES = 8 * KIB
export const FLASH_BASE = 0x0800_0000
const FLASH_SECURE_BASE = 0x0c00_0000
const APPLICATION_FLASH_BYTES = MIB
export const SRAM_BASE = 0x2000_0000
export const SRAM4_BASE = 0x2800_0000

const region = (
  name: string,
  base: number,
  size: number,
  kind: MemoryKind,
  attribution: Attribution,
): MemoryRegion => ({ name, base, size, kind, attribution })

/** In order of address, without overlaps; everything between is a hole and secure. */
export const memoryMap: readonly MemoryRegion[] = [
  region('flash, application', FLASH_BASE, MIB, 'flash', 'non-secure'),
  region('flash, kernel', 0x0810_0000, MIB, 'flash', 'secure'),
  region('system memory', 0x0bf8_0000, 512 * KIB, 'none', 'non-secure'),
  region('flash, secure alias', FLASH_SECURE_BASE, 2 * MIB - NSC_BYTES, 'flash', 'secure'),
  region('NSC veneers', NSC_BASE, NSC_BYTES, 'flash', 'callable'),
  region('SRAM1', SRAM_BASE, 192 * KIB, 'sram', 'non-secure'),
  region('SRAM2', 0x2003_0000, 64 * KIB, 'sram', 'non-secure'),
  region('SRAM3, application', 0x2004_0000, 256 * KIB, 'sram', 'non-secure'),
  region('SRAM3, kernel', 0x2008_0000, 256 * KIB, 'sram', 'secure'),
  region('SRAM4', SRAM4_BASE, 16 * KIB, 'sram', 'non-secure'),
  region('SRAM, secure alias', 0x3000_0000, 768 * KIB, 'sram', 'secure'),
  region('SRAM4, secure alias', 0x3800_0000, 16 * KIB, 'sram', 'secure'),
  region('peripherals', 0x4000_0000, 256 * MIB, 'peripheral', 'non-secure'),
  region('peripherals, secure alias', 0x5000_0000, 256 * MIB, 'peripheral', 'secure'),
  region('external memories', 0x6000_0000, 1024 * MIB, 'external', 'non-secure'),
]

/** The SRAM that belongs to the application. */
export const applicationSram: readonly MemoryRegion[] = memoryMap.filter(
  ({ kind, attribution }) => kind === 'sram' && attribution === 'non-secure',
)

/** The region that holds an address, or undefined for a hole. */
function regionAt(address: number): MemoryRegion | undefined {
  return memoryMap.find(({ base, size }) => address >= base && address < base + size)
}

export function attributionOf(address: number): Attribution {
  return regionAt(address)?.attribution ?? 'secure'
}

/** True if [address, address + length) is non-secure memory of one of these kinds throughout. */
export function isApplicationMemory(
  address: number,
  length: number,
  kinds: readonly MemoryKind[],
): boolean {
  const end = address + length
  for (let at = address; at < end || at === address; ) {
    const found = regionAt(at)
    if (found === undefined || found.attribution !== 'non-secure') return false
    if (!kinds.includes(found.kind)) return false
    at = found.base + found.size
  }
  return true
}

/** Flash of the secure side, where veneers branch to: the host's code, arriving is the secure call. */
export const HOST_CODE = {
  start: FLASH_SECURE_BASE + APPLICATION_FLASH_BYTES,
  end: NSC_BASE,
} as const
