/**
 * A picture of the board as SVG: a card for each part in a grid, drawn from the picture model.
 * Self-contained, no scripts; the same picture gives the same bytes.
 */
import type { BoardPicture } from '@microvisor/mcu'
import { drawPicture } from './drawing.ts'
import type { Shape } from './shapes.ts'

export function boardSvg(picture: BoardPicture): string {
  const { width, height, shapes } = drawPicture(picture)
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="sans-serif">`,
    `<title>${escapeText(`${picture.board} at ${picture.seconds.toFixed(3)} s`)}</title>`,
    ...shapes.map(shapeSvg),
    '</svg>',
    '',
  ].join('\n')
}

function shapeSvg(shape: Shape): string {
  const fill = `fill="${shape.fill}"`
  if (shape.kind === 'rect') {
    const round = shape.radius ? ` rx="${n(shape.radius)}"` : ''
    return `<rect x="${n(shape.x)}" y="${n(shape.y)}" width="${n(shape.width)}" height="${n(shape.height)}"${round} ${fill}/>`
  }
  if (shape.kind === 'circle') {
    return `<circle cx="${n(shape.x)}" cy="${n(shape.y)}" r="${n(shape.radius)}" ${fill}/>`
  }
  if (shape.kind === 'polygon') {
    return `<polygon points="${shape.points.map(([x, y]) => `${n(x)},${n(y)}`).join(' ')}" ${fill}/>`
  }
  const anchor = shape.isCentred ? ' text-anchor="middle"' : ''
  return `<text x="${n(shape.x)}" y="${n(shape.y)}" font-size="${shape.size}"${anchor} ${fill}>${escapeText(shape.text)}</text>`
}

function n(value: number): string {
  return String(Number(value.toFixed(2)))
}

function escapeText(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}
