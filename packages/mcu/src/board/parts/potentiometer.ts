/** A potentiometer between ground and the reference voltage, its wiper on an analog pin. */
import { number, type PartKind, text } from '../part.ts'

export const potentiometer: PartKind = {
  kind: 'potentiometer',
  title: 'potentiometer',
  source: 'a voltage divider',
  notModelled: "its resistance: the pin's load changes nothing",
  settings: {
    pin: { type: 'pin', about: 'the analog pin of its wiper', isDriven: true, isRequired: true },
    supply: {
      ...{ type: 'number', about: 'voltage at its upper end', unit: 'V', min: 0, max: 3.6 },
      fallback: 3.3,
    },
  },
  controls: {
    position: {
      ...{ type: 'number', about: 'of the wiper', unit: '%', min: 0, max: 100, initial: 50 },
    },
  },
  readings: { volts: 'at its wiper' },
  make(around) {
    const { settings } = around
    const supply = number(settings, 'supply')
    let position = 50
    const volts = () => (supply * position) / 100
    const apply = () => around.applyVolts(text(settings, 'pin'), volts())
    apply()
    return {
      set(_, value) {
        position = Number(value)
        apply()
      },
      readings: () => ({ volts: volts() }),
      picture: () => ({ kind: 'dial', position: position / 100 }),
    }
  },
}
