/**
 * Board files: which parts hang on the development board, and where. YAML to a `BoardPlan` that can
 * be put together: every name, pin, address, unit and limit is checked here, with line and column.
 */
import { readFileSync, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import {
  type BoardPlan,
  type BusPins,
  boardPins,
  type ControlRule,
  type ControlValue,
  defaultI2c,
  defaultSpi,
  type PartKind,
  type PartPlan,
  parsePin,
  partKinds,
  type SettingRule,
  type SettingValue,
  serialPins,
  XSPI_NAMES,
} from '@microvisor/mcu'
import { parseWhole, readQuantity } from './quantities.ts'
import {
  DescriptionFile,
  describe,
  type Entry,
  type Located,
  refuseUnknown,
} from './yaml-reader.ts'

const PARTS_MAX = 64
/** A file that a part's contents begin as. */
const IMAGE_BYTES_MAX = 256 * 1024 * 1024
const BASES = ['development', 'none'] as const

/** What every development board has. */
const SOLDERED: readonly PartPlan[] = [
  part('user-led', 'led', { pin: boardPins.userLed, lit: 'high', colour: 'green' }),
  part('system-led', 'rgb-led', boardPins.systemLed),
  part('button', 'button', { pin: boardPins.userButton, pressed: 'high', bounce: 0 }),
  part('log', 'serial', { port: boardPins.log, link: '' }),
]

export const developmentBoard: BoardPlan = {
  ...{ name: 'development board', parts: SOLDERED, i2c: defaultI2c, spi: defaultSpi },
}

/** The keys of a board file, for the reader and for the documentation. */
export const boardKeys = {
  board: 'its name',
  base: '`development` (the default: LEDs, button and serial log) or `none`',
  buses: 'where I2C and SPI buses are led to: `I2C1: { scl: PB8, sda: PB9 }`',
  parts: 'what hangs on it: a name for each, then its `kind`, settings and controls',
} as const

export function readBoardFile(path: string): BoardPlan {
  return parseBoard(path, readFileSync(path, 'utf8'))
}

export function parseBoard(name: string, text: string): BoardPlan {
  const file = new DescriptionFile(name, text, 'BOARD_INVALID')
  const plan = readBoard(file.root)
  file.check()
  return plan
}

/** The mapping of a board; what is wrong is refused in the file that it stands in. */
export function readBoard(root: Located): BoardPlan {
  const reader = new BoardReader()
  const byKey = new Map<string, Located>()
  for (const { key, keyNode, value } of root.entries('a board')) {
    if (Object.hasOwn(boardKeys, key)) byKey.set(key, value)
    else refuseUnknown('key', keyNode, Object.keys(boardKeys))
  }
  return reader.read(byKey)
}

class BoardReader {
  readonly #parts: PartPlan[] = []
  readonly #i2c: Record<string, BusPins> = { ...defaultI2c }
  readonly #spi: Record<string, BusPins> = { ...defaultSpi }
  readonly #drivers = new Map<string, string>()
  readonly #addresses = new Map<string, string>()

  read(byKey: ReadonlyMap<string, Located>): BoardPlan {
    const name = byKey.get('board')
    this.#base(byKey.get('base'))
    this.#buses(byKey.get('buses'))
    const parts = byKey.get('parts')?.entries('`parts`') ?? []
    if (parts.length > PARTS_MAX) {
      byKey.get('parts')?.refuse(`There are ${parts.length} parts; at most ${PARTS_MAX}.`)
    }
    for (const entry of parts.slice(0, PARTS_MAX)) this.#part(entry)
    const plan = { name: name?.text ?? 'development board', parts: this.#parts }
    return { ...plan, i2c: this.#i2c, spi: this.#spi }
  }

  #base(value: Located | undefined): void {
    const base = value?.text ?? 'development'
    if (base === 'development') {
      this.#parts.push(...SOLDERED)
      this.#drivers.set(boardPins.userButton, 'button')
    } else if (base !== 'none') refuseUnknown('base', value!, BASES)
  }

  #buses(value: Located | undefined): void {
    for (const { key, keyNode, value: pins } of value?.entries('`buses`') ?? []) {
      const table = key in this.#i2c ? this.#i2c : key in this.#spi ? this.#spi : undefined
      if (table === undefined) {
        refuseUnknown('bus', keyNode, [...Object.keys(this.#i2c), ...Object.keys(this.#spi)])
        continue
      }
      const signals = Object.keys(table[key]!)
      const led = { ...table[key]! }
      for (const signal of pins.entries(key)) {
        if (!signals.includes(signal.key)) refuseUnknown('signal', signal.keyNode, signals)
        else led[signal.key] = readPin(signal.value, `${key}.${signal.key}`) ?? led[signal.key]!
      }
      table[key] = led
    }
  }

  #part({ key: name, keyNode, value }: Entry): void {
    if (!/^[A-Za-z][\w-]{0,31}$/.test(name)) {
      keyNode.refuse(`A part's name has letters, digits, - and _, not ${describe(keyNode)}.`)
    }
    if (this.#parts.some((other) => other.name === name)) {
      keyNode.refuse(`The board has a part \`${name}\` already.`)
    }
    const entries = value.entries(`\`${name}\``)
    const kindEntry = entries.find(({ key }) => key === 'kind')
    if (kindEntry === undefined) {
      keyNode.refuse(`\`${name}\` needs a \`kind\`: ${[...partKinds.keys()].join(', ')}.`)
      return
    }
    const kind = partKinds.get(kindEntry.value.text)
    if (kind === undefined) {
      refuseUnknown('kind of part', kindEntry.value, [...partKinds.keys()])
      return
    }
    this.#settings(name, kind, keyNode, entries)
  }

  #settings(name: string, kind: PartKind, keyNode: Located, entries: readonly Entry[]): void {
    const settings: Record<string, SettingValue> = {}
    const controls: Record<string, ControlValue> = {}
    for (const { key, keyNode: word, value } of entries) {
      const setting = kind.settings[key]
      const control = kind.controls[key]
      if (key === 'kind') continue
      if (setting !== undefined) settings[key] = this.#setting(name, key, setting, value)
      else if (control !== undefined) {
        const read = readControl(value, `${name}.${key}`, control)
        if (read !== undefined) controls[key] = read
      } else {
        const known = ['kind', ...Object.keys(kind.settings), ...Object.keys(kind.controls)]
        refuseUnknown(`setting of ${kind.title}`, word, known)
      }
    }
    for (const [key, rule] of Object.entries(kind.settings)) {
      if (key in settings) continue
      settings[key] = 'fallback' in rule ? rule.fallback : undefined
      if (isRequired(rule)) {
        keyNode.refuse(`\`${name}\` (${kind.title}) needs \`${key}\`: ${rule.about}.`)
      }
    }
    this.#takeAddress(
      name,
      kind,
      settings,
      entries.find(({ key }) => key === 'address')?.value ?? keyNode,
    )
    const problem = kind.problem?.(settings)
    if (problem !== undefined) keyNode.refuse(`\`${name}\` (${kind.title}): ${problem}.`)
    this.#parts.push({ name, kind: kind.kind, settings, controls })
  }

  #setting(name: string, key: string, rule: SettingRule, value: Located): SettingValue {
    const what = `${name}.${key}`
    if (rule.type === 'pin') return this.#pin(name, what, rule.isDriven === true, value)
    if (rule.type === 'number') return readQuantity(value, what, rule)
    if (rule.type === 'registers') return readRegisters(value, what)
    if (rule.type === 'address') return readAddress(value, what, rule.among)
    if (rule.type === 'text') return value.text
    if (rule.type === 'file') return readImage(value, what)
    const known = rule.type === 'choice' ? rule.among : this.#busNames(rule.type)
    return known.includes(value.text) ? value.text : refuseUnknown(key, value, known)
  }

  #busNames(type: 'i2c bus' | 'spi bus' | 'memory bus' | 'serial port'): readonly string[] {
    return {
      'i2c bus': Object.keys(this.#i2c),
      'spi bus': Object.keys(this.#spi),
      'memory bus': [...Object.keys(this.#spi), ...XSPI_NAMES],
      'serial port': Object.keys(serialPins),
    }[type]
  }

  #pin(name: string, what: string, isDriven: boolean, value: Located): string | undefined {
    const pin = readPin(value, what)
    if (pin === undefined || !isDriven) return pin
    const other = this.#drivers.get(pin)
    if (other !== undefined) {
      return value.refuse(`${pin} is driven by \`${other}\` already, not also by \`${name}\`.`)
    }
    this.#drivers.set(pin, name)
    return pin
  }

  #takeAddress(
    name: string,
    kind: PartKind,
    settings: Readonly<Record<string, SettingValue>>,
    where: Located,
  ): void {
    const { bus, address } = settings
    if (typeof address !== 'number' || typeof bus !== 'string') return
    for (const one of kind.addresses?.(settings) ?? [address]) {
      const key = `${bus} 0x${one.toString(16)}`
      const other = this.#addresses.get(key)
      if (other !== undefined) {
        where.refuse(
          `\`${name}\` and \`${other}\` are both at address 0x${one.toString(16)} of ${bus}. Give one of them another address or bus.`,
        )
        return
      }
      this.#addresses.set(key, name)
    }
  }
}

export function readControl(
  value: Located,
  what: string,
  rule: ControlRule,
): ControlValue | undefined {
  if (rule.type === 'number') return readQuantity(value, what, rule)
  if (typeof value.scalar === 'boolean') return value.scalar
  if (value.text === 'yes' || value.text === 'no') return value.text === 'yes'
  return value.refuse(`${what} has to be yes or no, not ${describe(value)}.`)
}

export function readPin(value: Located, what: string): string | undefined {
  const pin = value.text
  if (parsePin(pin) !== undefined) return pin
  return value.refuse(`${what} has to be a pin from PA0 to PI15, not ${describe(value)}.`)
}

function readAddress(value: Located, what: string, among: readonly number[]): number | undefined {
  const address = parseWhole(value.text)
  if (address !== undefined && among.includes(address)) return address
  const hex = (n: number) => `0x${n.toString(16).padStart(2, '0')}`
  const [first, last] = [among[0]!, among.at(-1)!]
  const allowed = among.length > 2 ? `${hex(first)} to ${hex(last)}` : among.map(hex).join(' or ')
  return value.refuse(
    `${what} can be ${allowed} (7 bits, without the read bit), not ${describe(value)}.`,
  )
}

function readRegisters(value: Located, what: string): ReadonlyMap<number, number> {
  const registers = new Map<number, number>()
  for (const { key, keyNode, value: content } of value.entries(what)) {
    const number = parseWhole(key)
    const byte = parseWhole(content.text)
    if (number === undefined || number > 0xff) {
      keyNode.refuse(`A register's number is from 0 to 0xff, not ${describe(keyNode)}.`)
    } else if (byte === undefined || byte > 0xff) {
      content.refuse(`A register holds 0 to 0xff, not ${describe(content)}.`)
    } else registers.set(number, byte)
  }
  return registers
}

/** Bytes of a file that is named relative to the board file. */
function readImage(value: Located, what: string): Uint8Array | undefined {
  const path = resolve(dirname(value.fileName), value.text)
  const found = statSync(path, { throwIfNoEntry: false })
  if (found?.isFile() !== true) {
    return value.refuse(`${what}: there is no file ${describe(value)} beside the board file.`)
  }
  if (found.size > IMAGE_BYTES_MAX) {
    return value.refuse(`${what} has ${found.size} bytes; at most ${IMAGE_BYTES_MAX}.`)
  }
  return new Uint8Array(readFileSync(path))
}

function isRequired(rule: SettingRule): boolean {
  if (rule.type === 'pin') return rule.isRequired === true
  if (rule.type === 'address') return rule.fallback === undefined
  return ['i2c bus', 'spi bus', 'memory bus', 'serial port'].includes(rule.type)
}

function part(
  name: string,
  kind: string,
  settings: Readonly<Record<string, SettingValue>>,
): PartPlan {
  return { name, kind, settings, controls: {} }
}
