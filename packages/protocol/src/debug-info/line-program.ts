/**
 * Line number programs (DWARF 2 to 5, section 6.2): which line of which file an instruction comes from.
 * Every opcode takes at least one byte and makes at most one row, so a program's work is bounded by its
 * size. What lies below the flash is code that the linker threw away.
 */
import { INTERNAL_FLASH_ADDRESS, LINE_ROWS_MAX, SOURCE_FILES_MAX } from '../limits.ts'
import { DwarfError, DwarfReader } from './dwarf-reader.ts'
import { type DebugSections, type LineHeader, readLineHeader } from './line-header.ts'

export interface LineRow {
  readonly address: number
  /** Into `LineTable.files`; -1: nothing is known from here on. */
  readonly file: number
  readonly line: number
}

export interface LineTable {
  readonly files: readonly string[]
  /** By address; of several at one, the last counts. */
  readonly rows: readonly LineRow[]
}

const UNIT_BYTES_64 = 0xffff_fff0

/** Throws DwarfError. */
export function readLines(sections: DebugSections): LineTable {
  const bytes = sections.get('.debug_line') ?? new Uint8Array(0)
  const table = new TableMaker()
  for (let at = 0; at + 4 <= bytes.length; ) {
    const unitBytes = new DwarfReader(bytes, at).u32()
    if (unitBytes >= UNIT_BYTES_64) throw new DwarfError('64-bit debug information')
    const end = at + 4 + unitBytes
    if (end > bytes.length) throw new DwarfError(`a unit of ${unitBytes} bytes at ${at}`)
    const reader = new DwarfReader(bytes, at + 4, end)
    const header = readLineHeader(reader, sections)
    if (header !== undefined) runProgram(reader, header, table)
    at = end
  }
  return table.finish()
}

class TableMaker {
  readonly #files = new Map<string, number>()
  readonly #rows: LineRow[] = []

  add(address: number, file: string | undefined, line: number): void {
    if (this.#rows.length >= LINE_ROWS_MAX) throw new DwarfError(`more than ${LINE_ROWS_MAX} rows`)
    this.#rows.push({ address, file: file === undefined ? -1 : this.#numberOf(file), line })
  }

  finish(): LineTable {
    const rows = this.#rows
      .filter(({ address }) => address >= INTERNAL_FLASH_ADDRESS)
      // The end of one sequence is the beginning of the next.
      .sort((a, b) => a.address - b.address || Math.min(a.file, 0) - Math.min(b.file, 0))
    const isNew = (row: LineRow, i: number) =>
      row.file !== rows[i - 1]?.file || row.line !== rows[i - 1]?.line
    return { files: [...this.#files.keys()], rows: rows.filter(isNew) }
  }

  #numberOf(file: string): number {
    const known = this.#files.get(file)
    if (known !== undefined) return known
    if (this.#files.size >= SOURCE_FILES_MAX)
      throw new DwarfError(`more than ${SOURCE_FILES_MAX} source files`)
    this.#files.set(file, this.#files.size)
    return this.#files.size - 1
  }
}

/** DW_LNS_… and DW_LNE_…. */
const OP = {
  extended: 0,
  copy: 1,
  advancePc: 2,
  advanceLine: 3,
  setFile: 4,
  constAddPc: 8,
  fixedAdvancePc: 9,
} as const
const EXTENDED = { endSequence: 1, setAddress: 2 } as const
const LAST_OPCODE = 255
const ADDRESS_BYTES = 4

interface State {
  address: number
  file: number
  line: number
}

function runProgram(reader: DwarfReader, header: LineHeader, table: TableMaker): void {
  const { minimumInstructionBytes: unit, lineBase, lineRange, opcodeBase, files } = header
  let state: State = { address: 0, file: 1, line: 1 }
  const emit = () => table.add(state.address, files[state.file] || '?', state.line)
  const advance = (units: number) => {
    state.address = (state.address + units * unit) >>> 0
  }
  while (!reader.isAtEnd) {
    const opcode = reader.u8()
    if (opcode >= opcodeBase) {
      const adjusted = opcode - opcodeBase
      advance(Math.floor(adjusted / lineRange))
      state.line += lineBase + (adjusted % lineRange)
      emit()
    } else if (opcode === OP.extended) {
      if (!runExtended(reader, state)) continue
      table.add(state.address, undefined, 0)
      state = { address: 0, file: 1, line: 1 }
    } else if (opcode === OP.copy) emit()
    else if (opcode === OP.advancePc) advance(reader.uleb())
    else if (opcode === OP.advanceLine) state.line += reader.sleb()
    else if (opcode === OP.setFile) state.file = reader.uleb()
    else if (opcode === OP.constAddPc) advance(Math.floor((LAST_OPCODE - opcodeBase) / lineRange))
    else if (opcode === OP.fixedAdvancePc) state.address = (state.address + reader.u16()) >>> 0
    else for (let i = 0; i < (header.operands[opcode] ?? 0); i++) reader.uleb()
  }
}

/** True at the end of a sequence. */
function runExtended(reader: DwarfReader, state: State): boolean {
  const bytes = reader.uleb()
  const end = reader.at + bytes
  if (bytes === 0) return false
  const opcode = reader.u8()
  if (opcode === EXTENDED.setAddress && bytes === ADDRESS_BYTES + 1) state.address = reader.u32()
  reader.skip(end - reader.at)
  return opcode === EXTENDED.endSequence
}
