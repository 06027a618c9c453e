/** docs/reference/boards.md: board files, from the tables of parts. */
import { boardKeys, unitWords } from '@microvisor/device'
import {
  type ControlRule,
  defaultI2c,
  defaultSpi,
  type PartKind,
  partKinds,
  type SettingRule,
  serialPins,
  XSPI_NAMES,
} from '@microvisor/mcu'
import { code, table } from './markdown.ts'

export function makeBoardPage(): string {
  return `# Board files

<!-- Generated from packages/mcu/src/board by \`npm run gen\`: change it there. -->

A board file says what hangs on the development board. Without one, a scenario has the user LED (PA5), the
system LED (PE3, PE5, PE6), the user button (PC13) and the serial log (PD5).

${example}

${table(
  ['key', 'what it is'],
  Object.entries(boardKeys).map(([key, about]) => [code(key), about]),
)}
A mistake is told with file, line, column, and what would be right: a word that is not known (with the nearest that
is), a value without its unit or out of range, two parts on one address of a bus, two drivers of one pin. What shows
only while running is told in the report: firmware and a part driving a pin against each other fail a scenario; a bus
that is used while its pins are not switched to it gets a hint, and nobody on it answers.

## Buses and ports

Where they lead unless \`buses\` says otherwise. Serial ports cannot be moved. Ports of the OCTOSPIs are wherever
firmware has switched their signals to.

${table(['bus', 'pins'], buses())}
## Units

${table(
  ['of', 'words'],
  Object.entries(unitWords).flatMap(([unit, words]) =>
    unit === '' ? [] : [[unit, Object.keys(words).map(code).join(', ')]],
  ),
)}
## Parts

${[...partKinds.values()].map(section).join('\n')}`
}

const example = `\`\`\`yaml
board: greenhouse
buses:
  I2C1: { scl: PB6, sda: PB7 }
parts:
  thermometer: { kind: mcp9808, bus: I2C1, address: 0x18, temperature: 21 C }
  display: { kind: ht16k33, bus: I2C1 }
  shake: { kind: lis3dh, bus: I2C1, address: 0x19, int1: PB4 }
  door: { kind: button, pin: PA0, pressed: low, bounce: 5 ms }
  modem: { kind: serial, port: USART1, link: "tcp:9000" }
\`\`\``

function buses(): string[][] {
  const led = [...Object.entries(defaultI2c), ...Object.entries(defaultSpi)]
  const rows = led.map(([name, pins]) => {
    return [
      name,
      Object.entries(pins)
        .map(([signal, pin]) => `${signal} ${pin}`)
        .join(', '),
    ]
  })
  const ports = Object.entries(serialPins).map(([name, { tx, rx }]) => [name, `tx ${tx}, rx ${rx}`])
  return [...rows, ...ports]
}

function section(kind: PartKind): string {
  const settings = Object.entries(kind.settings).map(([name, rule]) => [
    code(name),
    describeSetting(rule),
  ])
  const controls = Object.entries(kind.controls).map(([name, rule]) => [
    code(name),
    describeControl(rule),
  ])
  const readings = Object.entries(kind.readings).map(([name, about]) => [code(name), about])
  const part = (title: string, rows: string[][]) =>
    rows.length === 0 ? '' : `\n${table([title, ''], rows)}`
  return `### ${kind.kind}

${kind.title}. After ${kind.source}. Not modelled: ${kind.notModelled}.
${part('setting', settings)}${part('control', controls)}${part('reading', readings)}`
}

function describeSetting(rule: SettingRule): string {
  const { about } = rule
  if (rule.type === 'pin') return `a pin: ${about}${rule.isRequired ? '; required' : ''}`
  if (rule.type === 'number')
    return `${about}: ${range(rule)}, ${quantity(rule.fallback, rule.unit)} unless given`
  if (rule.type === 'choice')
    return `${about}: ${rule.among.map(code).join(', ')}; ${code(rule.fallback)} unless given`
  if (rule.type === 'address') {
    const hex = (n: number) => `0x${n.toString(16).padStart(2, '0')}`
    const ends = `${hex(rule.among[0]!)} to ${hex(rule.among.at(-1)!)}`
    return `${about}: ${ends}; ${rule.fallback === undefined ? 'required' : `${hex(rule.fallback)} unless given`}`
  }
  if (rule.type === 'registers') return `a mapping: ${about}`
  if (rule.type === 'text' || rule.type === 'file') return about
  if (rule.type === 'memory bus') {
    const names = [...Object.keys(defaultSpi), ...XSPI_NAMES]
    return `${about}: ${names.map(code).join(', ')}; required`
  }
  return `${about}; required`
}

function describeControl(rule: ControlRule): string {
  if (rule.type === 'yes-no')
    return `${rule.about}: yes or no, at first ${rule.initial ? 'yes' : 'no'}`
  return `${rule.about}: ${range(rule)}, at first ${quantity(rule.initial, rule.unit)}`
}

function range({ min, max, unit }: { min: number; max: number; unit: string }): string {
  return `${min} to ${quantity(max, unit)}`
}

function quantity(value: number, unit: string): string {
  return unit === '' ? `${value}` : `${value} ${unit}`
}
