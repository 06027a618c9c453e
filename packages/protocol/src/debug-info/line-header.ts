/**
 * The header of a line number program: DWARF 2 to 5, section 6.2.4 of each. Names of files are put
 * together with their folders; those below the folder in which it was compiled are shown from there.
 */
import { SOURCE_FILES_MAX } from '../limits.ts'
import { DwarfError, DwarfReader } from './dwarf-reader.ts'

/** The sections that line programs are in, by name. */
export type DebugSections = ReadonlyMap<string, Uint8Array>

export interface LineHeader {
  readonly minimumInstructionBytes: number
  readonly lineBase: number
  readonly lineRange: number
  readonly opcodeBase: number
  /** Operands of each standard opcode, from 1 on. */
  readonly operands: readonly number[]
  /** By the number that the program calls them. */
  readonly files: readonly string[]
}

const VERSIONS = { first: 2, withOperations: 4, withForms: 5 } as const

/** Undefined for a version that is not known. Leaves the reader at the program's first opcode. */
export function readLineHeader(
  reader: DwarfReader,
  sections: DebugSections,
): LineHeader | undefined {
  const version = reader.u16()
  if (version < VERSIONS.first || version > VERSIONS.withForms) return undefined
  if (version >= VERSIONS.withForms) reader.skip(2)
  const headerBytes = reader.u32()
  const programAt = reader.at + headerBytes
  const minimumInstructionBytes = reader.u8()
  if (version >= VERSIONS.withOperations) reader.skip(1)
  reader.skip(1)
  const [lineBase, lineRange, opcodeBase] = [reader.i8(), reader.u8(), reader.u8()]
  if (lineRange === 0 || opcodeBase === 0) throw new DwarfError('a line range of 0')
  const operands = [0, ...Array.from({ length: opcodeBase - 1 }, () => reader.u8())]
  const files = version >= VERSIONS.withForms ? newFiles(reader, sections) : oldFiles(reader)
  if (programAt < reader.at || programAt > reader.end) throw new DwarfError('a header too long')
  reader.at = programAt
  return { minimumInstructionBytes, lineBase, lineRange, opcodeBase, operands, files }
}

/** Files count from 1, and folder 0 is not named. */
function oldFiles(reader: DwarfReader): string[] {
  const folders = ['']
  for (let name = reader.text(); name !== ''; name = reader.text()) folders.push(name)
  const files = ['']
  for (let name = reader.text(); name !== ''; name = reader.text()) {
    files.push(pathOf(folders, reader.uleb(), name))
    reader.uleb()
    reader.uleb()
    checkCount(files.length)
  }
  return files
}

const CONTENT = { path: 1, folder: 2 } as const

function newFiles(reader: DwarfReader, sections: DebugSections): string[] {
  const folders = readEntries(reader, sections).map(({ path }) => path)
  return readEntries(reader, sections).map(({ path, folder }) => pathOf(folders, folder, path))
}

interface Entry {
  readonly path: string
  readonly folder: number
}

function readEntries(reader: DwarfReader, sections: DebugSections): Entry[] {
  const format = Array.from({ length: reader.u8() }, () => ({
    content: reader.uleb(),
    form: reader.uleb(),
  }))
  const count = reader.uleb()
  checkCount(count)
  return Array.from({ length: count }, () => {
    const entry = { path: '', folder: 0 }
    for (const { content, form } of format) {
      const value = readForm(reader, form, sections)
      if (content === CONTENT.path) entry.path = String(value)
      if (content === CONTENT.folder) entry.folder = Number(value)
    }
    return entry
  })
}

/** DW_FORM_… as far as headers of line programs use them. */
const FORM = {
  data2: 0x05,
  data4: 0x06,
  data8: 0x07,
  string: 0x08,
  block: 0x09,
  data1: 0x0b,
  strp: 0x0e,
  udata: 0x0f,
  data16: 0x1e,
  lineStrp: 0x1f,
} as const

function readForm(reader: DwarfReader, form: number, sections: DebugSections): string | number {
  switch (form) {
    case FORM.string:
      return reader.text()
    case FORM.lineStrp:
      return textAt(sections.get('.debug_line_str'), reader.u32())
    case FORM.strp:
      return textAt(sections.get('.debug_str'), reader.u32())
    case FORM.udata:
      return reader.uleb()
    case FORM.data1:
      return reader.u8()
    case FORM.data2:
      return reader.u16()
    case FORM.data4:
      return reader.u32()
    case FORM.data8:
      reader.skip(8)
      return 0
    case FORM.data16:
      reader.skip(16)
      return 0
    case FORM.block:
      reader.skip(reader.uleb())
      return 0
    default:
      throw new DwarfError(`form ${form} is not known`)
  }
}

function textAt(section: Uint8Array | undefined, at: number): string {
  return section === undefined ? '' : new DwarfReader(section, at).text()
}

function pathOf(folders: readonly string[], folder: number, name: string): string {
  if (name.startsWith('/')) return shorten(folders[0] ?? '', name)
  const place = folders[folder] ?? ''
  return shorten(folders[0] ?? '', place === '' ? name : `${place}/${name}`)
}

function shorten(home: string, path: string): string {
  return home !== '' && path.startsWith(`${home}/`) ? path.slice(home.length + 1) : path
}

function checkCount(count: number): void {
  if (count > SOURCE_FILES_MAX) throw new DwarfError(`more than ${SOURCE_FILES_MAX} source files`)
}
