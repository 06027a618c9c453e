/** A connection is to end, and what the device is told about it. */
import { GoodbyeReason } from '@microvisor/protocol'

export class LinkFailure extends Error {
  override readonly name = 'LinkFailure'
  readonly reason: GoodbyeReason

  constructor(reason: GoodbyeReason, message: string) {
    super(message)
    this.reason = reason
  }
}

export function protocolError(message: string): LinkFailure {
  return new LinkFailure(GoodbyeReason.PROTOCOL_ERROR, message)
}
