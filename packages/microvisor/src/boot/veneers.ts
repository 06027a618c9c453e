/**
 * The system call veneers: the content of the non-secure-callable region, 8 bytes a slot. A slot
 * that a call has holds SG and a branch to the kernel's entry; any other slot stays 0xFF, so that a
 * branch into it is a SecureFault (INVEP), as on silicon.
 *
 * Encodings: Armv8-M ARM, instructions SG and B (encoding T4).
 */
import { NSC, systemCalls } from '@microvisor/protocol'
import { internalLayout } from '../flash-layout.ts'

const SG = [0x7f, 0xe9, 0x7f, 0xe9] as const
/** Secure alias of internal flash. */
const SECURE_FLASH = 0x0c00_0000
const KERNEL_ENTRY = SECURE_FLASH + internalLayout.kernelEntry.offset

export function makeVeneers(): Uint8Array {
  const bytes = new Uint8Array(NSC.bytes).fill(0xff)
  for (const { address } of Object.values(systemCalls)) {
    const at = address - NSC.address
    bytes.set(SG, at)
    bytes.set(branch(address + 4, KERNEL_ENTRY), at + 4)
  }
  return bytes
}

/** B.W: two halfwords, S imm10 and J1 J2 imm11, where J = NOT(I EOR S). */
function branch(from: number, to: number): number[] {
  const offset = to - (from + 4)
  const s = (offset >> 24) & 1
  const j1 = ~(((offset >> 23) & 1) ^ s) & 1
  const j2 = ~(((offset >> 22) & 1) ^ s) & 1
  const first = 0xf000 | (s << 10) | ((offset >> 12) & 0x3ff)
  const second = 0x9000 | (j1 << 13) | (j2 << 11) | ((offset >> 1) & 0x7ff)
  return [first & 0xff, first >> 8, second & 0xff, second >> 8]
}
