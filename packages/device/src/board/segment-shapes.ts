/** Digits of 7 and 14 segments as shapes. Segment numbers as in the picture model. */
import type { Picture } from '@microvisor/mcu'
import { mix, type Shape } from './shapes.ts'

type Point = readonly [number, number]

/** A digit is 1 wide and 2 high; each segment goes from one corner to another. */
const CORNERS: Readonly<Record<string, Point>> = {
  ...{ tl: [0, 0], tr: [1, 0], ml: [0, 1], mr: [1, 1], bl: [0, 2], br: [1, 2] },
  ...{ tm: [0.5, 0], mm: [0.5, 1], bm: [0.5, 2] },
}

const SEVEN: readonly (readonly [string, string])[] = [
  ...([
    ['tl', 'tr'],
    ['tr', 'mr'],
    ['mr', 'br'],
    ['bl', 'br'],
    ['ml', 'bl'],
  ] as const),
  ...([
    ['tl', 'ml'],
    ['ml', 'mr'],
  ] as const),
]
const FOURTEEN: readonly (readonly [string, string])[] = [
  ...SEVEN.slice(0, 6),
  ...([
    ['ml', 'mm'],
    ['mm', 'mr'],
    ['tl', 'mm'],
    ['tm', 'mm'],
    ['tr', 'mm'],
  ] as const),
  ...([
    ['bl', 'mm'],
    ['mm', 'bm'],
    ['mm', 'br'],
  ] as const),
]
const POINT_BIT = { '7-segment': 7, '14-segment': 14 } as const
const LIT = [255, 70, 50] as const
const OFF = '#1c1413'
const THICKNESS = 0.13

interface Area {
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
}

export function segmentShapes(
  { digits, style, hasColon, brightness }: Extract<Picture, { kind: 'segments' }>,
  area: Area,
): Shape[] {
  const unit = Math.min((area.height - 30) / 2, (area.width - 30) / (digits.length * 1.6))
  const left = area.x + (area.width - unit * (digits.length * 1.6 - 0.6)) / 2
  const top = area.y + (area.height - 2 * unit) / 2
  const lit = mix(LIT, brightness)
  const place = (digit: number, [x, y]: Point): Point => [
    left + (digit * 1.6 + x) * unit,
    top + y * unit,
  ]
  const shapes = digits.flatMap((mask, digit) => {
    const bars = (style === '7-segment' ? SEVEN : FOURTEEN).map(([from, to], bit): Shape => {
      const isLit = brightness > 0 && ((mask >> bit) & 1) === 1
      const points = bar(place(digit, CORNERS[from]!), place(digit, CORNERS[to]!), THICKNESS * unit)
      return { kind: 'polygon', points, fill: isLit ? lit : OFF }
    })
    const isPoint = brightness > 0 && ((mask >> POINT_BIT[style]) & 1) === 1
    const [x, y] = place(digit, [1.28, 2])
    return [
      ...bars,
      { kind: 'circle', x, y, radius: unit * 0.1, fill: isPoint ? lit : OFF } as const,
    ]
  })
  if (style === '7-segment') {
    const fill = hasColon && brightness > 0 ? lit : OFF
    for (const height of [0.65, 1.35]) {
      const [x, y] = place(1, [1.3, height])
      shapes.push({ kind: 'circle', x, y, radius: unit * 0.09, fill })
    }
  }
  return shapes
}

/** A bar with pointed ends from one corner to another, a little short of both. */
function bar([ax, ay]: Point, [bx, by]: Point, thickness: number): Point[] {
  const length = Math.hypot(bx - ax, by - ay)
  const [ux, uy] = [(bx - ax) / length, (by - ay) / length]
  const [nx, ny] = [-uy * (thickness / 2), ux * (thickness / 2)]
  const inset = thickness * 0.35
  const [sx, sy] = [ax + ux * inset, ay + uy * inset]
  const [ex, ey] = [bx - ux * inset, by - uy * inset]
  const half = thickness / 2
  return [
    [sx, sy],
    [sx + ux * half + nx, sy + uy * half + ny],
    [ex - ux * half + nx, ey - uy * half + ny],
    [ex, ey],
    [ex - ux * half - nx, ey - uy * half - ny],
    [sx + ux * half - nx, sy + uy * half - ny],
  ]
}
