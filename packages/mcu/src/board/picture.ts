/**
 * What a part looks like right now, as data: drawn as SVG, PNG, in a terminal or in a browser by
 * whoever shows it. Nothing here depends on how.
 */

export type Picture =
  | { readonly kind: 'led'; readonly colour: string; readonly brightness: number }
  | {
      readonly kind: 'rgb'
      readonly red: number
      readonly green: number
      readonly blue: number
    }
  | { readonly kind: 'button'; readonly isPressed: boolean }
  | {
      readonly kind: 'segments'
      /** One mask a digit: bit 0 is segment a, … 6 is g, 7 the point; 14-segment up to bit 14. */
      readonly digits: readonly number[]
      readonly style: '7-segment' | '14-segment'
      readonly hasColon: boolean
      /** 0 is dark. */
      readonly brightness: number
      readonly text: string
    }
  | {
      readonly kind: 'pixels'
      readonly width: number
      readonly height: number
      /** Row by row, 1 is lit. */
      readonly pixels: Uint8Array
      readonly brightness: number
    }
  | { readonly kind: 'dial'; readonly position: number }
  | { readonly kind: 'values'; readonly lines: readonly string[] }

export interface NamedPicture {
  readonly name: string
  readonly title: string
  readonly picture: Picture
}

/** A whole board at one moment. */
export interface BoardPicture {
  readonly board: string
  readonly seconds: number
  readonly parts: readonly NamedPicture[]
}
