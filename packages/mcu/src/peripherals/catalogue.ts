/**
 * Every peripheral that is modelled, one row an instance: what makes it from its wiring. Each
 * chapter's file has the rows of its own instances; this joins them. RCC is not here: the chip
 * makes it first, since the clocks of all others come from it.
 */
import type { Makers } from '../wiring.ts'
import { adcs } from './adc.ts'
import { adc4s } from './adc4.ts'
import { aeses } from './aes.ts'
import { caches } from './caches.ts'
import { comps } from './comp.ts'
import { cordics } from './cordic.ts'
import { crcs } from './crc.ts'
import { crses } from './crs.ts'
import { dacs } from './dac.ts'
import { dbgmcus } from './dbgmcu.ts'
import { dlybs } from './dlyb.ts'
import { dmas } from './dma.ts'
import { dma2ds } from './dma2d.ts'
import { extis } from './exti.ts'
import { fdcans } from './fdcan.ts'
import { flashes } from './flash-registers.ts'
import { fmacs } from './fmac.ts'
import { gpios } from './gpio.ts'
import { hashes } from './hash.ts'
import { i2cs } from './i2c.ts'
import { iwdgs } from './iwdg.ts'
import { lptims } from './lptim.ts'
import { octospis } from './octospi.ts'
import { octospims } from './octospim.ts'
import { opamps } from './opamp.ts'
import { otgs } from './otg-fs.ts'
import { pkas } from './pka.ts'
import { pwrs } from './pwr.ts'
import { ramcfgs } from './ramcfg.ts'
import { rngs } from './rng.ts'
import { rtcs } from './rtc.ts'
import { sais } from './sai.ts'
import { sdmmcs } from './sdmmc.ts'
import { spis } from './spi.ts'
import { syscfgs } from './syscfg.ts'
import { tamps } from './tamp.ts'
import { tims } from './tim.ts'
import { tscs } from './tsc.ts'
import { usarts } from './usart.ts'
import { vrefbufs } from './vrefbuf.ts'
import { wwdgs } from './wwdg.ts'

export const catalogue = {
  ...pwrs,
  ...syscfgs,
  ...extis,
  ...dmas,
  ...gpios,
  ...usarts,
  ...tims,
  ...lptims,
  ...rtcs,
  ...tamps,
  ...iwdgs,
  ...wwdgs,
  ...i2cs,
  ...spis,
  ...adcs,
  ...adc4s,
  ...crcs,
  ...hashes,
  ...dma2ds,
  ...ramcfgs,
  ...rngs,
  ...flashes,
  ...aeses,
  ...dacs,
  ...comps,
  ...opamps,
  ...vrefbufs,
  ...caches,
  ...cordics,
  ...dbgmcus,
  ...octospims,
  ...octospis,
  ...sdmmcs,
  ...fdcans,
  ...fmacs,
  ...pkas,
  ...sais,
  ...otgs,
  ...crses,
  ...dlybs,
  ...tscs,
} satisfies Makers

type ModelName = keyof typeof catalogue
export type Models = { readonly [Name in ModelName]: ReturnType<(typeof catalogue)[Name]> }
