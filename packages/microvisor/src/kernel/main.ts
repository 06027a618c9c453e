/**
 * The entry of the kernel's image: what the bootrom's caller evaluates exports `start`. The module
 * runs in a bare context: it finds nothing there but ECMAScript and the Hardware it is handed.
 */
import { readFuses } from '../fuses.ts'
import type { StartKernel } from '../hardware.ts'
import { Kernel } from './kernel.ts'

export const start: StartKernel = (hardware, boot) => {
  // Before anything else: what came before the kernel is nobody's any more.
  hardware.protection.hide()
  const fuses = readFuses(hardware.fuses)
  if (fuses === undefined) throw new Error('The bootrom runs no kernel on blank fuses.')
  const kernel = new Kernel(hardware, boot, fuses)
  kernel.start()
  return kernel
}
