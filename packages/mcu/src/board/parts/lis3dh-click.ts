/**
 * The LIS3DH's click detection, one sample at a time. AN3308, "Click and double-click recognition".
 *
 * A click rises above the threshold and falls below it within TIME_LIMIT. A double click is a
 * second one that begins after TIME_LATENCY and within TIME_WINDOW after that. Times count samples.
 */

export interface ClickSettings {
  /** CLICK_CFG: a single and a double bit for each axis. */
  readonly config: number
  readonly thresholdG: number
  readonly limit: number
  readonly latency: number
  readonly window: number
}

const SOURCE = { active: 0x40, double: 0x20, single: 0x10, negative: 0x08 } as const

class AxisClick {
  #above = 0
  #sinceFirst: number | undefined
  #isNegative = false

  /** 'single' or 'double' at the sample that completes one. */
  sample(value: number, settings: ClickSettings): 'single' | 'double' | undefined {
    const { thresholdG, limit, latency, window } = settings
    if (this.#sinceFirst !== undefined && ++this.#sinceFirst > latency + window + limit) {
      this.#sinceFirst = undefined
    }
    if (Math.abs(value) > thresholdG) {
      if (this.#above++ === 0) this.#isNegative = value < 0
      return undefined
    }
    const lasted = this.#above
    this.#above = 0
    if (lasted === 0 || lasted > limit) return undefined
    const isSecond = this.#sinceFirst !== undefined && this.#sinceFirst - lasted >= latency
    this.#sinceFirst = isSecond ? undefined : 0
    return isSecond ? 'double' : 'single'
  }

  get isNegative(): boolean {
    return this.#isNegative
  }
}

export class ClickDetector {
  #axes = [new AxisClick(), new AxisClick(), new AxisClick()]

  reset(): void {
    this.#axes = [new AxisClick(), new AxisClick(), new AxisClick()]
  }

  /** CLICK_SRC after this sample; 0 if nothing was recognised. */
  sample(values: readonly number[], settings: ClickSettings): number {
    let source = 0
    for (const [i, axis] of this.#axes.entries()) {
      if ((settings.config & (3 << (2 * i))) === 0) continue
      const found = axis.sample(values[i]!, settings)
      if (found === undefined) continue
      const isWanted = (settings.config >> (2 * i + (found === 'double' ? 1 : 0))) & 1
      if (!isWanted) continue
      source |= SOURCE.active | SOURCE[found] | (1 << i) | (axis.isNegative ? SOURCE.negative : 0)
    }
    return source
  }
}
