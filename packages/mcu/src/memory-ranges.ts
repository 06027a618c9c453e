/** The plain memories of the memory map as the CPU maps them into the guest's. */
import type { MemoryRange } from './cpu/cpu.ts'
import { INTERNAL_FLASH_BYTES } from './flash.ts'
import { FLASH_BASE, memoryMap, NSC_BASE, NSC_BYTES, SRAM_BASE, SRAM4_BASE } from './memory-map.ts'

/** The veneers show the end of flash through its secure alias. */
export const memoryRanges: readonly MemoryRange[] = [
  { base: FLASH_BASE, size: INTERNAL_FLASH_BYTES, kind: 'flash' },
  {
    ...{ base: NSC_BASE, size: NSC_BYTES, kind: 'flash' },
    backing: FLASH_BASE + INTERNAL_FLASH_BYTES - NSC_BYTES,
  },
  { base: SRAM_BASE, size: sramBytes(SRAM_BASE), kind: 'ram' },
  { base: SRAM4_BASE, size: sramBytes(SRAM4_BASE), kind: 'ram' },
]

/** Length of the row of SRAM regions that begins at `base`. */
function sramBytes(base: number): number {
  let end = base
  for (const region of memoryMap) {
    if (region.kind === 'sram' && region.base === end) end += region.size
  }
  return end - base
}
