/**
 * Commands of an SD card as tables: in which states each is taken, and what it does. SD
 * Specifications Part 1, "Physical Layer Simplified Specification", "Detailed command description".
 */
import type { SdResponse } from '../../lines/sd-bus.ts'
import { cardIdentification } from './sd-card-registers.ts'

/** "Card states", by their number in the card status. */
export const states = [
  'idle',
  'ready',
  'ident',
  'stby',
  'tran',
  'data',
  'rcv',
  'prg',
  'dis',
] as const
export type State = (typeof states)[number]

type Answer = SdResponse | undefined

/** What the tables of commands below ask of a card. */
export interface CardActions {
  goIdle(): Answer
  long(words: readonly number[], next?: State): Answer
  csd(): readonly number[]
  publishAddress(): Answer
  interface(argument: number): Answer
  isAddressed(argument: number): boolean
  normal(index: number): Answer
  appNext(): Answer
  select(argument: number): Answer
  stop(): Answer
  blockLength(argument: number): Answer
  blockCount(argument: number): Answer
  read(index: number, argument: number): Answer
  write(index: number, argument: number): Answer
  eraseFrom(argument: number): Answer
  eraseTo(argument: number): Answer
  erase(): Answer
  switchFunction(argument: number): Answer
  busWidth(argument: number): Answer
  sdStatus(): Answer
  writtenBlocks(): Answer
  configuration(): Answer
  operatingConditions(argument: number): Answer
}

interface CommandRow {
  readonly states: readonly State[]
  run(card: CardActions, argument: number): Answer
}

const on = (stateList: readonly State[], run: CommandRow['run']): CommandRow => ({
  states: stateList,
  run,
})
const ANY = states
const TRAN = ['tran'] as const
const ifAddressed =
  (run: CommandRow['run']): CommandRow['run'] =>
  (card, argument) =>
    card.isAddressed(argument) ? run(card, argument) : undefined

/** By index. "Detailed command description". */
export const commands: Readonly<Record<number, CommandRow>> = {
  0: on(ANY, (card) => card.goIdle()),
  2: on(['ready'], (card) => card.long(cardIdentification(), 'ident')),
  3: on(['ident', 'stby'], (card) => card.publishAddress()),
  6: on(TRAN, (card, argument) => card.switchFunction(argument)),
  7: on(['stby', 'tran', 'data', 'prg', 'dis'], (card, argument) => card.select(argument)),
  8: on(['idle'], (card, argument) => card.interface(argument)),
  9: on(
    ['stby'],
    ifAddressed((card) => card.long(card.csd())),
  ),
  10: on(
    ['stby'],
    ifAddressed((card) => card.long(cardIdentification())),
  ),
  12: on(['tran', 'data', 'rcv', 'prg'], (card) => card.stop()),
  13: on(
    ['stby', 'tran', 'data', 'rcv', 'prg', 'dis'],
    ifAddressed((card) => card.normal(13)),
  ),
  16: on(TRAN, (card, argument) => card.blockLength(argument)),
  17: on(TRAN, (card, argument) => card.read(17, argument)),
  18: on(TRAN, (card, argument) => card.read(18, argument)),
  23: on(TRAN, (card, argument) => card.blockCount(argument)),
  24: on(TRAN, (card, argument) => card.write(24, argument)),
  25: on(TRAN, (card, argument) => card.write(25, argument)),
  32: on(TRAN, (card, argument) => card.eraseFrom(argument)),
  33: on(TRAN, (card, argument) => card.eraseTo(argument)),
  38: on(TRAN, (card) => card.erase()),
  55: on(
    ANY,
    ifAddressed((card) => card.appNext()),
  ),
}

/** Behind CMD55. */
export const appCommands: Readonly<Record<number, CommandRow>> = {
  6: on(TRAN, (card, argument) => card.busWidth(argument)),
  13: on(TRAN, (card) => card.sdStatus()),
  22: on(TRAN, (card) => card.writtenBlocks()),
  23: on(TRAN, (card) => card.normal(23)),
  41: on(['idle'], (card, argument) => card.operatingConditions(argument)),
  42: on(TRAN, (card) => card.normal(42)),
  51: on(TRAN, (card) => card.configuration()),
}
