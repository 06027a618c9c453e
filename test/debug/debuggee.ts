/** The debuggee, built once for all the tests of a process. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buildProject } from '../../tools/samples.ts'

export const DEBUGGEE = join(import.meta.dirname, 'debuggee')

let elf: string | undefined

/** The path of its ELF file. */
export function debuggeeElf(): string {
  if (elf !== undefined) return elf
  const folder = mkdtempSync(join(tmpdir(), 'microvisor-debuggee-'))
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
  buildProject(DEBUGGEE, folder)
  elf = join(folder, 'debuggee.elf')
  return elf
}
