/** What pictures are drawn with. Sizes in pixels; colours as #rrggbb. */

export type Shape =
  | {
      readonly kind: 'rect'
      readonly x: number
      readonly y: number
      readonly width: number
      readonly height: number
      readonly radius?: number
      readonly fill: string
    }
  | {
      readonly kind: 'circle'
      readonly x: number
      readonly y: number
      readonly radius: number
      readonly fill: string
    }
  | {
      readonly kind: 'polygon'
      readonly points: readonly (readonly [number, number])[]
      readonly fill: string
    }
  | {
      readonly kind: 'text'
      readonly x: number
      readonly y: number
      readonly size: number
      readonly isCentred: boolean
      readonly text: string
      readonly fill: string
    }

/** A light that is off. */
export const DARK = [38, 46, 42] as const

export function mix(colour: readonly [number, number, number], strength: number): string {
  // The eye sees much of a little.
  const share = Math.min(1, Math.max(0, strength)) ** 0.6
  return hex(colour.map((value, i) => DARK[i]! + (value - DARK[i]!) * share))
}

export function hex(colour: readonly number[]): string {
  return `#${colour.map((value) => Math.round(value).toString(16).padStart(2, '0')).join('')}`
}
