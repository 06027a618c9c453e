/**
 * Fault confinement: error counters and the states that follow from them. ISO 11898-1, "Fault
 * confinement"; RM0456, FDCAN_ECR and FDCAN_PSR.
 */
const [WARNING_FROM, PASSIVE_FROM, BUS_OFF_FROM] = [96, 128, 256]
/** A receiver that was error passive is not any more after one good frame. */
const RECEIVE_AFTER_PASSIVE = 127
const SENDER_STEP = 8

export class ErrorCounters {
  transmit = 0
  receive = 0
  /** Errors since it was read. */
  logged = 0

  reset(): void {
    this.transmit = 0
    this.receive = 0
    this.logged = 0
  }

  get isWarning(): boolean {
    return this.transmit >= WARNING_FROM || this.receive >= WARNING_FROM
  }

  get isPassive(): boolean {
    return this.transmit >= PASSIVE_FROM || this.receive >= PASSIVE_FROM
  }

  get isBusOff(): boolean {
    return this.transmit >= BUS_OFF_FROM
  }

  sent(): void {
    this.transmit = Math.max(0, this.transmit - 1)
  }

  received(): void {
    const isPassive = this.receive >= PASSIVE_FROM
    this.receive = isPassive ? RECEIVE_AFTER_PASSIVE : Math.max(0, this.receive - 1)
  }

  /** A passive node that nobody acknowledges does not count it. */
  sendFailed(isUnacknowledged: boolean): void {
    this.#log()
    if (!isUnacknowledged || !this.isPassive) this.transmit += SENDER_STEP
  }

  receiveFailed(): void {
    this.#log()
    this.receive = Math.min(PASSIVE_FROM, this.receive + 1)
  }

  #log(): void {
    this.logged = Math.min(0xff, this.logged + 1)
  }

  /** As ECR shows them. */
  get word(): number {
    const isReceivePassive = this.receive >= PASSIVE_FROM
    return (
      Math.min(this.transmit, 0xff) +
      Math.min(this.receive, 0x7f) * 2 ** 8 +
      Number(isReceivePassive) * 2 ** 15 +
      this.logged * 2 ** 16
    )
  }
}
