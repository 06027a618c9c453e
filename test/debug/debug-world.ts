/**
 * A server and a device in this process, the device running one of the tests' own programs, and
 * debuggers for it: the command in a process of its own, or a session here. Everything is the real
 * thing; one process for server and device, because starting them takes longer than most tests.
 */
import assert from 'node:assert/strict'
import { mkdtempSync } from 'node:fs'
import { readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { bundleImage } from '../../packages/cli/src/bundling.ts'
import { type Cloud, connectCloud } from '../../packages/cli/src/cloud.ts'
import { generateKeyPair } from '../../packages/cli/src/debug/debug-keys.ts'
import { type DebugSession, openDebugSession } from '../../packages/cli/src/debug/session.ts'
import { asFailure, formatFailure } from '../../packages/cli/src/errors.ts'
import { prepareDevice } from '../../packages/cli/src/local-device.ts'
import { policiesOf } from '../../packages/cli/src/policies.ts'
import {
  type CommandOutcome,
  runCommandLines,
} from '../../packages/cli/src/testing/command-lines.ts'
import { openDevice, type VirtualDevice } from '../../packages/device/src/index.ts'
import { type TestCloud, testCloud } from '../../packages/server/src/testing/cloud.ts'
import { type Running, World } from '../e2e/world.ts'
import { Gdb } from './gdb.ts'
import { Relay } from './relay.ts'
import { until } from './waiting.ts'

const DEVICE = 'patient'

interface TestSession extends DebugSession {
  readonly notes: readonly string[]
  /** Waits until a note, or several together, say this, from the note of this number on. */
  says(pattern: RegExp, from?: number): Promise<void>
}

export class DebugWorld {
  readonly folder = mkdtempSync(join(tmpdir(), 'microvisor-debug-'))
  readonly key = join(this.folder, 'key.pem')
  readonly #gdbs: Gdb[] = []
  readonly #sessions: DebugSession[] = []
  #commands: World | undefined
  #server: TestCloud | undefined
  #relay: Relay | undefined
  #device: VirtualDevice | undefined
  #link = 'down'
  #elf = ''

  /** Server and device, and the program on it. */
  async begin(elf: string): Promise<void> {
    this.#elf = elf
    this.#server = await testCloud()
    this.#relay = new Relay(this.#server.server.url)
    await this.#relay.listen()
    await generateKeyPair({ privateKey: this.key, publicKey: `${this.key}.pub` }, false)
    await this.startDevice()
    await this.deploy(`${this.key}.pub`)
  }

  get elf(): string {
    return this.#elf
  }

  get server(): TestCloud {
    assert.ok(this.#server)
    return this.#server
  }

  /** Between debuggers and the server. */
  get relay(): Relay {
    assert.ok(this.#relay)
    return this.#relay
  }

  get device(): VirtualDevice {
    assert.ok(this.#device)
    return this.#device
  }

  /** By way of the relay. */
  get cloud(): Cloud {
    return connectCloud({ url: this.relay.url, ...this.server.server.account })
  }

  async startDevice(): Promise<void> {
    const cloud = connectCloud({ url: this.server.server.url, ...this.server.server.account })
    const data = join(this.folder, 'data')
    const options = { data, name: DEVICE, connect: async () => cloud, progress: () => undefined }
    this.#device = openDevice(await prepareDevice(options), {
      clock: 'real',
      events: {
        link: (state) => {
          this.#link = state
        },
      },
    })
    this.#device.start()
    await until('the device is connected', () => this.#link === 'connected')
  }

  stopDevice(): void {
    this.#device?.stop()
    this.#link = 'down'
  }

  /** The program, with these keys for debugging and for crash reports; resolves once it runs. */
  async deploy(publicKey: string | undefined, crashKey?: string): Promise<void> {
    const { api, client } = this.cloud
    const params = { Sid: DEVICE }
    const app = { sid: await this.target(publicKey, crashKey) }
    await until('the device runs the program', async () => {
      const { app: at } = await client.call(api.fetchDevice, { params })
      return at.reported_sid === app.sid && at.update_status === 'up-to-date'
    })
  }

  /** Gives the application to the device, whenever it takes it. */
  async target(publicKey: string | undefined, crashKey?: string): Promise<string> {
    const { api, client } = this.cloud
    const keys = { 'debug-auth-pubkey': publicKey, 'crash-report-key': crashKey }
    const policies = policiesOf({ ...keys, 'crash-stack-bytes': 2048 })
    const bytes = bundleImage(this.elf, await readFile(this.elf), policies)
    const app = await client.upload(api.createApp, { file: { bytes, fileName: 'program.zip' } })
    await client.call(api.updateDevice, { params: { Sid: DEVICE }, form: { TargetApp: app.sid } })
    return app.sid
  }

  /** Command lines, run one after another to their ends. */
  run(...lines: string[][]): Promise<CommandOutcome[]> {
    const { PATH, HOME, ...variables } = this.commands.environment
    return runCommandLines(
      lines.map((words) => ({ words, variables: variables as Record<string, string> })),
    )
  }

  /** A session in this process, and what is said to its user. */
  async session(keyFile = this.key): Promise<TestSession> {
    const notes: string[] = []
    const session = await openDebugSession({
      ...{ cloud: this.cloud, deviceSid: this.device.record.sid, keyFile },
      ...{ host: 'localhost', port: 0, elf: this.elf, progress: (line) => notes.push(line) },
      knownDevices: this.knownDevices,
    })
    this.#sessions.push(session)
    const says = (pattern: RegExp, from = 0) =>
      until(`${pattern} is said`, () => pattern.test(notes.slice(from).join('\n')))
    return { ...session, notes, says }
  }

  /** Keys of devices that sessions in this process have seen. */
  get knownDevices(): string {
    return join(this.folder, 'known-devices.json')
  }

  /** What a user reads of a session that is refused. */
  async refusal(keyFile = this.key): Promise<string> {
    const outcome = await this.session(keyFile).then(
      () => 'no refusal',
      (error: unknown) => formatFailure(asFailure(error)),
    )
    assert.notEqual(outcome, 'no refusal')
    return outcome
  }

  /** Where commands run: what they keep, they keep there. */
  get commands(): World {
    this.#commands ??= new World()
    const { accountSid, authToken } = this.server.server.account
    Object.assign(this.#commands.environment, {
      ...{ MICROVISOR_URL: this.relay.url, MICROVISOR_ACCOUNT_SID: accountSid },
      MICROVISOR_AUTH_TOKEN: authToken,
    })
    return this.#commands
  }

  /** The command, serving GDB on a port of its own. */
  async debug(...flags: string[]): Promise<{ command: Running; port: number }> {
    const command = this.commands.start(['debug', DEVICE, this.key, '--port', '0', ...flags])
    const [, port] = await command.says(/GDB server listening on localhost:(\d+)/)
    return { command, port: Number(port) }
  }

  /** GDB, connected. */
  async gdb(port: number): Promise<Gdb> {
    const gdb = new Gdb(this.elf, this.folder)
    this.#gdbs.push(gdb)
    await gdb.connect(port)
    return gdb
  }

  async end(): Promise<void> {
    await Promise.all(this.#gdbs.map((gdb) => gdb.end()))
    await Promise.all(this.#sessions.map((session) => session.close()))
    await this.#commands?.end()
    this.#device?.stop()
    this.#relay?.close()
    await this.#server?.close()
    await rm(this.folder, { recursive: true, force: true, maxRetries: 3 })
  }
}
