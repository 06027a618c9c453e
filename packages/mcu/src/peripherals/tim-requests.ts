/** Interrupt lines and DMA requests of a timer, and the bursts that DMAR spreads over its registers. */
import type { AccessSize } from '../bus.ts'
import type { DmaRequestName } from '../dma-requests.ts'
import type { InterruptName } from '../interrupts.ts'
import { type InterruptPair, interruptLevel, type RegisterFile } from '../registers.ts'
import type { Output } from '../wire.ts'
import type { Wiring } from '../wiring.ts'
import type { timLayout } from './tim-layout.ts'

export class TimRequests {
  readonly #wiring: Wiring
  readonly #registers: () => RegisterFile<typeof timLayout>
  readonly #outputs = new Map<string, Output>()
  #burstIndex = 0

  /** Registers are asked for when used: DMAR is one of them. */
  constructor(wiring: Wiring, registers: () => RegisterFile<typeof timLayout>) {
    this.#wiring = wiring
    this.#registers = registers
  }

  /** Asks for one transfer, or as many as a burst has. */
  send(suffix: string): void {
    const name = `${this.#wiring.name}_${suffix}`
    let output = this.#outputs.get(name)
    if (output === undefined) {
      output = this.#wiring.dmaRequest(name as DmaRequestName)
      this.#outputs.set(name, output)
    }
    this.restart()
    for (let n = 0; n <= this.#registers().get('DCR', 'DBL'); n++) output.pulse()
  }

  /** The next access to DMAR is the first of a burst. */
  restart(): void {
    this.#burstIndex = 0
  }

  read(): number {
    return this.#registers().peek(this.#offset)
  }

  write(size: AccessSize, value: number): void {
    this.#registers().write(this.#offset, size, value, true)
    this.next()
  }

  next(): void {
    this.#burstIndex = (this.#burstIndex + 1) % (this.#registers().get('DCR', 'DBL') + 1)
  }

  get #offset(): number {
    return (this.#registers().get('DCR', 'DBA') + this.#burstIndex) * 4
  }
}

/** One line for all, or the four of an advanced timer, with what sets their levels. */
export function timLines(
  wiring: Wiring,
  registers: RegisterFile<typeof timLayout>,
  hasFour: boolean,
): { output: Output; level: () => boolean }[] {
  const up: InterruptPair[] = [['DIER.UIE', 'SR.UIF']]
  const compare = [1, 2, 3, 4].map((n): InterruptPair => [`DIER.CC${n}IE`, `SR.CC${n}IF`])
  const trigger: InterruptPair[] = [
    ['DIER.TIE', 'SR.TIF'],
    ['DIER.COMIE', 'SR.COMIF'],
  ]
  const stop: InterruptPair[] = [['DIER.BIE', 'SR.BIF', 'SR.B2IF', 'SR.SBIF']]
  const line = (suffix: string, pairs: readonly InterruptPair[]) => ({
    output: wiring.interrupt(`${wiring.name}${suffix}` as InterruptName),
    level: interruptLevel(registers, pairs),
  })
  if (!hasFour) return [line('', [...up, ...compare, ...trigger, ...stop])]
  return [line('_UP', up), line('_CC', compare), line('_TRG_COM', trigger), line('_BRK', stop)]
}
