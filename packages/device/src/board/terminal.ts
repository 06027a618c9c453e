/**
 * A picture of the board as lines for a terminal, from the picture model. Colours are ANSI escape
 * sequences of 24 bits; without them the same lines in plain text.
 */
import type { BoardPicture, NamedPicture, Picture } from '@microvisor/mcu'

export interface TerminalOptions {
  readonly hasColours: boolean
}

const LIGHT: Readonly<Record<string, readonly [number, number, number]>> = {
  ...{ red: [255, 80, 60], green: [80, 255, 120], blue: [90, 150, 255], yellow: [255, 225, 80] },
  ...{ orange: [255, 160, 60], white: [255, 255, 255] },
}
const NAME_WIDTH = 14
/** Braille patterns: dots of a cell of two by four, by column and row. */
const DOTS = [
  [0x01, 0x02, 0x04, 0x40],
  [0x08, 0x10, 0x20, 0x80],
] as const
const BRAILLE = 0x2800

export function boardLines(picture: BoardPicture, options: TerminalOptions): string[] {
  const head = `${picture.board}  ${picture.seconds.toFixed(3)} s`
  return [head, '', ...picture.parts.flatMap((part) => partLines(part, options))]
}

function partLines({ name, picture }: NamedPicture, options: TerminalOptions): string[] {
  const lines = bodyLines(picture, options)
  const indent = ' '.repeat(NAME_WIDTH)
  return lines.map(
    (line, i) => (i === 0 ? name.slice(0, NAME_WIDTH - 1).padEnd(NAME_WIDTH) : indent) + line,
  )
}

function bodyLines(picture: Picture, { hasColours }: TerminalOptions): string[] {
  const paint = (text: string, colour: readonly number[], strength: number) =>
    hasColours ? coloured(text, colour, strength) : text
  if (picture.kind === 'led') {
    const { colour, brightness } = picture
    const mark = brightness > 0.02 ? '●' : '○'
    return [`${paint(mark, LIGHT[colour] ?? LIGHT.green!, brightness)} ${percent(brightness)}`]
  }
  if (picture.kind === 'rgb') {
    const { red, green, blue } = picture
    const strength = Math.max(red, green, blue)
    const mark = strength > 0.02 ? '●' : '○'
    const names = [red > 0.02 && 'red', green > 0.02 && 'green', blue > 0.02 && 'blue'].filter(
      Boolean,
    )
    const colour = [red * 255, green * 255, blue * 255]
    return [`${paint(mark, colour, strength > 0 ? 1 : 0)} ${names.join(' + ') || 'off'}`]
  }
  if (picture.kind === 'button') return [picture.isPressed ? '[■] pressed' : '[ ]']
  if (picture.kind === 'dial') return [dial(picture.position)]
  if (picture.kind === 'segments') {
    const { brightness } = picture
    return segmentLines(picture).map((line) => paint(line, LIGHT.red!, brightness))
  }
  if (picture.kind === 'pixels') return pixelLines(picture)
  return picture.lines.length > 0 ? picture.lines.map(printable) : ['']
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`
}

function dial(position: number): string {
  const at = Math.round(position * 20)
  return `├${'─'.repeat(at)}●${'─'.repeat(20 - at)}┤ ${percent(position)}`
}

/** Seven segments as three rows of three characters; fourteen as their text. */
function segmentLines(picture: Extract<Picture, { kind: 'segments' }>): string[] {
  const { digits, style, brightness, text, hasColon } = picture
  if (style === '14-segment') return [brightness > 0 ? text : '']
  const lit = brightness > 0 ? digits : digits.map(() => 0)
  const row = (cell: (mask: number) => string) => lit.map(cell).join(' ')
  const bit = (mask: number, n: number, char: string) => ((mask >> n) & 1 ? char : ' ')
  const colon = hasColon && brightness > 0 ? '  :' : ''
  return [
    row((mask) => ` ${bit(mask, 0, '_')}  `),
    row((mask) => `${bit(mask, 5, '|')}${bit(mask, 6, '_')}${bit(mask, 1, '|')} `),
    row(
      (mask) => `${bit(mask, 4, '|')}${bit(mask, 3, '_')}${bit(mask, 2, '|')}${bit(mask, 7, '.')}`,
    ) + colon,
  ]
}

/** In a frame, which shows where a dark display is. */
function pixelLines({ width, height, pixels }: Extract<Picture, { kind: 'pixels' }>): string[] {
  const edge = '─'.repeat(width / 2)
  const lines = [`┌${edge}┐`]
  for (let top = 0; top < height; top += 4) {
    let line = ''
    for (let left = 0; left < width; left += 2) {
      let dots = 0
      for (let x = 0; x < 2; x++) {
        for (let y = 0; y < 4; y++) if (pixels[(top + y) * width + left + x]) dots |= DOTS[x]![y]!
      }
      line += String.fromCharCode(BRAILLE + dots)
    }
    lines.push(`│${line}│`)
  }
  return [...lines, `└${edge}┘`]
}

function coloured(text: string, colour: readonly number[], strength: number): string {
  const [red, green, blue] = colour.map((value) =>
    Math.round(50 + (value - 50) * Math.min(1, strength) ** 0.6),
  )
  return `\u001b[38;2;${red};${green};${blue}m${text}\u001b[0m`
}

/** Control characters of the firmware's text would move the cursor. */
function printable(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what this is about.
  return text.replace(/[\u0000-\u001f\u007f-\u009f]/g, ' ')
}
