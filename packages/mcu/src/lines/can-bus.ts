/**
 * A CAN bus: nodes that send frames one at a time and hear what the others send. ISO 11898-1. Whole
 * frames, not edges: who sends says how long a frame takes, and tells when it is over.
 *
 *   (1) One node sends at a time; when the bus becomes free the lowest identifier wins.
 *   (2) A frame is right if at least one node acknowledges it and none objects.
 */
import { type CanFrame, priorityOf } from './can-frame.ts'
import { alwaysRouted, type Routing, type Signals } from './routing.ts'

export interface CanTransmission {
  readonly frame: CanFrame
  readonly nominalHz: number
  readonly dataHz: number
}

/** What a node says to a frame at its end. */
export type CanVerdict = 'acknowledge' | 'ignore' | 'error'

export interface CanNode {
  readonly name: string
  /** The frame that it wants to send next. */
  next(): CanFrame | undefined
  /** It has the bus: its frame begins. It calls `complete` when the time of the frame is over. */
  begin(): void
  hear(transmission: CanTransmission): CanVerdict
}

export type CanOutcome = 'sent' | 'not acknowledged' | 'error'

/** How far two bit rates may be apart. */
const RATE_TOLERANCE = 0.015

export function isSameRate(one: number, other: number): boolean {
  return Math.abs(one - other) <= other * RATE_TOLERANCE
}

export class CanBus {
  readonly kind = 'can' as const
  routing: Routing = alwaysRouted
  readonly #nodes: CanNode[] = []
  #sender: CanNode | undefined

  carries(signals: Signals): boolean {
    return this.routing.carries(signals)
  }

  attach(node: CanNode): void {
    if (!this.#nodes.includes(node)) this.#nodes.push(node)
  }

  detach(node: CanNode): void {
    const at = this.#nodes.indexOf(node)
    if (at >= 0) this.#nodes.splice(at, 1)
    if (this.#sender !== node) return
    this.#sender = undefined
    this.contend()
  }

  get isBusy(): boolean {
    return this.#sender !== undefined
  }

  /** A node has something to send: it begins at once if the bus is free. */
  contend(): void {
    if (this.#sender !== undefined) return
    const wanting = this.#nodes.flatMap((node) => {
      const frame = node.next()
      return frame === undefined ? [] : [{ node, priority: priorityOf(frame) }]
    })
    const [winner] = wanting.sort((a, b) => a.priority - b.priority)
    if (winner === undefined) return
    this.#sender = winner.node
    winner.node.begin()
  }

  /** The sender's frame is over; the others have heard it. The bus is free afterwards: `release`. */
  complete(transmission: CanTransmission): CanOutcome {
    const verdicts = this.#nodes
      .filter((node) => node !== this.#sender)
      .map((node) => node.hear(transmission))
    if (verdicts.includes('error')) return 'error'
    return verdicts.includes('acknowledge') ? 'sent' : 'not acknowledged'
  }

  /** The sender has taken note of the outcome. */
  release(): void {
    this.#sender = undefined
    this.contend()
  }
}
