/** A world with a device that runs one of the tests' own programs, and debuggers for it. */
import { join } from 'node:path'
import { buildProject } from '../../tools/samples.ts'
import { type Running, World } from '../e2e/world.ts'
import { Gdb } from './gdb.ts'

const DEVICE = 'patient'

export class DebugWorld {
  readonly world = new World()
  readonly elf: string
  readonly key: string
  readonly publicKey: string
  readonly #gdbs: Gdb[] = []

  constructor(program: string) {
    this.elf = join(this.world.folder, 'build', `${program}.elf`)
    this.key = join(this.world.folder, 'key.pem')
    this.publicKey = join(this.world.folder, 'key.pub.pem')
  }

  /** Server and device, and the program on it, built from `source`. */
  async begin(source: string): Promise<Running> {
    const { world, key, publicKey, elf } = this
    buildProject(source, join(world.folder, 'build'))
    const files = ['--debug-auth-privkey', key, '--debug-auth-pubkey', publicKey]
    await Promise.all([world.startServer(), world.succeed('debug', 'generate-keypair', ...files)])
    const device = await world.startDevice(DEVICE)
    await this.deploy(elf, '--debug-auth-pubkey', publicKey)
    return device
  }

  deploy(image: string, ...flags: string[]): Promise<string> {
    return this.world.succeed('deploy', image, '--device', DEVICE, ...flags)
  }

  /** The command, serving GDB on a port of its own. */
  async debug(...flags: string[]): Promise<{ command: Running; port: number }> {
    const command = this.world.start(['debug', DEVICE, this.key, '--port', '0', ...flags])
    const [, port] = await command.says(/GDB server listening on localhost:(\d+)/)
    return { command, port: Number(port) }
  }

  /** GDB, connected. */
  async gdb(port: number): Promise<Gdb> {
    const gdb = new Gdb(this.elf, this.world.folder)
    this.#gdbs.push(gdb)
    await gdb.connect(port)
    return gdb
  }

  async end(): Promise<void> {
    await Promise.all(this.#gdbs.map((gdb) => gdb.end()))
    await this.world.end()
  }
}
