/** Every kind of part that a board file can name. */
import type { PartKind } from './part.ts'
import { bme280 } from './parts/bme280.ts'
import { button } from './parts/button.ts'
import { canNode } from './parts/can-node.ts'
import { eeprom } from './parts/eeprom.ts'
import { gnss } from './parts/gnss.ts'
import { ht16k33 } from './parts/ht16k33.ts'
import { led } from './parts/led.ts'
import { lis3dh } from './parts/lis3dh.ts'
import { mcp9808 } from './parts/mcp9808.ts'
import { norFlash } from './parts/nor-flash.ts'
import { potentiometer } from './parts/potentiometer.ts'
import { i2cRegisters, spiRegisters } from './parts/register-device.ts'
import { rgbLed } from './parts/rgb-led.ts'
import { sdCard } from './parts/sd-card.ts'
import { serialLine } from './parts/serial-line.ts'
import { ssd1306 } from './parts/ssd1306.ts'

export const partKinds: ReadonlyMap<string, PartKind> = new Map(
  [
    ...[
      mcp9808,
      bme280,
      lis3dh,
      ht16k33,
      ssd1306,
      eeprom,
      norFlash,
      sdCard,
      canNode,
      i2cRegisters,
      spiRegisters,
    ],
    ...[button, led, rgbLed, potentiometer, gnss, serialLine],
  ].map((kind) => [kind.kind, kind]),
)
