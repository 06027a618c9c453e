/** The secure side: what ROM does, how a kernel is laid out in flash, and the seam to the chip. */
export { layOutBoot, readBoot } from './boot/boot-image.ts'
export type { BootOutcome, boot } from './boot/bootrom.ts'
export { type KernelImage, layOutKernel, readKernel } from './boot/kernel-image.ts'
export { type LockDown, type LockDownReason, lockDownReasons } from './boot/lock-down.ts'
export { makeVeneers } from './boot/veneers.ts'
export { externalLayout, internalLayout } from './flash-layout.ts'
export { decodeFuses, encodeFuses, FUSES_BYTES, type FuseContents } from './fuses.ts'
export type * from './hardware.ts'
