/**
 * The chip's supply, as far as memories care: it counts operations that change non-volatile memory
 * and can fail before, inside or after any one of them. A cut inside leaves what a real cell array
 * would: some cells moved, others not. Once it has failed nothing answers until `powerUp`.
 */

/** Thrown by whatever was using the supply when it failed. Nothing of the device may catch it. */
export class PowerCut extends Error {
  override readonly name = 'PowerCut'
}

export interface PowerCutPlan {
  /** Number of the operation, counted from 0 since the last power-up. */
  readonly operation: number
  readonly phase: 'before' | 'during' | 'after'
  /** Decides which cells a torn operation still reaches. */
  readonly seed: number
}

/** One operation on non-volatile memory. */
export interface TearableOperation {
  whole(): void
  /** Does a part of it, the same part for the same seed. */
  torn(seed: number): void
}

export class Supply {
  #operations = 0
  #isOn = true
  #plan: PowerCutPlan | undefined

  /** Operations since the last power-up. */
  get operations(): number {
    return this.#operations
  }

  get isOn(): boolean {
    return this.#isOn
  }

  cutAt(plan: PowerCutPlan | undefined): void {
    this.#plan = plan
  }

  powerUp(): void {
    this.#isOn = true
    this.#operations = 0
    this.#plan = undefined
  }

  /** Fails unless there is power. */
  require(): void {
    if (!this.#isOn) throw new PowerCut('The chip has no power.')
  }

  turnOff(): void {
    this.#isOn = false
  }

  /** The power goes now: what was under way cannot be completed. */
  fail(reason: string): never {
    this.#isOn = false
    throw new PowerCut(reason)
  }

  perform(operation: TearableOperation): void {
    this.require()
    const number = this.#operations++
    const plan = this.#plan
    if (plan === undefined || plan.operation !== number) {
      operation.whole()
      return
    }
    if (plan.phase === 'during') operation.torn(plan.seed)
    if (plan.phase === 'after') operation.whole()
    this.fail(`Power was cut ${plan.phase} operation ${number}.`)
  }
}
