/**
 * Where everything lives in the CPU's `WebAssembly.Memory`. Guest addresses are mapped one to one;
 * what is ours stands where the guest has nothing:
 *
 *   0x0000_0000  state words (this file), below 64 KiB
 *   0x1000_0000  predecoded code, see `predecode.ts`
 *   0x1D00_0000  four access maps of 8 MiB, by state and privilege, see `access.ts`
 */

/** State words by name: byte addresses, each one 32-bit word. */
export const WORDS = {
  /** r0 to r12, the current SP, LR; the slot of r15 is never used. */
  R: 0x00,
  SP: 0x34,
  LR: 0x38,
  /** Flags: N and V are bit 31 of their words, Z is set if its word is zero, C is 0 or 1. */
  N: 0x40,
  Z: 0x44,
  C: 0x48,
  V: 0x4c,
  /** APSR.Q (0 or 1) and APSR.GE (0 to 15). */
  Q: 0x50,
  GE: 0x54,
  /** EPSR.IT of the instruction at IP; inside the fast loop see `interpreter.ts`. */
  IT: 0x58,
  /** Address of the predecoded entry of the next instruction. */
  IP: 0x5c,
  /** Instructions left in this slice. */
  COUNT: 0x60,
  /** Not 0: leave the loop after this instruction, the host has something to do. */
  ATTENTION: 0x64,
  /** Not 0: the instruction under way was aborted by a fault. */
  ABORT: 0x68,
  /** The code window that IP is in: guest base, size in bytes, table of entries. */
  CODE_BASE: 0x6c,
  CODE_SIZE: 0x70,
  CODE_TABLE: 0x74,
  /** Access map in use. */
  MAP: 0x78,
  /** Limit of the current stack pointer. */
  SP_LIMIT: 0x7c,
  /** Local exclusive monitor: 1 while open. */
  EXCLUSIVE: 0x80,
  /** CCR.DIV_0_TRP and CCR.UNALIGN_TRP of the current state, 0 or 1. */
  TRAP_DIVIDE: 0x84,
  TRAP_UNALIGNED: 0x88,
  /** Where an indirect branch out of the window goes: the value as loaded, bit 0 included. */
  TARGET: 0x8c,
  /** Words read by a load of several registers, before they are committed. */
  STAGED: 0xc0,

  /** Banked registers, Non-secure at the name's address and Secure 4 bytes further. */
  MSP: 0x100,
  PSP: 0x108,
  MSPLIM: 0x110,
  PSPLIM: 0x118,
  CONTROL: 0x120,
  PRIMASK: 0x128,
  BASEPRI: 0x130,
  FAULTMASK: 0x138,
  /** 1 in the Secure state. */
  SECURE: 0x140,
  IPSR: 0x144,
  /** PC while it is in no code window. */
  OUTSIDE_PC: 0x148,
  /** EPSR.T */
  THUMB: 0x14c,

  /** Banked, as above. */
  FPCCR: 0x150,
  FPCAR: 0x158,
  FPDSCR: 0x160,
  FPSCR: 0x168,
  /** 1: a floating-point instruction may go ahead, nothing has to be checked or saved before. */
  FLOAT_READY: 0x16c,
  /** CONTROL.FPCA and CONTROL_S.SFPA. */
  FPCA: 0x170,
  SFPA: 0x174,
  /** s0 to s31. */
  S: 0x180,
  /** As STAGED, for s0 to s31. */
  STAGED_SINGLES: 0x200,
} as const

export type Word = keyof typeof WORDS
export type WordAddress = (typeof WORDS)[Word]

/** Words that stand twice: Non-secure first, Secure 4 bytes further. */
export type BankedWord =
  | 'MSP'
  | 'PSP'
  | 'MSPLIM'
  | 'PSPLIM'
  | 'CONTROL'
  | 'PRIMASK'
  | 'BASEPRI'
  | 'FAULTMASK'
export type FloatBanked = (typeof WORDS)['FPCCR' | 'FPCAR' | 'FPDSCR']
export type Banked = (typeof WORDS)[BankedWord]

/** A predecoded instruction takes 16 bytes for each halfword of its address. */
export const ENTRY = {
  bytes: 16,
  /** log2 of entry bytes for each byte of code. */
  scale: 3,
  /** u16: what the loop dispatches on. */
  dispatch: 0,
  /** u16: the handler of the instruction itself, without its condition. */
  handler: 2,
  /** Four u8: register numbers times four. */
  registers: 4,
  /** Two i32. */
  immediates: 8,
} as const

export const PREDECODE = {
  start: 0x1000_0000,
  end: 0x1400_0000,
  /** Distance to the entry that the same instruction has inside an IT block. */
  itOffset: 0x0400_0000,
  /** Distance from an entry to its IT word: see `IT_WORD`. */
  itWordOffset: 0x0800_0000,
} as const

export const MAPS = {
  start: 0x1d00_0000,
  /** Of one map; Non-secure privileged and unprivileged, then Secure. */
  size: 0x80_0000,
  count: 4,
  /** log2 of the bytes that one map byte stands for. */
  shift: 9,
  known: 1,
  read: 4,
  write: 8,
} as const

/** The access map of a state and privilege. */
export function mapOf(isSecure: boolean, isPrivileged: boolean): number {
  return MAPS.start + ((isSecure ? 2 : 0) + (isPrivileged ? 0 : 1)) * MAPS.size
}

/** The IT word: bits [15:0] the state expected before the instruction, bits [23:16] its own. */
export const IT_FIRST = 0x100
