/**
 * A light on a pin. Its brightness is the share of time that the pin is active: of the last whole
 * period when it is switched fast enough for the eye (PWM), otherwise all or nothing.
 */
import { type PartKind, text } from '../part.ts'

/** Slower than this is blinking. */
const FLICKER_SECONDS = 0.025

export const led: PartKind = {
  kind: 'led',
  title: 'LED',
  source: 'a diode',
  notModelled: 'its curve: brightness is the duty cycle',
  settings: {
    pin: { type: 'pin', about: 'the pin that drives it', isRequired: true },
    lit: { type: 'choice', about: 'level when lit', among: ['high', 'low'], fallback: 'high' },
    colour: {
      ...{ type: 'choice', about: 'of its light', fallback: 'green' },
      among: ['red', 'green', 'blue', 'yellow', 'orange', 'white'],
    },
  },
  controls: {},
  readings: {
    lit: 'whether the pin is at its lit level now',
    brightness: '0 to 1',
    changes: 'how often it was switched',
  },
  make(around) {
    const { settings } = around
    const pin = text(settings, 'pin')
    const isLitHigh = text(settings, 'lit') === 'high'
    const meter = new DutyMeter(() => around.seconds(), around.level(pin) === isLitHigh)
    around.watch(pin, (isHigh) => meter.changed(isHigh === isLitHigh))
    return {
      readings: () => ({
        lit: meter.isActive,
        brightness: meter.duty(),
        changes: meter.changes,
      }),
      picture: () => ({
        ...{ kind: 'led', colour: text(settings, 'colour'), brightness: meter.duty() },
      }),
    }
  },
}

export class DutyMeter {
  readonly #seconds: () => number
  #isActive: boolean
  #rose = Number.NEGATIVE_INFINITY
  #fell = Number.NEGATIVE_INFINITY
  #period = Number.POSITIVE_INFINITY
  #active = 0
  #changes = 0

  constructor(seconds: () => number, isActive: boolean) {
    this.#seconds = seconds
    this.#isActive = isActive
  }

  get isActive(): boolean {
    return this.#isActive
  }

  get changes(): number {
    return this.#changes
  }

  /** Seconds of the last whole period; infinite before there was one. */
  get period(): number {
    return this.#period
  }

  changed(isActive: boolean): void {
    const now = this.#seconds()
    this.#changes++
    this.#isActive = isActive
    if (!isActive) {
      this.#fell = now
      return
    }
    this.#period = now - this.#rose
    this.#active = Math.max(0, this.#fell - this.#rose)
    this.#rose = now
  }

  /** 0 to 1. */
  duty(): number {
    const quiet = this.#seconds() - Math.max(this.#rose, this.#fell)
    const isSwitching = this.#period < FLICKER_SECONDS && quiet < FLICKER_SECONDS
    return isSwitching ? this.#active / this.#period : Number(this.#isActive)
  }
}
