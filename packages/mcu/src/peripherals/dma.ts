/**
 * GPDMA1 and LPDMA1. RM0456, chapters "General purpose direct memory access controller (GPDMA)" and
 * "Low-power direct memory access controller (LPDMA)".
 *
 * One burst at a time: of the channels that have something to do the one with the highest priority
 * goes first, then the lowest number. A burst takes as many cycles as it has beats on both sides,
 * and a few more. What one channel does is dma-channel.ts's.
 *
 * A secure channel is not visible to non-secure code; its interrupts are counted in SMISR.
 */

import type { Timer } from '../bus.ts'
import { gpdmaRequests, lpdmaRequests } from '../dma-requests.ts'
import type { InterruptName } from '../interrupts.ts'
import { type Layout, RegisterFile, type RegisterHooks } from '../registers.ts'
import type { Makers, Peripheral, Wiring } from '../wiring.ts'
import { DmaChannel } from './dma-channel.ts'
import { channelNames, type DmaShape, dmaLayout } from './dma-layout.ts'

const numbered = (name: string, count: number, suffix: string) =>
  Array.from({ length: count }, (_, n) => `${name}${n}${suffix}`)

/** TRIGSEL by wire name: RM0456, "GPDMA1 triggers" and "LPDMA1 triggers". */
const gpdmaTriggers = [
  ...numbered('EXTI', 8, ''),
  ...['TAMP_TRG1', 'TAMP_TRG2', 'TAMP_TRG3', 'LPTIM1_CH1', 'LPTIM1_CH2', 'LPTIM2_CH1'],
  ...['LPTIM2_CH2', 'LPTIM4_OUT', 'COMP1_OUT', 'COMP2_OUT', 'RTC_ALRA', 'RTC_ALRB', 'RTC_WUT', '-'],
  ...numbered('GPDMA1_CH', 16, '_TC'),
  ...numbered('LPDMA1_CH', 4, '_TC'),
  ...['TIM2_TRGO', 'TIM15_TRGO'],
]
const lpdmaTriggers = [
  ...numbered('EXTI', 7, ''),
  ...['TAMP_TRG1', 'TAMP_TRG2', 'TAMP_TRG3', 'LPTIM1_CH1', 'LPTIM1_CH2', 'LPTIM3_CH1'],
  ...['LPTIM4_OUT', 'COMP1_OUT', 'COMP2_OUT', 'RTC_ALRA', 'RTC_ALRB', 'RTC_WUT', 'ADF1_SAD_DET'],
  ...numbered('LPDMA1_CH', 4, '_TC'),
]

/** Cycles that a burst takes beside its beats: arbitration and the bridge. */
const OVERHEAD_CYCLES = 4

interface DmaTables {
  readonly requests: readonly string[]
  readonly triggers: readonly string[]
}

class Dma implements Peripheral {
  readonly registers: RegisterFile<Layout>
  readonly #wiring: Wiring
  readonly #channels: readonly DmaChannel[]
  readonly #timer: Timer

  constructor(wiring: Wiring, shape: DmaShape, tables: DmaTables) {
    this.#wiring = wiring
    this.#timer = wiring.scheduler.timer(() => this.#serve())
    this.registers = new RegisterFile(layoutOf(shape), this.#hooks(shape))
    this.#channels = Array.from({ length: shape.channels }, (_, number) => {
      const interrupt = wiring.interrupt(`${wiring.name}_CH${number}` as InterruptName)
      return new DmaChannel({
        ...{ number, wiring, tables, registers: this.registers, interrupt },
        is2d: number >= shape.first2d,
        ready: () => this.#schedule(OVERHEAD_CYCLES),
      })
    })
  }

  reset(): void {
    this.#timer.cancel()
    this.registers.reset()
    for (const channel of this.#channels) channel.reset()
  }

  #hooks({ channels }: DmaShape): Readonly<Record<string, RegisterHooks>> {
    const isSecured = (channel: number) => ((this.registers.get('SECCFGR') >>> channel) & 1) === 1
    const isLocked = () => this.registers.get('RCFGLOCKR') === 0
    const status = (secure: boolean) => ({
      read: () =>
        this.#channels.reduce(
          (bits, channel, n) =>
            isSecured(n) === secure && channel.isInterrupting ? bits | (1 << n) : bits,
          0,
        ),
      visible: (isSecure: boolean) => (isSecure || !secure ? 0xffff_ffff : 0),
    })
    const visible = (isSecure: boolean) => (isSecure ? 0xffff_ffff : 0)
    const hooks: Record<string, RegisterHooks> = {
      SECCFGR: { visible, writable: isLocked },
      PRIVCFGR: { writable: isLocked },
      RCFGLOCKR: { visible },
      MISR: status(false),
      SMISR: status(true),
    }
    for (let n = 0; n < channels; n++) this.#channelHooks(n, isSecured, hooks)
    return hooks
  }

  /** Secure channels are closed; a channel that runs takes changes of CR and FCR only. */
  #channelHooks(
    n: number,
    isSecured: (channel: number) => boolean,
    hooks: Record<string, RegisterHooks>,
  ): void {
    const names = channelNames(n)
    const visible = (isSecure: boolean) => (isSecure || !isSecured(n) ? 0xffff_ffff : 0)
    const writable = () => !this.registers.is(names.CR, 'EN')
    for (const name of Object.values(names)) hooks[name] = { visible, writable }
    hooks[names.CR] = {
      visible,
      write: (written, before) => this.#channels[n]!.control(written, before),
    }
    hooks[names.FCR] = { visible, write: (flags) => this.#channels[n]!.clear(flags) }
  }

  /** The next burst of whoever is first. */
  #schedule(cycles: number): void {
    if (this.#timer.isSet) return
    const { scheduler } = this.#wiring
    this.#timer.at(scheduler.now + cycles)
  }

  #serve(): void {
    const first = this.#first()
    if (first === undefined) return
    const beats = first.step()
    if (this.#first() !== undefined) this.#schedule(beats + OVERHEAD_CYCLES)
  }

  #first(): DmaChannel | undefined {
    let best: DmaChannel | undefined
    for (const channel of this.#channels) {
      if (channel.isReady && (best === undefined || channel.priority > best.priority))
        best = channel
    }
    return best
  }
}

const general: DmaShape = { channels: 16, first2d: 12, isGeneral: true }
const lowPower: DmaShape = { channels: 4, first2d: 4, isGeneral: false }
const layouts = new Map([general, lowPower].map((shape) => [shape, dmaLayout(shape)]))

function layoutOf(shape: DmaShape): Layout {
  return layouts.get(shape) ?? dmaLayout(shape)
}

export const dmas = {
  GPDMA1: (wiring): Peripheral =>
    new Dma(wiring, general, { requests: gpdmaRequests, triggers: gpdmaTriggers }),
  LPDMA1: (wiring): Peripheral =>
    new Dma(wiring, lowPower, { requests: lpdmaRequests, triggers: lpdmaTriggers }),
} satisfies Makers
