/** Three lights in one body, each on a pin of its own. */
import { type PartKind, text } from '../part.ts'
import { DutyMeter } from './led.ts'

const COLOURS = ['red', 'green', 'blue'] as const
const pin = (colour: string) =>
  ({ type: 'pin', about: `the pin of its ${colour} light`, isRequired: true }) as const

export const rgbLed: PartKind = {
  kind: 'rgb-led',
  title: 'RGB LED',
  source: 'three diodes',
  notModelled: 'its curve: brightness is the duty cycle',
  settings: { red: pin('red'), green: pin('green'), blue: pin('blue') },
  controls: {},
  readings: { red: '0 to 1', green: '0 to 1', blue: '0 to 1' },
  make(around) {
    const meters = COLOURS.map((colour) => {
      const name = text(around.settings, colour)
      const meter = new DutyMeter(() => around.seconds(), around.level(name))
      around.watch(name, (isHigh) => meter.changed(isHigh))
      return meter
    })
    const readings = () => {
      const [red, green, blue] = meters.map((meter) => meter.duty()) as [number, number, number]
      return { red, green, blue }
    }
    return { readings, picture: () => ({ kind: 'rgb', ...readings() }) }
  },
}
