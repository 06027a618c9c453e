/**
 * A picture of the board as shapes, for whoever draws: SVG, pixels, a browser's canvas. Sizes in
 * pixels; colours as #rrggbb.
 */
import type { BoardPicture, NamedPicture, Picture } from '@microvisor/mcu'
import { segmentShapes } from './segment-shapes.ts'
import { DARK, hex, mix, type Shape } from './shapes.ts'

export interface Drawing {
  readonly width: number
  readonly height: number
  readonly shapes: readonly Shape[]
}

const CARD = { width: 280, height: 170, gap: 14, header: 30 } as const
const COLUMNS = 3
const COLOURS = {
  ...{ board: '#14532d', card: '#0f3d22', title: '#d1fae5', faint: '#86b79b', body: '#0b1210' },
} as const
const LIGHT: Readonly<Record<string, readonly [number, number, number]>> = {
  ...{ red: [255, 59, 48], green: [52, 255, 100], blue: [64, 140, 255], yellow: [255, 220, 60] },
  ...{ orange: [255, 150, 40], white: [255, 255, 250] },
}
const MARGIN = 20
const TITLE_HEIGHT = 44

export function drawPicture({ board, seconds, parts }: BoardPicture): Drawing {
  const rows = Math.max(1, Math.ceil(parts.length / COLUMNS))
  const columns = Math.min(COLUMNS, Math.max(1, parts.length))
  const width = 2 * MARGIN + columns * (CARD.width + CARD.gap) - CARD.gap
  const height = TITLE_HEIGHT + MARGIN + rows * (CARD.height + CARD.gap) - CARD.gap
  const shapes: Shape[] = [
    { kind: 'rect', x: 0, y: 0, width, height, radius: 16, fill: COLOURS.board },
    label(MARGIN, 29, 17, board, COLOURS.title),
    label(width - MARGIN - 90, 29, 13, `${seconds.toFixed(3)} s`, COLOURS.faint),
  ]
  parts.forEach((part, i) => {
    const x = MARGIN + (i % COLUMNS) * (CARD.width + CARD.gap)
    const y = TITLE_HEIGHT + Math.floor(i / COLUMNS) * (CARD.height + CARD.gap)
    shapes.push(...drawPart(part, x, y))
  })
  return { width, height, shapes }
}

function drawPart({ name, title, picture }: NamedPicture, x: number, y: number): Shape[] {
  const { width, height, header } = CARD
  const top = y + header
  const body = { x: x + 10, y: top, width: width - 20, height: height - header - 10 }
  return [
    { kind: 'rect', x, y, width, height, radius: 10, fill: COLOURS.card },
    label(x + 12, y + 20, 13, name, COLOURS.title),
    label(
      x + 12 + name.length * 8 + 8,
      y + 20,
      10,
      shorten(title, 26 - name.length / 2),
      COLOURS.faint,
    ),
    ...drawBody(picture, body),
  ]
}

interface Area {
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
}

function drawBody(picture: Picture, area: Area): Shape[] {
  const middle = { x: area.x + area.width / 2, y: area.y + area.height / 2 }
  if (picture.kind === 'led') {
    return lamp(
      middle,
      mix(LIGHT[picture.colour] ?? LIGHT.green!, picture.brightness),
      picture.brightness,
    )
  }
  if (picture.kind === 'rgb') {
    const { red, green, blue } = picture
    const strength = Math.max(red, green, blue)
    const colour = strength === 0 ? DARK : ([red * 255, green * 255, blue * 255] as const)
    return lamp(middle, mix(colour, strength === 0 ? 0 : 1), strength)
  }
  if (picture.kind === 'button') return drawButton(middle, picture.isPressed)
  if (picture.kind === 'segments') return [frame(area), ...segmentShapes(picture, area)]
  if (picture.kind === 'pixels') return drawPixels(picture, area)
  if (picture.kind === 'dial') return drawDial(middle, picture.position)
  return [
    frame(area),
    ...picture.lines
      .slice(0, 5)
      .map((line, i) =>
        label(area.x + 12, area.y + 26 + i * 22, 14, shorten(line, 32), COLOURS.title),
      ),
  ]
}

function lamp(at: { x: number; y: number }, fill: string, brightness: number): Shape[] {
  const halo: Shape[] =
    brightness > 0
      ? [{ kind: 'circle', ...at, radius: 40, fill: blend(fill, COLOURS.card, 0.25 * brightness) }]
      : []
  return [...halo, { kind: 'circle', ...at, radius: 24, fill }]
}

function drawButton(at: { x: number; y: number }, isPressed: boolean): Shape[] {
  return [
    { kind: 'rect', x: at.x - 34, y: at.y - 34, width: 68, height: 68, radius: 8, fill: '#9aa5a0' },
    { kind: 'circle', ...at, radius: isPressed ? 20 : 25, fill: isPressed ? '#1d4ed8' : '#1f2937' },
  ]
}

function drawDial(at: { x: number; y: number }, position: number): Shape[] {
  // From seven o'clock over twelve to five.
  const angle = ((0.75 - 1.5 * position) * Math.PI * 1 + Math.PI / 2) as number
  const tip = { x: at.x + 28 * Math.cos(angle), y: at.y - 28 * Math.sin(angle) }
  return [
    { kind: 'circle', ...at, radius: 38, fill: '#334155' },
    { kind: 'circle', x: tip.x, y: tip.y, radius: 6, fill: '#f8fafc' },
    label(at.x - 14, at.y + 5, 13, `${Math.round(position * 100)} %`, COLOURS.title),
  ]
}

function drawPixels(picture: Extract<Picture, { kind: 'pixels' }>, area: Area): Shape[] {
  const { width, height, pixels, brightness } = picture
  const size = Math.min(area.width / width, area.height / height)
  const left = area.x + (area.width - width * size) / 2
  const top = area.y + (area.height - height * size) / 2
  const fill = mix([140, 215, 255], brightness)
  const shapes: Shape[] = [
    {
      kind: 'rect',
      x: left - 3,
      y: top - 3,
      width: width * size + 6,
      height: height * size + 6,
      fill: '#05080a',
    },
  ]
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      if (!pixels[y * width + x]) continue
      let run = 1
      while (x + run < width && pixels[y * width + x + run]) run++
      const at = { x: left + x * size, y: top + y * size }
      shapes.push({ kind: 'rect', ...at, width: run * size, height: size, fill })
      x += run - 1
    }
  }
  return shapes
}

function frame(area: Area): Shape {
  return { kind: 'rect', ...area, radius: 6, fill: COLOURS.body }
}

function label(x: number, y: number, size: number, text: string, fill: string): Shape {
  return { kind: 'text', x, y, size, isCentred: false, text, fill }
}

function blend(top: string, bottom: string, share: number): string {
  const parts = (text: string) => [1, 3, 5].map((at) => Number.parseInt(text.slice(at, at + 2), 16))
  const under = parts(bottom)
  return hex(parts(top).map((value, i) => under[i]! + (value - under[i]!) * share))
}

function shorten(text: string, limit: number): string {
  return text.length <= limit ? text : `${text.slice(0, Math.max(1, Math.floor(limit) - 1))}…`
}
