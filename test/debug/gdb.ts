/**
 * A real GDB, driven through its machine interface (GDB manual, "The GDB/MI Interface").
 *
 * Commands are those of its console; what they print is their answer. Every wait is bounded, and one
 * that fails shows all that GDB has said.
 */
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'

export const GDB = 'gdb-multiarch'

/** Generous: two busy cores may run everything else at the same time. */
const PATIENCE_MS = 60_000
/** What makes GDB say the same everywhere. */
const SETTINGS = [
  ...['set confirm off', 'set pagination off', 'set width 0', 'set print thread-events off'],
  ...['set remotetimeout 60', 'set debuginfod enabled off', 'set max-value-size unlimited'],
]

/** A stop, as `*stopped` reports it: fields as text. */
export interface Stop {
  readonly reason: string
  readonly function: string
  readonly line: string
}

export class Gdb {
  readonly #child: ChildProcess
  readonly #patienceMs: number
  readonly #stop: RegExp
  #said = ''
  #wake: (() => void)[] = []
  #token = 0
  #port = 0
  /** It did not answer in time: nothing after that means anything. */
  #isLost = false

  /** With `args` in the place of what the tests usually start it with: one that prompts while it runs. */
  constructor(elf: string, folder: string, patienceMs = PATIENCE_MS, args?: readonly string[]) {
    this.#patienceMs = patienceMs
    this.#stop =
      args === undefined ? /^\*stopped([^\n]*)\n[\s\S]*?^\(gdb\)/m : /^\*stopped([^\n]*)\n/m
    this.#child = spawn(GDB, args ?? ['--nx', '--quiet', '--interpreter=mi3', elf], {
      ...{ cwd: folder, stdio: ['pipe', 'pipe', 'pipe'], detached: true },
      env: { ...process.env, HOME: folder, TERM: 'dumb' },
    })
    for (const stream of [this.#child.stdout!, this.#child.stderr!]) {
      stream.setEncoding('utf8').on('data', (text: string) => this.#take(text))
    }
    this.#child.on('close', () => this.#take('\n<gone>\n'))
  }

  async connect(port: number): Promise<void> {
    this.#port = port
    for (const setting of SETTINGS) await this.ask(setting)
    await this.reconnect()
  }

  async reconnect(): Promise<void> {
    await this.ask(`target extended-remote localhost:${this.#port}`)
  }

  /** What the console command prints. An error of GDB's is thrown. */
  async ask(command: string): Promise<string> {
    const { text, error } = await this.#command(command)
    assert.equal(error, undefined, `${command}: ${error}\n${this.tail}`)
    return text
  }

  /** What a command of the machine interface ends with, as it stands there. */
  async mi(command: string): Promise<string> {
    const { record, error } = await this.#command(`-${command}`)
    assert.equal(error, undefined, `${command}: ${error}\n${this.tail}`)
    return record
  }

  /** The error that the command ends with, and what it printed. */
  async fails(command: string): Promise<string> {
    const { text, error } = await this.#command(command)
    assert.ok(error !== undefined, `${command} went well: ${text}`)
    return `${text}${error}`
  }

  /** For a command that makes the application run: where it stops then. */
  async run(command: string): Promise<Stop & { readonly text: string }> {
    const from = this.#said.length
    this.begin(command)
    return this.stopped(from)
  }

  /** As `run`, without waiting. Gives the place from which on to wait for the stop. */
  begin(command: string): number {
    const from = this.#said.length
    this.#child.stdin!.write(`${++this.#token}${command}\n`)
    return from
  }

  async stopped(from: number): Promise<Stop & { readonly text: string }> {
    const [, record] = await this.#says(this.#stop, from)
    const field = (name: string) => new RegExp(`[,{]${name}="([^"]*)"`).exec(record!)?.[1] ?? ''
    const signal = field('signal-name')
    return {
      reason: signal === '' ? field('reason') : signal,
      function: field('func'),
      line: field('line'),
      text: consoleText(this.#said.slice(from)),
    }
  }

  /** Ctrl-C. */
  interrupt(): void {
    this.#child.kill('SIGINT')
  }

  async value(expression: string): Promise<number> {
    const text = await this.ask(`output/d ${expression}`)
    return Number(text)
  }

  async end(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const closed = new Promise((resolve) => this.#child.once('close', resolve))
    this.#child.kill(signal)
    await closed
  }

  /** Ends by itself, and in time. */
  async gone(withinMs: number): Promise<void> {
    const from = performance.now()
    await this.#says(/<gone>/, 0)
    const tookMs = performance.now() - from
    assert.ok(tookMs < withinMs, `${tookMs} ms`)
  }

  get tail(): string {
    return this.#said.slice(-3000)
  }

  async #command(command: string) {
    const token = ++this.#token
    const from = this.#said.length
    this.#child.stdin!.write(`${token}${command}\n`)
    const result = new RegExp(`^${token}\\^(done|running|connected|error|exit)([^\\n]*)\\n`, 'm')
    const [, kind, rest] = await this.#says(result, from)
    const said = this.#said.slice(from)
    const error =
      kind === 'error' ? unquoted(/msg="((?:[^"\\]|\\.)*)"/.exec(rest!)?.[1] ?? '') : undefined
    return { text: consoleText(said), record: rest!, error }
  }

  async #says(pattern: RegExp, from: number): Promise<RegExpExecArray> {
    assert.ok(!this.#isLost, 'GDB hangs since an earlier test.')
    const deadline = performance.now() + this.#patienceMs
    for (;;) {
      const found = pattern.exec(this.#said.slice(from))
      if (found) return found
      const leftMs = deadline - performance.now()
      const isGone = this.#said.endsWith('<gone>\n')
      if (leftMs <= 0 || isGone) {
        this.#isLost = true
        assert.fail(`GDB did not say ${pattern}:\n${this.tail}`)
      }
      await this.#change(leftMs)
    }
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

  #take(text: string): void {
    this.#said += text
    const waiting = this.#wake
    this.#wake = []
    for (const wake of waiting) wake()
  }
}

/** `~"..."` of the console and `@"..."` of the target; `&"..."` of the log repeats commands. */
function consoleText(said: string): string {
  return [...said.matchAll(/^[~@]"((?:[^"\\]|\\.)*)"/gm)]
    .map(([, text]) => unquoted(text!))
    .join('')
}

function unquoted(text: string): string {
  return text.replace(/\\(\d{3}|.)/g, (_, code: string) => {
    if (code.length === 3) return String.fromCharCode(Number.parseInt(code, 8))
    return { n: '\n', t: '\t' }[code] ?? code
  })
}
