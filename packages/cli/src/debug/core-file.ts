/**
 * A core file of a crash: ELF for Arm (ELF for the Arm Architecture; System V ABI, chapter 4), with
 * notes as GDB reads and writes them for bare-metal Arm: NT_PRSTATUS in Linux's layout, and GDB's own
 * NT_GDB_TDESC, which says that this is an M-profile core. Code comes from the program's own ELF file.
 */
import { coreTargetXml } from './gdb/target-description.ts'

export interface CoreContents {
  /** r0 to r12, sp, lr, pc, xpsr. */
  readonly registers: readonly number[]
  /** s0 to s31 and FPSCR; empty if there are none. */
  readonly floats: readonly number[]
  readonly signal: number
  readonly memory: readonly { readonly address: number; readonly data: Uint8Array }[]
}

const EHDR_BYTES = 52
const PHDR_BYTES = 32
const [ET_CORE, EM_ARM, EF_ARM_EABI5] = [4, 40, 0x0500_0000]
const [PT_LOAD, PT_NOTE] = [1, 4]
const [NT_PRSTATUS, NT_ARM_VFP, NT_GDB_TDESC] = [1, 0x400, 0xff00_0000]
/** d0 to d31, of which the chip has half, and FPSCR. */
const VFP = { bytes: 260, fpscr: 256 } as const
/** struct elf_prstatus of 32-bit Arm. */
const PRSTATUS = { bytes: 148, signal: 12, process: 24, registers: 72 } as const
const READ_WRITE = 6
const ANYTHING = 1

export function makeCore({ registers, floats, signal, memory }: CoreContents): Uint8Array {
  const notes = Buffer.concat([
    note('CORE', NT_PRSTATUS, prstatus(registers, signal)),
    ...(floats.length > 0 ? [note('LINUX', NT_ARM_VFP, vfp(floats))] : []),
    note('GDB', NT_GDB_TDESC, Buffer.from(`${coreTargetXml(floats.length > 0)}\0`)),
  ])
  const parts = [{ type: PT_NOTE, address: 0, data: notes }]
  for (const { address, data } of memory) {
    parts.push({ type: PT_LOAD, address, data: Buffer.from(data) })
  }
  const headers: Buffer[] = [header(parts.length)]
  let offset = EHDR_BYTES + PHDR_BYTES * parts.length
  for (const { type, address, data } of parts) {
    headers.push(words(type, offset, address, 0, data.length, data.length, READ_WRITE, 4))
    offset += data.length
  }
  return Buffer.concat([...headers, ...parts.map(({ data }) => data)])
}

function header(programHeaders: number): Buffer {
  const bytes = Buffer.alloc(EHDR_BYTES)
  // 32 bits, the lowest byte first, version 1.
  bytes.set([0x7f, 0x45, 0x4c, 0x46, 1, 1, 1])
  bytes.writeUInt16LE(ET_CORE, 16)
  bytes.writeUInt16LE(EM_ARM, 18)
  bytes.writeUInt32LE(1, 20)
  bytes.writeUInt32LE(EHDR_BYTES, 28)
  bytes.writeUInt32LE(EF_ARM_EABI5, 36)
  for (const [index, value] of [EHDR_BYTES, PHDR_BYTES, programHeaders].entries()) {
    bytes.writeUInt16LE(value, 40 + 2 * index)
  }
  return bytes
}

function prstatus(registers: readonly number[], signal: number): Buffer {
  const bytes = Buffer.alloc(PRSTATUS.bytes)
  bytes.writeUInt16LE(signal, PRSTATUS.signal)
  bytes.writeUInt32LE(ANYTHING, PRSTATUS.process)
  for (const [index, value] of registers.entries()) {
    bytes.writeUInt32LE(value >>> 0, PRSTATUS.registers + 4 * index)
  }
  return bytes
}

function vfp(floats: readonly number[]): Buffer {
  const bytes = Buffer.alloc(VFP.bytes)
  const singles = floats.slice(0, 32)
  for (const [index, word] of singles.entries()) bytes.writeUInt32LE(word >>> 0, 4 * index)
  bytes.writeUInt32LE((floats[32] ?? 0) >>> 0, VFP.fpscr)
  return bytes
}

/** Name and content are padded to words. */
function note(name: string, type: number, content: Buffer): Buffer {
  const padded = (bytes: Buffer) => Buffer.concat([bytes, Buffer.alloc(-bytes.length & 3)])
  const named = Buffer.from(`${name}\0`)
  return Buffer.concat([words(named.length, content.length, type), padded(named), padded(content)])
}

function words(...values: number[]): Buffer {
  const bytes = Buffer.alloc(4 * values.length)
  for (const [index, value] of values.entries()) bytes.writeUInt32LE(value >>> 0, 4 * index)
  return bytes
}
