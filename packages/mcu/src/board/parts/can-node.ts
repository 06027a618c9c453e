/**
 * Another node on a CAN bus: it acknowledges what the chip sends, keeps it, and sends frames of its
 * own. ISO 11898-1. With both its controls off it is a bus on which nobody answers; `faulty`
 * destroys every frame with an error flag.
 */
import type { CanBus, CanNode, CanTransmission, CanVerdict } from '../../lines/can-bus.ts'
import { isSameRate } from '../../lines/can-bus.ts'
import { bitsOf, type CanFrame, formatFrame } from '../../lines/can-frame.ts'
import { number, type PartKind, type PartSurroundings, text } from '../part.ts'

/** Frames that wait to be sent, and frames that are kept. */
const QUEUE_MAX = 1024
const KEPT_FRAMES = 256
/** Between two attempts at a frame. */
const ERROR_FRAME_BITS = 20

export const canNode: PartKind = {
  kind: 'can',
  title: 'node on a CAN bus',
  source: 'ISO 11898-1',
  notModelled: 'error counters of its own: it never leaves the bus',
  settings: {
    port: {
      ...{ type: 'choice', about: 'the CAN controller on the same bus', among: ['FDCAN1'] },
      fallback: 'FDCAN1',
    },
    rate: {
      ...{ type: 'number', about: 'its bit rate', unit: 'Hz', min: 5000, max: 1_000_000 },
      fallback: 500_000,
    },
    data_rate: {
      ...{ type: 'number', about: 'its bit rate in the data phase', unit: 'Hz', min: 5000 },
      ...{ max: 8_000_000, fallback: 2_000_000 },
    },
  },
  controls: {
    acknowledges: { type: 'yes-no', about: 'it acknowledges frames', initial: true },
    faulty: { type: 'yes-no', about: 'it destroys every frame', initial: false },
  },
  readings: {
    last: 'the last frame that it heard, as `123#DEADBEEF`',
    frames: 'the frames that it heard, one a line',
    heard: 'how many it heard',
    sent: 'how many of its own were acknowledged',
    errors: 'frames that were destroyed or that it could not read',
  },
  make: (around) => new CanNodePart(around),
}

export class CanNodePart implements CanNode {
  readonly name: string
  readonly #around: PartSurroundings
  readonly #bus: CanBus
  readonly #queue: CanFrame[] = []
  readonly #frames: string[] = []
  readonly #controls: Record<string, boolean> = {}
  #cancel: () => void = () => {}
  #heard = 0
  #sent = 0
  #errors = 0
  /** Hears every frame as text. */
  onFrame: (frame: string) => void = () => {}

  constructor(around: PartSurroundings) {
    this.#around = around
    this.name = around.name
    this.#bus = around.attachCan(text(around.settings, 'port'), this)
  }

  set(control: string, value: number | boolean): void {
    this.#controls[control] = value === true
  }

  powerUp(): void {
    this.#cancel()
    this.#queue.length = 0
    this.#bus.detach(this)
    this.#bus.attach(this)
  }

  readings() {
    return {
      ...{ last: this.#frames.at(-1) ?? '', frames: this.#frames.join('\n') },
      ...{ heard: this.#heard, sent: this.#sent, errors: this.#errors },
    }
  }

  picture() {
    return { kind: 'values', lines: this.#frames.slice(-4) } as const
  }

  /** False: too many wait already. */
  send(frame: CanFrame): boolean {
    if (this.#queue.length >= QUEUE_MAX) return false
    this.#queue.push(frame)
    this.#bus.contend()
    return true
  }

  next(): CanFrame | undefined {
    return this.#queue[0]
  }

  begin(): void {
    const [frame] = this.#queue
    if (frame === undefined) {
      this.#bus.release()
      return
    }
    const [nominalHz, dataHz] = this.#rates
    const bits = bitsOf(frame)
    this.#cancel = this.#around.after(bits.nominal / nominalHz + bits.data / dataHz, () => {
      if (this.#bus.complete({ frame, nominalHz, dataHz }) === 'sent') {
        this.#sent++
        this.#queue.shift()
        this.#bus.release()
        return
      }
      this.#errors++
      this.#cancel = this.#around.after(ERROR_FRAME_BITS / nominalHz, () => this.#bus.release())
    })
  }

  hear({ frame, nominalHz, dataHz }: CanTransmission): CanVerdict {
    const [rate, dataRate] = this.#rates
    const isReadable =
      isSameRate(nominalHz, rate) && (!frame.hasSwitch || isSameRate(dataHz, dataRate))
    if (this.#controls.faulty || !isReadable) {
      this.#errors++
      return 'error'
    }
    const shown = formatFrame(frame)
    this.#heard++
    this.#frames.push(shown)
    if (this.#frames.length > KEPT_FRAMES) this.#frames.shift()
    this.onFrame(shown)
    return this.#controls.acknowledges ? 'acknowledge' : 'ignore'
  }

  get #rates(): readonly [nominal: number, data: number] {
    const { settings } = this.#around
    return [number(settings, 'rate'), number(settings, 'data_rate')]
  }
}
