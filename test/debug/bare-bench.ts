/** A real GDB with a device of its own that has no kernel, and whose time stands still while it is halted. */
import { readFileSync } from 'node:fs'
import { loadElfContent } from '../../packages/cli/src/debug/elf-content.ts'
import { GdbServer } from '../../packages/cli/src/debug/gdb/gdb-server.ts'
import { Target } from '../../packages/cli/src/debug/target.ts'
import { readElfImage } from '../../packages/protocol/src/index.ts'
import { BareDevice } from './bare-device.ts'
import { Gdb } from './gdb.ts'

interface BareBenchOptions {
  readonly foresees: boolean
  /** GDB finds the application before its first instruction; else past the start-up code. */
  readonly fromStart?: boolean
}

export class BareBench {
  readonly device: BareDevice
  readonly target: Target
  readonly gdb: Gdb
  readonly #server: GdbServer
  readonly #fromStart: boolean

  constructor(elf: string, folder: string, { foresees, fromStart = false }: BareBenchOptions) {
    this.#fromStart = fromStart
    this.device = new BareDevice(readElfImage(readFileSync(elf)))
    this.target = new Target({
      foresees,
      connect: async () => this.device.tunnel(),
      events: { output() {}, note() {}, ended() {} },
    })
    this.gdb = new Gdb(elf, folder)
    this.#server = new GdbServer({
      ...{ host: 'localhost', port: 0, target: this.target },
      connected: async () => {
        await this.target.attach()
        await loadElfContent(elf, this.target.state)
      },
      disconnected() {},
    })
  }

  async begin(): Promise<void> {
    // Always the same way.
    if (!this.#fromStart) this.device.advance(100_000)
    await this.target.connect()
    await this.gdb.connect(await this.#server.listen())
    this.device.start()
  }

  async end(): Promise<void> {
    await this.gdb.end()
    this.#server.close()
    this.device.stop()
    this.target.close()
  }
}
