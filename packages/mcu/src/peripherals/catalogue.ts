/**
 * Every peripheral that is modelled, one row an instance: what makes it from its wiring. Each
 * chapter's file has the rows of its own instances; this joins them. RCC is not here: the chip
 * makes it first, since the clocks of all others come from it.
 */
import type { Makers } from '../wiring.ts'
import { gpios } from './gpio.ts'
import { pwrs } from './pwr.ts'
import { usarts } from './usart.ts'

export const catalogue = {
  ...pwrs,
  ...gpios,
  ...usarts,
} satisfies Makers

type ModelName = keyof typeof catalogue
export type Models = { readonly [Name in ModelName]: ReturnType<(typeof catalogue)[Name]> }
