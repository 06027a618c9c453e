/**
 * A client of the Debug Adapter Protocol (its specification, version 1.68), as an editor is one: what it
 * asks, what it is told, over the adapter's standard input and output. Every wait is bounded, and one
 * that fails shows the end of what was said.
 */
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'

/** Generous: two busy cores may run everything else at the same time. */
const PATIENCE_MS = 60_000
const TAIL = 12

interface Message {
  readonly type: 'request' | 'response' | 'event'
  readonly event?: string
  readonly command?: string
  readonly request_seq?: number
  readonly success?: boolean
  readonly message?: string
  readonly body?: Readonly<Record<string, unknown>>
}

/** What an answer or an event holds: the adapter's word, looked at by the test that asked for it. */
// biome-ignore lint/suspicious/noExplicitAny: each test knows the shape of what it asked for
export type Body = any

export class DebugAdapter {
  readonly #child: ChildProcess
  readonly #said: Message[] = []
  #buffer = Buffer.alloc(0)
  #wake: (() => void)[] = []
  #sequence = 0
  #isGone = false

  constructor(program: string, args: readonly string[], cwd: string) {
    this.#child = spawn(program, args, {
      ...{ cwd, stdio: ['pipe', 'pipe', 'inherit'] },
      env: { ...process.env, HOME: cwd, TERM: 'dumb' },
    })
    this.#child.stdout!.on('data', (data: Buffer) => this.#take(data))
    this.#child.on('close', () => {
      this.#isGone = true
      this.#wakeAll()
    })
  }

  /** The answer's body. A refusal is thrown. */
  async ask(command: string, args: Readonly<Record<string, unknown>> = {}): Promise<Body> {
    const seq = ++this.#sequence
    const text = JSON.stringify({ seq, type: 'request', command, arguments: args })
    this.#child.stdin!.write(`Content-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`)
    const answer = await this.#says(
      `the answer to ${command}`,
      ({ type, request_seq }) => type === 'response' && request_seq === seq,
      0,
    )
    assert.ok(answer.success, `${command}: ${JSON.stringify(answer)}\n${this.tail}`)
    return answer.body
  }

  /** How much was said until now: a place to wait from. */
  get now(): number {
    return this.#said.length
  }

  /** The first event of this name from that place on. */
  async event(name: string, from: number): Promise<Body> {
    const isIt = ({ type, event }: Message) => type === 'event' && event === name
    return (await this.#says(`the event ${name}`, isIt, from)).body
  }

  /** What it printed, for people. */
  get output(): string {
    return this.#said
      .filter(({ event }) => event === 'output')
      .map(({ body }) => String(body?.output))
      .join('')
  }

  get tail(): string {
    return this.#said
      .slice(-TAIL)
      .map((message) => JSON.stringify(message))
      .join('\n')
  }

  async end(): Promise<void> {
    if (this.#isGone) return
    const closed = new Promise((resolve) => this.#child.once('close', resolve))
    this.#child.kill()
    await closed
  }

  async #says(what: string, holds: (message: Message) => boolean, from: number): Promise<Message> {
    const deadline = performance.now() + PATIENCE_MS
    for (;;) {
      const found = this.#said.slice(from).find(holds)
      if (found !== undefined) return found
      const leftMs = deadline - performance.now()
      assert.ok(leftMs > 0 && !this.#isGone, `The adapter did not say ${what}:\n${this.tail}`)
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, leftMs)
        this.#wake.push(() => {
          clearTimeout(timer)
          resolve()
        })
      })
    }
  }

  #take(data: Buffer): void {
    this.#buffer = Buffer.concat([this.#buffer, data])
    for (;;) {
      const end = this.#buffer.indexOf('\r\n\r\n')
      if (end < 0) break
      const [, length] =
        /Content-Length: (\d+)/i.exec(this.#buffer.toString('latin1', 0, end)) ?? []
      const from = end + 4
      const to = from + Number(length)
      if (this.#buffer.length < to) break
      this.#said.push(JSON.parse(this.#buffer.toString('utf8', from, to)))
      this.#buffer = this.#buffer.subarray(to)
    }
    this.#wakeAll()
  }

  #wakeAll(): void {
    const waiting = this.#wake
    this.#wake = []
    for (const wake of waiting) wake()
  }
}
