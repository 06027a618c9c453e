/** Bytes of a serial line to lines of text. */

/** A line without an end is taken in parts of this length. */
const LINE_BYTES_MAX = 1024

export class LineSplitter {
  readonly #tell: (line: string) => void
  #bytes: number[] = []

  constructor(tell: (line: string) => void) {
    this.#tell = tell
  }

  take(byte: number): void {
    const isEnd = byte === 0x0a
    if (!isEnd && byte !== 0x0d) this.#bytes.push(byte)
    if (isEnd || this.#bytes.length >= LINE_BYTES_MAX) this.flush()
  }

  /** No more will come: a line without its end is one. */
  end(): void {
    if (this.#bytes.length > 0) this.flush()
  }

  /** What has come of a line that may never end. */
  flush(): void {
    const text = Buffer.from(this.#bytes).toString('utf8')
    this.#bytes = []
    this.#tell(text)
  }
}
