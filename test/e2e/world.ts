/**
 * A world of its own for an end-to-end test: the command in real processes, in a temporary folder,
 * on free ports, with nothing of the user's settings. Everything started in it ends with it.
 *
 * Every wait is bounded, and a wait that fails shows what the processes have printed.
 */
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { cpSync, existsSync, mkdtempSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { databaseTemplate } from '../../packages/server/src/testing/database-template.ts'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const BIN = join(ROOT, 'packages/cli/bin/microvisor.js')

/** Generous: busy cores may run everything else at the same time, and a wait that succeeds costs nothing. */
const PATIENCE_MS = 120_000

export interface Outcome {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

export class World {
  readonly folder = mkdtempSync(join(tmpdir(), 'microvisor-e2e-'))
  readonly data = join(this.folder, 'data')
  readonly environment: NodeJS.ProcessEnv = {
    PATH: process.env.PATH,
    HOME: this.folder,
    XDG_CONFIG_HOME: join(this.folder, 'config'),
    XDG_DATA_HOME: join(this.folder, 'share'),
  }
  readonly #running: Running[] = []
  #ports: { port: number; gateway: number } | undefined

  /** The same two at every call, so that a server can come back to where it was. */
  async ports(): Promise<{ port: number; gateway: number }> {
    this.#ports ??= { port: await freePort(), gateway: await freePort() }
    return this.#ports
  }

  /** Starts the command and leaves it running. */
  start(words: readonly string[]): Running {
    return this.startProgram([process.execPath, BIN, ...words], words.join(' '))
  }

  startProgram(words: readonly string[], name: string): Running {
    const running = new Running(name, words, { cwd: this.folder, env: this.environment })
    this.#running.push(running)
    return running
  }

  /** Runs the command to its end. */
  run(...words: readonly string[]): Promise<Outcome> {
    return this.start(words).ended()
  }

  /** As `run`, for what has to work; gives what stands on standard output. */
  async succeed(...words: readonly string[]): Promise<string> {
    const { code, stdout, stderr } = await this.run(...words)
    assert.equal(
      code,
      0,
      `\`microvisor ${words.join(' ')}\` ended with ${code}:\n${stdout}${stderr}`,
    )
    return stdout
  }

  async succeedJson(...words: readonly string[]): Promise<unknown> {
    return JSON.parse(await this.succeed(...words, '--json'))
  }

  /** The server of this world; the same data and ports each time. */
  async startServer(): Promise<Running> {
    await this.useTemplate(this.data)
    return this.startFreshServer()
  }

  /** As `startServer`; the first time it sets its data folder up by itself. */
  async startFreshServer(): Promise<Running> {
    const { port, gateway } = await this.ports()
    const places = ['--data', this.data, '--port', `${port}`, '--gateway-port', `${gateway}`]
    const server = this.start(['up', ...places])
    await server.says(/REST API/)
    return server
  }

  /** Makes a data folder one that a server has been in before, unless it is one already. */
  async useTemplate(data: string): Promise<void> {
    if (existsSync(join(data, 'server'))) return
    cpSync(await databaseTemplate(), join(data, 'server/db'), { recursive: true })
  }

  /** A device that is connected. */
  async startDevice(name: string): Promise<Running> {
    const device = this.start(['device', 'run', name, '--data', this.data])
    await device.says(/connected to the cloud/)
    return device
  }

  deviceFolder(name: string): string {
    return join(this.data, 'devices', name)
  }

  async end(): Promise<void> {
    await Promise.all(this.#running.map((running) => running.kill('SIGKILL')))
    await rm(this.folder, { recursive: true, force: true, maxRetries: 3 })
  }
}

export class Running {
  readonly name: string
  readonly #child: ChildProcess
  readonly #ended: Promise<Outcome>
  #stdout = ''
  #stderr = ''
  #both = ''
  #wake: (() => void)[] = []
  #isOver = false

  constructor(
    name: string,
    [program, ...args]: readonly string[],
    options: { cwd: string; env: NodeJS.ProcessEnv },
  ) {
    this.name = name
    this.#child = spawn(program!, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] })
    this.#child.stdout!.setEncoding('utf8').on('data', (text: string) => {
      this.#stdout += text
      this.#take(text)
    })
    this.#child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr += text
      this.#take(text)
    })
    this.#ended = new Promise((resolve, reject) => {
      this.#child.on('error', reject)
      this.#child.on('close', (code, signal) => {
        this.#isOver = true
        this.#take('')
        resolve({ code, signal, stdout: this.#stdout, stderr: this.#stderr })
      })
    })
  }

  get pid(): number {
    return this.#child.pid!
  }

  /** All that it has printed so far, in the order in which it came. */
  get output(): string {
    return this.#both
  }

  /** Waits until it has printed this, from `after` (a length of `output`) on. */
  async says(
    pattern: RegExp,
    { after = 0, timeoutMs = PATIENCE_MS } = {},
  ): Promise<RegExpExecArray> {
    const deadline = performance.now() + timeoutMs
    for (;;) {
      const found = pattern.exec(this.#both.slice(after))
      if (found) return found
      const leftMs = deadline - performance.now()
      if (this.#isOver || leftMs <= 0) {
        const why = this.#isOver ? 'ended without saying' : `did not say within ${timeoutMs} ms`
        assert.fail(`\`${this.name}\` ${why} ${pattern}. It said:\n${this.#both}`)
      }
      await this.#change(leftMs)
    }
  }

  /** Waits for its end, which it is not asked for. */
  async ended(timeoutMs = PATIENCE_MS): Promise<Outcome> {
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), timeoutMs)
    const outcome = await this.#ended
    clearTimeout(timer)
    const said = `It said:\n${this.#both}`
    assert.notEqual(
      outcome.signal,
      'SIGKILL',
      `\`${this.name}\` did not end in ${timeoutMs} ms. ${said}`,
    )
    return outcome
  }

  /** Waits for its end, which has to be a good one. */
  async succeeds(timeoutMs = PATIENCE_MS): Promise<Outcome> {
    const outcome = await this.ended(timeoutMs)
    assert.equal(outcome.code, 0, `\`${this.name}\` ended with ${outcome.code}:\n${this.#both}`)
    return outcome
  }

  /** As Ctrl-C. */
  async interrupt(): Promise<Outcome> {
    this.#child.kill('SIGINT')
    return this.ended()
  }

  /** Tells it that something changed. */
  hangUp(): void {
    this.#child.kill('SIGHUP')
  }

  async kill(signal: NodeJS.Signals): Promise<Outcome> {
    if (!this.#isOver) this.#child.kill(signal)
    return this.#ended
  }

  #take(text: string): void {
    this.#both += text
    const waiting = this.#wake
    this.#wake = []
    for (const wake of waiting) wake()
  }

  #change(timeoutMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, timeoutMs)
      this.#wake.push(() => {
        clearTimeout(timer)
        resolve()
      })
    })
  }
}

export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().on('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0))
    })
  })
}
