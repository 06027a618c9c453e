/**
 * One command of an OCTOSPI: its phases as the configuration registers describe them, sent to the
 * buses. RM0456, "OCTOSPI regular-command protocol".
 */
import { type Lanes, type LineCount, lineCounts, type XspiBus } from '../lines/xspi-bus.ts'
import type { RegisterFile } from '../registers.ts'
import type { octospiLayout } from './octospi-layout.ts'

type Registers = RegisterFile<typeof octospiLayout>
type Fields = 'CCR' | 'WCCR'

interface Phase extends Lanes {
  readonly bytes: number
  readonly value: number
}

export interface Command {
  /** Instruction, address and alternate bytes: those that there are, in this order. */
  readonly phases: readonly Phase[]
  readonly dummyClocks: number
  /** Undefined: no data phase. */
  readonly data: Lanes | undefined
}

/** IMODE, ADMODE, ABMODE, DMODE: none, 1, 2, 4 or 8 lines. */
function lines(mode: number): LineCount | undefined {
  return lineCounts[mode - 1]
}

/** What CCR, TCR, IR and ABR (or their W… counterparts) say, for this address. */
export function readCommand(registers: Registers, bank: '' | 'W', address: number): Command {
  const ccr: Fields = `${bank}CCR`
  const phase = (prefix: 'I' | 'AD' | 'AB', value: number): Phase[] => {
    const count = lines(registers.get(ccr, `${prefix}MODE`))
    if (count === undefined) return []
    const bytes = registers.get(ccr, `${prefix}SIZE`) + 1
    return [{ lines: count, isDtr: registers.is(ccr, `${prefix}DTR`), bytes, value }]
  }
  const data = lines(registers.get(ccr, 'DMODE'))
  return {
    phases: [
      ...phase('I', registers.get(`${bank}IR`)),
      ...phase('AD', address),
      ...phase('AB', registers.get(`${bank}ABR`)),
    ],
    dummyClocks: registers.get(`${bank}TCR`, 'DCYC'),
    data: data === undefined ? undefined : { lines: data, isDtr: registers.is(ccr, 'DDTR') },
  }
}

/** Without its instruction, which SIOO has sent once. */
export function withoutInstruction(command: Command): Command {
  return { ...command, phases: command.phases.slice(1) }
}

/** Sends everything before the data phase. */
export function sendHead(command: Command, buses: readonly XspiBus[]): void {
  for (const phase of command.phases) {
    for (let at = phase.bytes - 1; at >= 0; at--) {
      for (const bus of buses) bus.write((phase.value >>> (8 * at)) & 0xff, phase)
    }
  }
  if (command.dummyClocks > 0) for (const bus of buses) bus.dummy(command.dummyClocks)
}

/** Clocks that one byte takes. */
export function clocksPerByte({ lines: count, isDtr }: Lanes): number {
  return 8 / count / (isDtr ? 2 : 1)
}

/** Clocks before the data phase. */
export function headClocks({ phases, dummyClocks }: Command): number {
  return phases.reduce((sum, phase) => sum + phase.bytes * clocksPerByte(phase), dummyClocks)
}

/** Lines that the command needs. */
export function widest({ phases, data }: Command): number {
  return Math.max(0, data?.lines ?? 0, ...phases.map((phase) => phase.lines))
}
