/**
 * The other end of a serial audio line: it plays a sine to the chip and measures what the chip
 * plays. No particular codec: set-up by I2C is another part's.
 */
import type { AudioDevice, AudioFormat } from '../../lines/audio-bus.ts'
import { type PartKind, type PartSurroundings, text } from '../part.ts'

/** Samples of a slot over which a level is measured, and frames that are kept. */
const WINDOW_FRAMES = 256
const KEPT_FRAMES = 16

export const audioCodec: PartKind = {
  kind: 'audio',
  title: 'serial audio line',
  source: 'I2S bus specification',
  notModelled: 'clocks of its own; it follows the chip',
  settings: {
    line: {
      ...{ type: 'choice', about: 'the block of the SAI it is on', fallback: 'SAI1_A' },
      among: ['SAI1_A', 'SAI1_B', 'SAI2_A', 'SAI2_B'],
    },
  },
  controls: {
    frequency: {
      ...{ type: 'number', about: 'of the sine that it plays', unit: 'Hz', min: 0, max: 96_000 },
      initial: 1000,
    },
    amplitude: {
      ...{ type: 'number', about: 'of the sine, of full scale', unit: '%', min: 0, max: 100 },
      initial: 0,
    },
  },
  readings: {
    frames: 'frames that the chip has sent',
    rate: 'frames a second',
    level: 'the largest of the last samples, in percent of full scale',
    samples: 'the last frames, one a line',
  },
  make: (around) => new AudioCodec(around),
}

class AudioCodec implements AudioDevice {
  readonly name: string
  readonly #controls: Record<string, number> = {}
  readonly #recent: (readonly (number | undefined)[])[] = []
  #format: AudioFormat | undefined
  #frames = 0
  #played = 0

  constructor(around: PartSurroundings) {
    this.name = around.name
    around.attachAudio(text(around.settings, 'line'), this)
  }

  set(control: string, value: number | boolean): void {
    this.#controls[control] = Number(value)
  }

  powerUp(): void {
    this.#recent.length = 0
    this.#frames = 0
    this.#played = 0
  }

  hear(frame: readonly (number | undefined)[], format: AudioFormat): void {
    this.#format = format
    this.#frames++
    this.#recent.push(frame)
    if (this.#recent.length > WINDOW_FRAMES) this.#recent.shift()
  }

  /** The same sample in all slots. */
  next({ slots, bits, frameHz }: AudioFormat): readonly number[] {
    const { frequency = 0, amplitude = 0 } = this.#controls
    const angle = (2 * Math.PI * frequency * this.#played++) / frameHz
    const sample = Math.round((Math.sin(angle) * amplitude * (2 ** (bits - 1) - 1)) / 100)
    return new Array<number>(slots).fill(sample)
  }

  readings() {
    const last = this.#recent.slice(-KEPT_FRAMES)
    return {
      ...{ frames: this.#frames, rate: this.#format?.frameHz ?? 0, level: this.#level },
      samples: last.map((frame) => frame.map((sample) => sample ?? '-').join(' ')).join('\n'),
    }
  }

  picture() {
    const rate = Math.round(this.#format?.frameHz ?? 0)
    return { kind: 'values', lines: [`${rate} Hz`, `${Math.round(this.#level)} %`] } as const
  }

  get #level(): number {
    const bits = this.#format?.bits ?? 16
    const half = 2 ** (bits - 1)
    const signed = (sample: number) => (sample >= half ? sample - 2 * half : sample)
    const largest = this.#recent
      .flat()
      .reduce((most: number, sample) => Math.max(most, Math.abs(signed(sample ?? 0))), 0)
    return (largest / half) * 100
  }
}
