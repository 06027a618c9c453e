/**
 * What every command has: the flags that say which server and as whom, --json, and the two ways to
 * speak. Results go to standard output, progress to standard error, so that a script can keep the
 * one and show the other.
 */

import type { DeviceEvent } from '@microvisor/api'
import { Command } from '@oclif/core/command'
import { boolean, option, string } from '@oclif/core/flags'
import type { Cloud } from './cloud.ts'
import { formatEvent } from './event-line.ts'
import { type ConnectionFlags, resolveConnection } from './settings.ts'

const GLOBAL = { helpGroup: 'GLOBAL' }

export interface GlobalFlags extends ConnectionFlags {
  readonly json: boolean
  readonly output?: 'text' | 'columns' | 'json' | undefined
  readonly 'log-level': 'debug' | 'info' | 'warn' | 'error' | 'none'
}

export abstract class MicrovisorCommand extends Command {
  static override baseFlags = {
    url: string({
      ...GLOBAL,
      helpValue: 'URL',
      description: 'server to talk to (MICROVISOR_URL)',
    }),
    'account-sid': string({
      ...GLOBAL,
      helpValue: 'SID',
      description: 'account (MICROVISOR_ACCOUNT_SID)',
    }),
    'auth-token': string({
      ...GLOBAL,
      helpValue: 'TOKEN',
      description: "the account's token (MICROVISOR_AUTH_TOKEN)",
    }),
    profile: string({
      ...GLOBAL,
      char: 'p',
      helpValue: 'NAME',
      description:
        'stored settings to use where flags and variables say nothing; `local` unless given',
    }),
    json: boolean({ ...GLOBAL, description: 'answer in JSON' }),
    output: option({
      ...GLOBAL,
      char: 'o',
      options: ['text', 'columns', 'json'] as const,
      description: 'form of the answer; json is the same as --json',
    })(),
    'log-level': option({
      ...GLOBAL,
      char: 'l',
      options: ['debug', 'info', 'warn', 'error', 'none'] as const,
      default: 'info' as const,
      description: 'how much to say while working; warn, error and none leave progress out',
    })(),
  }

  #isQuiet = false
  #isJson = false
  #isDebug = false

  /** To be called first: settles how this run speaks. */
  protected settle(flags: GlobalFlags): void {
    this.#isJson = flags.json || flags.output === 'json'
    this.#isDebug = flags['log-level'] === 'debug'
    this.#isQuiet = !['debug', 'info'].includes(flags['log-level'])
  }

  /** The API's client. Loaded when first used: help and wrong usage need to be quick. */
  async connect(flags: ConnectionFlags): Promise<Cloud> {
    const connection = resolveConnection(flags)
    const { connectCloud } = await import('./cloud.ts')
    return connectCloud(connection)
  }

  protected get isJson(): boolean {
    return this.#isJson
  }

  /** A line about the work in progress. */
  protected progress(line: string): void {
    if (!this.#isQuiet && !this.#isJson) process.stderr.write(`${line}\n`)
  }

  /** What a program that works for this one says; shown with `--log-level debug`. */
  protected toolOutput(text: string): void {
    if (this.#isDebug) process.stderr.write(text)
  }

  /** True where a line may be drawn again and again to show work moving on. */
  protected get canAnimate(): boolean {
    return process.stderr.isTTY === true && !this.#isQuiet && !this.#isJson
  }

  /** What the command was asked for: `value` for machines, `text` for people. */
  protected result(value: unknown, text: string): void {
    process.stdout.write(this.#isJson ? `${JSON.stringify(value, null, 2)}\n` : `${text}\n`)
  }

  /** One event of a device, on a line of its own. */
  protected event(event: DeviceEvent): void {
    process.stdout.write(`${this.#isJson ? JSON.stringify(event) : formatEvent(event)}\n`)
  }
}
