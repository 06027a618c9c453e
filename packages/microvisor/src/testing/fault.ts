import type { ApplicationFault } from '../hardware.ts'

/** A fault as the chip reports one. */
export const someFault: ApplicationFault = {
  exception: 'HardFault',
  registers: {
    ...{ r0: 0, r1: 1, r2: 2, r3: 3, r4: 4, r5: 5, r6: 6, r7: 7, r8: 8, r9: 9, r10: 10, r11: 11 },
    ...{ r12: 12, sp: 0x2007_ff00, lr: 0x0800_0123, pc: 0x0800_0456, xpsr: 0x0100_0000 },
  },
  ...{ cfsr: 0x100, hfsr: 0x4000_0000, sfsr: 1, mmfar: 2, bfar: 3, sfar: 4 },
}
