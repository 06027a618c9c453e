/**
 * Where everything lies in the device's two flash chips. Offsets count from the start of the chip.
 *
 * Internal flash (STM32U585, 2 MiB, pages of 8 KiB): the lower half is the application's, the
 * upper half the secure side's. External flash (8 MiB, sectors of 4 KiB): the lower half is the
 * application's, the upper half is where updates are staged.
 *
 *   0x000000  application                        external 0x000000  application
 *   0x100000  preboot and bootrom, hidden                 0x400000  staging
 *   0x120000  kernel, slot A
 *   0x16E000  boot journal, two pages
 *   0x172000  the kernel's entry
 *   0x180000  application manifest, copy A
 *   0x192000  application manifest, copy B
 *   0x1A4000  state journal, two pages
 *   0x1A8000  settings, two pages
 *   0x1AC000  keys, two pages
 *   0x1B0000  kernel, slot B
 *   0x1FE000  NSC veneers
 */

import type { Stretch } from './flash-access.ts'

export const internalLayout = {
  application: { offset: 0x00_0000, size: 0x10_0000 },
  /** Never written after provisioning, and hidden once the kernel runs: it begins bank 2 (HDP2). */
  boot: { offset: 0x10_0000, size: 0x2_0000 },
  kernelA: { offset: 0x12_0000, size: 0x4_e000 },
  bootJournal: { offset: 0x16_e000, size: 0x4000 },
  /** Where the veneers branch to: a page that leads to the kernel in charge. */
  kernelEntry: { offset: 0x17_2000, size: 0x2000 },
  manifestA: { offset: 0x18_0000, size: 0x1_2000 },
  manifestB: { offset: 0x19_2000, size: 0x1_2000 },
  stateJournal: { offset: 0x1a_4000, size: 0x4000 },
  settings: { offset: 0x1a_8000, size: 0x4000 },
  keyStore: { offset: 0x1a_c000, size: 0x4000 },
  kernelB: { offset: 0x1b_0000, size: 0x4_e000 },
  nsc: { offset: 0x1f_e000, size: 0x2000 },
} as const satisfies Record<string, Stretch>

export const externalLayout = {
  application: { offset: 0x00_0000, size: 0x40_0000 },
  staging: { offset: 0x40_0000, size: 0x40_0000 },
} as const satisfies Record<string, Stretch>
