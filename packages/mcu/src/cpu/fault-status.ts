/**
 * Fault status and address registers. Armv8-M ARM, D1.2: CFSR, HFSR, DFSR, SFSR, MMFAR, BFAR, SFAR.
 * MemManage and UsageFault bits are banked, BusFault bits are one set for both states.
 */
import { EXCEPTION, type Fault } from './faults.ts'

export class FaultStatus {
  cfsrNonSecure = 0
  cfsrSecure = 0
  bfsr = 0
  hfsr = 0
  sfsr = 0
  dfsr = 0
  mmfarNonSecure = 0
  mmfarSecure = 0
  bfar = 0
  sfar = 0

  reset(): void {
    Object.assign(this, new FaultStatus())
  }

  /** Records the syndrome of a fault in the bank of the state that raised it. */
  record({ exception, syndrome, address }: Fault, isSecure: boolean): void {
    switch (exception) {
      case EXCEPTION.secureFault:
        this.sfsr |= syndrome
        if (address !== undefined) this.sfar = address
        break
      case EXCEPTION.busFault:
        this.bfsr |= syndrome
        if (address !== undefined) this.bfar = address
        break
      default:
        if (isSecure) this.#recordSecure(syndrome, address)
        else {
          this.cfsrNonSecure |= syndrome
          if (address !== undefined) this.mmfarNonSecure = address
        }
    }
  }

  #recordSecure(syndrome: number, address: number | undefined): void {
    this.cfsrSecure |= syndrome
    if (address !== undefined) this.mmfarSecure = address
  }
}
