/**
 * A picture of the board as PNG: the same shapes as the SVG, filled without smoothing. W3C, "Portable
 * Network Graphics". Text is left out: a PNG is for looking at lights and displays.
 */
import { crc32, deflateSync } from 'node:zlib'
import type { BoardPicture } from '@microvisor/mcu'
import { drawPicture } from './drawing.ts'
import type { Shape } from './shapes.ts'

const SIGNATURE = Buffer.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a)
const CHANNELS = 3

export function boardPng(picture: BoardPicture): Uint8Array {
  const { width, height, shapes } = drawPicture(picture)
  const stride = 1 + width * CHANNELS
  const rows = new Uint8Array(stride * height)
  const put = (x: number, y: number, colour: readonly number[]) => {
    if (x >= 0 && y >= 0 && x < width && y < height) rows.set(colour, y * stride + 1 + x * CHANNELS)
  }
  for (const shape of shapes) fill(shape, put)
  const header = Buffer.alloc(13)
  header.writeUInt32BE(width, 0)
  header.writeUInt32BE(height, 4)
  header.set([8, 2, 0, 0, 0], 8)
  return Buffer.concat([
    SIGNATURE,
    chunk('IHDR', header),
    chunk('IDAT', deflateSync(rows, { level: 9 })),
    chunk('IEND', Buffer.alloc(0)),
  ])
}

type Put = (x: number, y: number, colour: readonly number[]) => void

function fill(shape: Shape, put: Put): void {
  if (shape.kind === 'text') return
  const colour = [1, 3, 5].map((at) => Number.parseInt(shape.fill.slice(at, at + 2), 16))
  const points: readonly (readonly [number, number])[] =
    shape.kind === 'rect'
      ? [
          [shape.x, shape.y],
          [shape.x + shape.width, shape.y + shape.height],
        ]
      : shape.kind === 'circle'
        ? [
            [shape.x - shape.radius, shape.y - shape.radius],
            [shape.x + shape.radius, shape.y + shape.radius],
          ]
        : shape.points
  const xs = points.map(([x]) => x)
  const ys = points.map(([, y]) => y)
  for (let y = Math.floor(Math.min(...ys)); y < Math.max(...ys); y++) {
    for (let x = Math.floor(Math.min(...xs)); x < Math.max(...xs); x++) {
      if (holds(shape, x + 0.5, y + 0.5)) put(x, y, colour)
    }
  }
}

/** True if the point is inside. Corners of rectangles are sharp here. */
function holds(shape: Exclude<Shape, { kind: 'text' }>, x: number, y: number): boolean {
  if (shape.kind === 'rect') {
    return x >= shape.x && y >= shape.y && x <= shape.x + shape.width && y <= shape.y + shape.height
  }
  if (shape.kind === 'circle') return Math.hypot(x - shape.x, y - shape.y) <= shape.radius
  let isInside = false
  const { points } = shape
  for (let i = 0, j = points.length - 1; i < points.length; j = i++) {
    const [ax, ay] = points[i]!
    const [bx, by] = points[j]!
    if (ay > y !== by > y && x < ((bx - ax) * (y - ay)) / (by - ay) + ax) isInside = !isInside
  }
  return isInside
}

function chunk(type: string, data: Uint8Array): Buffer {
  const content = Buffer.concat([Buffer.from(type, 'ascii'), data])
  const length = Buffer.alloc(4)
  length.writeUInt32BE(data.length)
  const sum = Buffer.alloc(4)
  sum.writeUInt32BE(crc32(content))
  return Buffer.concat([length, content, sum])
}
