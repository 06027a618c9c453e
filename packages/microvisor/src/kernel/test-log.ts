/**
 * The log of the factory test. The console takes a line at once, so nothing waits in the buffer
 * that the application gave; a line has to fit it all the same.
 */
import { LOG_MESSAGE_OVERHEAD_BYTES } from './server-log.ts'

export class TestLog {
  #bufferBytes = 0

  get hasBegun(): boolean {
    return this.#bufferBytes > 0
  }

  begin(bufferBytes: number): void {
    this.#bufferBytes = bufferBytes
  }

  fits(bytes: number): boolean {
    return bytes + LOG_MESSAGE_OVERHEAD_BYTES <= this.#bufferBytes
  }

  /** The application has stopped. */
  reset(): void {
    this.#bufferBytes = 0
  }
}
