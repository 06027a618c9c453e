/**
 * Serial NOR flash on SPI or on a port of the OCTOSPIs. Datasheets: see nor-flash-types.ts.
 *
 * Reads of all line counts, page program with its wrap at the page's end, sector, block and chip
 * erase with typical times, status registers with write enable, block protection and quad enable;
 * identification, SFDP, QPI, eight lines, three and four address bytes, power-down, reset. Bits go
 * from 1 to 0 until they are erased. Dummy clocks count: too few or too many shift the data.
 *
 * The contents begin as `image` and are lost with the scenario.
 */
import type { Lanes } from '../../lines/xspi-bus.ts'
import { type PartKind, type PartSurroundings, text } from '../part.ts'
import { NorCells } from './nor-flash-cells.ts'
import {
  modeLines,
  type NorCommand,
  type NorMode,
  type NorName,
  norTypes,
} from './nor-flash-types.ts'

export const norFlash: PartKind = {
  kind: 'nor-flash',
  title: 'serial NOR flash',
  source: 'Winbond W25Q64JV and W25Q256JV, Macronix MX25LM51245G, JESD216',
  notModelled:
    'suspend and resume, sector locks, security registers, one-time bits, wear; continuous reads without instruction',
  settings: {
    bus: { type: 'memory bus', about: 'an SPI, or the port of pins of the OCTOSPIs it is on' },
    select: { type: 'pin', about: 'its chip select, active low; on an SPI' },
    type: { type: 'choice', about: 'what it is', among: Object.keys(norTypes), fallback: 'W25Q64' },
    image: { type: 'file', about: 'a file with its first contents; erased unless given' },
  },
  controls: {},
  readings: {
    programs: 'pages that were programmed',
    erases: 'erase commands that were carried out',
    busy: 'whether it programs or erases',
  },
  problem(settings) {
    const isSpi = text(settings, 'bus').startsWith('SPI')
    if (isSpi && settings.select === undefined)
      return 'on an SPI it needs `select`, the pin of its chip select'
    if (!isSpi && settings.select !== undefined)
      return 'the OCTOSPI has a chip select of its own: drop `select`'
    return undefined
  },
  make(around) {
    const flash = new NorFlash(around)
    const bus = text(around.settings, 'bus')
    if (bus.startsWith('SPI')) {
      around.attachSpi(bus, flash.onSpi(), text(around.settings, 'select'))
    } else around.attachXspi(bus, flash)
    return flash
  },
}

/** Clocks before the data of QPI reads, by bits 5 and 4 of the read parameters. */
const QPI_GAPS = [2, 4, 6, 8]
/** Clocks before the data on eight lines, by the register at 0x300. */
const OPI_GAPS = [20, 18, 16, 14, 12, 10, 8, 6]
const OPI_MODE_REGISTER = 0
const OPI_GAP_REGISTER = 0x300
const UNIQUE_ID = [0xd2, 0x64, 0x3c, 0x11, 0x5b, 0x87, 0x2e, 0x09]

type Phase = 'code' | 'address' | 'gap' | 'data' | 'lost'

class NorFlash {
  readonly name: string
  readonly #cells: NorCells
  readonly #type: (typeof norTypes)[NorName]
  #mode: NorMode = 'spi'
  #isFourByte = false
  #isAsleep = false
  #isResetEnabled = false
  #qpiGap = QPI_GAPS[0]!
  readonly #registers = new Map<number, number>()
  // The command under way.
  #phase: Phase = 'code'
  #code: number[] = []
  #command: NorCommand | undefined
  #address = 0
  #addressBytes = 0
  #gapClocks = 0
  #data: number[] = []
  /** Bits of data that the controller has clocked past. */
  #bitsOut = 0

  constructor(around: PartSurroundings) {
    this.name = around.name
    this.#type = norTypes[text(around.settings, 'type') as NorName]
    const image = around.settings.image
    this.#cells = new NorCells(this.#type, {
      image: image instanceof Uint8Array ? image : new Uint8Array(0),
      seconds: () => around.seconds(),
    })
  }

  powerUp(): void {
    this.#reset()
    this.#cells.powerUp()
  }

  readings() {
    const { programs, erases, isBusy } = this.#cells
    return { programs, erases, busy: isBusy }
  }

  picture() {
    const { programs, erases } = this.#cells
    const lines = [this.#type.title, `${programs} pages programmed, ${erases} erases`]
    return { kind: 'values', lines } as const
  }

  /** As a device of an SPI: a byte out for each byte in. */
  onSpi() {
    const lanes = { lines: 1, isDtr: false } as const
    return {
      select: (isSelected: boolean) => this.select(isSelected),
      exchange: (byte: number): number => {
        if (this.#phase === 'data' && this.#isOutput) return this.read(lanes)
        this.write(byte & 0xff, lanes)
        return 0xff
      },
    }
  }

  select(isSelected: boolean): void {
    if (!isSelected) this.#end()
    this.#phase = 'code'
    this.#code = []
    this.#command = undefined
  }

  write(byte: number, lanes: Lanes): void {
    if (this.#phase === 'code') this.#takeCode(byte, lanes)
    else if (this.#phase === 'address') this.#takeAddress(byte, lanes)
    else if (this.#phase === 'gap') this.dummy(8 / lanes.lines / (lanes.isDtr ? 2 : 1))
    else if (this.#phase === 'data' && this.#isData(lanes)) this.#data.push(byte)
  }

  dummy(clocks: number): void {
    this.#gapClocks += clocks
    const isOver = this.#command !== undefined && this.#gapClocks >= this.#gap(this.#command)
    if (this.#phase === 'gap' && isOver) this.#phase = 'data'
  }

  read(lanes: Lanes): number {
    const command = this.#command
    if (command === undefined || !this.#isOutput || !this.#isData(lanes)) return 0xff
    if (this.#phase !== 'gap' && this.#phase !== 'data') return 0xff
    // Clocks that were too many or too few before the data shift it.
    const early = (this.#gapClocks - this.#gap(command)) * lanes.lines * (lanes.isDtr ? 2 : 1)
    const at = this.#bitsOut + early
    this.#bitsOut += 8
    const [index, shift] = [Math.floor(at / 8), ((at % 8) + 8) % 8]
    const both = (this.#out(command, index) << 8) | this.#out(command, index + 1)
    return (both >>> (8 - shift)) & 0xff
  }

  #takeCode(byte: number, lanes: Lanes): void {
    const isDtr = this.#mode === 'opi-dtr'
    if (lanes.lines !== modeLines[this.#mode] || lanes.isDtr !== isDtr) {
      this.#phase = 'lost'
      return
    }
    this.#code.push(byte)
    const isOctal = this.#mode === 'opi' || isDtr
    if (isOctal && this.#code.length < 2) return
    // On eight lines the second byte is the complement of the first.
    const isTrue = !isOctal || this.#code[0] === (~byte & 0xff)
    this.#begin(isTrue ? this.#find(this.#code[0]!) : undefined)
  }

  #find(code: number): NorCommand | undefined {
    const commands: readonly NorCommand[] = this.#type.commands
    const command = commands.find((row) => row.code === code && row.modes.includes(this.#mode))
    if (command === undefined) return undefined
    if (this.#isAsleep && command.does !== 'wake') return undefined
    const isPatient = ['read-status', 'reset-enable', 'reset'].includes(command.does)
    if (this.#cells.isBusy && !isPatient) return undefined
    const needsQuad = command.lines.some((lines) => lines === 4) || command.does === 'qpi'
    return needsQuad && !this.#cells.isQuadEnabled ? undefined : command
  }

  #begin(command: NorCommand | undefined): void {
    this.#command = command
    this.#address = 0
    this.#addressBytes = 0
    this.#gapClocks = 0
    this.#bitsOut = 0
    this.#data = []
    if (command === undefined) this.#phase = 'lost'
    else if (this.#addressLength(command) > 0) this.#phase = 'address'
    else this.#afterAddress(command)
  }

  #takeAddress(byte: number, lanes: Lanes): void {
    const command = this.#command!
    const wanted = this.#mode === 'spi' ? command.lines[0] : modeLines[this.#mode]
    if (lanes.lines !== wanted) {
      this.#phase = 'lost'
      return
    }
    this.#address = this.#address * 256 + byte
    if (++this.#addressBytes === this.#addressLength(command)) this.#afterAddress(command)
  }

  #afterAddress(command: NorCommand): void {
    this.#phase = this.#gap(command) > 0 ? 'gap' : 'data'
  }

  #addressLength({ address }: NorCommand): number {
    return address === 'mode' ? (this.#isFourByte ? 4 : 3) : address
  }

  #gap({ gap }: NorCommand): number {
    if (gap !== 'set') return gap
    if (this.#mode === 'qpi') return this.#qpiGap
    return OPI_GAPS[(this.#registers.get(OPI_GAP_REGISTER) ?? 0) & 7]!
  }

  get #isOutput(): boolean {
    const does = this.#command?.does ?? ''
    return does.startsWith('read') ? does !== 'read-parameters' : does === 'wake'
  }

  #isData({ lines }: Lanes): boolean {
    const command = this.#command
    if (command === undefined) return false
    return lines === (this.#mode === 'spi' ? command.lines[1] : modeLines[this.#mode])
  }

  /** The byte that a reading command gives at this place; ones before the first. */
  #out({ does, what }: NorCommand, index: number): number {
    if (index < 0) return 0xff
    const { id, sfdp } = this.#type
    if (does === 'read') return this.#cells.read(this.#address + index)
    if (does === 'read-status') return this.#cells.status(what)
    if (does === 'read-id') return id[index % id.length]!
    if (does === 'read-device-id') return [id[0]!, id[2]! - 1][(this.#address + index) & 1]!
    if (does === 'wake') return id[2]! - 1
    if (does === 'read-unique-id') return UNIQUE_ID[index % UNIQUE_ID.length]!
    if (does === 'read-sfdp') return sfdp[this.#address + index] ?? 0xff
    return this.#registers.get(this.#address) ?? 0
  }

  /** Chip select rises: what is not a read is done now. */
  #end(): void {
    const command = this.#command
    // The release from power-down needs no more than its code.
    if (this.#phase === 'gap' && command?.does === 'wake') this.#isAsleep = false
    if (command === undefined || this.#phase !== 'data') return
    const { does, what } = command
    const cells = this.#cells
    const wasResetEnabled = this.#isResetEnabled
    this.#isResetEnabled = does === 'reset-enable'
    if (does === 'write-enable' || does === 'write-disable') cells.enable(does === 'write-enable')
    else if (does === 'program') cells.program(this.#address, this.#data)
    else if (does === 'erase') cells.erase(this.#address, what)
    else if (does === 'erase-chip') cells.eraseAll()
    else if (does === 'write-status') cells.writeStatus(what, this.#data)
    else if (does === 'write-register') this.#writeRegister()
    else if (does === 'reset' && wasResetEnabled) this.#reset()
    else this.#switch(command)
  }

  #switch({ does }: NorCommand): void {
    if (does === 'qpi') this.#mode = 'qpi'
    else if (does === 'spi') this.#mode = 'spi'
    else if (does === 'four-byte' || does === 'three-byte') this.#isFourByte = does === 'four-byte'
    else if (does === 'read-parameters') this.#qpiGap = QPI_GAPS[((this.#data[0] ?? 0) >> 4) & 3]!
    else if (does === 'power-down' || does === 'wake') this.#isAsleep = does === 'power-down'
  }

  /** Configuration register 2 of an octal flash. */
  #writeRegister(): void {
    const [value] = this.#data
    if (value === undefined || !this.#cells.takeEnable()) return
    this.#registers.set(this.#address, value)
    if (this.#address !== OPI_MODE_REGISTER) return
    this.#mode = (value & 2) !== 0 ? 'opi-dtr' : (value & 1) !== 0 ? 'opi' : 'spi'
  }

  #reset(): void {
    this.#mode = 'spi'
    this.#isFourByte = false
    this.#isAsleep = false
    this.#qpiGap = QPI_GAPS[0]!
    this.#registers.clear()
    this.#cells.reset()
    this.#phase = 'code'
    this.#command = undefined
  }
}
