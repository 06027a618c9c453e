/**
 * What addresses of Apps are called. Made from an ELF file when it is uploaded, which has to be of the
 * very code of the App; the file itself is not kept. A crash finds them by its App's code.
 */
import { promisify } from 'node:util'
import { inflateRaw } from 'node:zlib'
import { type DeviceEvent, Problem } from '@microvisor/api'
import {
  backtrace,
  type CallFrame,
  fromHex,
  joinBytes,
  ProgramSymbols,
  parseAppManifest,
  type SymbolData,
} from '@microvisor/protocol'
import { and, eq } from 'drizzle-orm'
import { sha256Hex } from '../keys/engines.ts'
import type { BundleStore } from '../storage/bundles.ts'
import type { Database } from '../storage/database.ts'
import { appSymbols } from '../storage/schema.ts'
import { toldBusy } from '../threads/busy.ts'
import { Thread, ThreadFailure } from '../threads/thread.ts'
import type { AppRow } from './apps.ts'
import type { MadeSymbols, SymbolsAnswer, SymbolsJob } from './symbols-worker.ts'

export type SymbolsRow = Omit<typeof appSymbols.$inferSelect, 'symbols'>
type Crash = NonNullable<DeviceEvent['crash']>

const inflate = promisify(inflateRaw)

/** When they are read; what an older server has kept may be larger than what is taken now. */
const READ_BYTES_MAX = 64 * 1_048_576
/** Programs whose symbols are held in memory. */
const HELD = 8

const WORKER = new URL('./symbols-worker.ts', import.meta.url)

export interface SymbolsLimits {
  /** ELF files being read, and how long one may take. */
  readonly bundlesAtOnce: number
  readonly bundleMs: number
  /** Of one program's symbols, as they are read when it has crashed. */
  readonly symbolsBytes: number
  /** To read them with. */
  readonly symbolsHeapMb: number
}

export class AppSymbols {
  readonly #db: Database
  readonly #bundles: Pick<BundleStore, 'manifest'>
  readonly #bytesMax: number
  readonly #thread: Thread<SymbolsJob, SymbolsAnswer>
  /** By account and code; undefined: there are none. The one used last is at the end. */
  readonly #held = new Map<string, Promise<ProgramSymbols | undefined>>()

  constructor(db: Database, bundles: Pick<BundleStore, 'manifest'>, limits: SymbolsLimits) {
    this.#db = db
    this.#bundles = bundles
    this.#bytesMax = limits.symbolsBytes
    const { bundlesAtOnce: jobsAtOnce, bundleMs: jobMs, symbolsHeapMb: heapMb } = limits
    this.#thread = new Thread(WORKER, { jobsAtOnce, jobMs, heapMb })
  }

  close(): Promise<void> {
    return this.#thread.close()
  }

  async fetch({ sid }: AppRow): Promise<SymbolsRow> {
    const [row] = await this.#db
      .select({
        ...{ appSid: appSymbols.appSid, accountSid: appSymbols.accountSid },
        ...{ codeHash: appSymbols.codeHash, elfHash: appSymbols.elfHash },
        ...{ functions: appSymbols.functions, lines: appSymbols.lines },
        createdAt: appSymbols.createdAt,
      })
      .from(appSymbols)
      .where(eq(appSymbols.appSid, sid))
    if (row) return row
    throw new Problem('SYMBOLS_NOT_FOUND', `App ${sid} has no symbols.`)
  }

  /** Takes the place of what was there. */
  async create(app: AppRow, file: Uint8Array): Promise<SymbolsRow> {
    const manifest = await this.#bundles.manifest(app.manifestHash)
    const { textBytes, ...made } = await this.#read(app, manifest, file)
    if (textBytes > this.#bytesMax)
      throw new Problem(
        'SYMBOLS_TOO_LARGE',
        `The symbols take ${textBytes} bytes; ${this.#bytesMax} are allowed.`,
      )
    const codeHash = codeHashOf(manifest)
    const facts = { ...made, codeHash, symbols: Buffer.from(made.symbols), createdAt: new Date() }
    const row = { appSid: app.sid, accountSid: app.accountSid, ...facts }
    await this.#db
      .insert(appSymbols)
      .values(row)
      .onConflictDoUpdate({ target: appSymbols.appSid, set: facts })
    this.#held.delete(`${app.accountSid} ${codeHash}`)
    return this.fetch(app)
  }

  async remove(app: AppRow): Promise<void> {
    const { codeHash } = await this.fetch(app)
    await this.#db.delete(appSymbols).where(eq(appSymbols.appSid, app.sid))
    this.#held.delete(`${app.accountSid} ${codeHash}`)
  }

  /** Undefined where nothing is known of the crash's code, or the crash is sealed. */
  async framesOf(accountSid: string, crash: Crash): Promise<CallFrame[] | undefined> {
    const { app_hash: hash, registers, stack, sealed } = crash
    if (hash === null || sealed !== undefined) return undefined
    const symbols = await this.#find(accountSid, hash.replace('sha256:', ''))
    const { pc = 0, lr = 0 } = registers
    return symbols && backtrace({ pc, lr, stack: fromHex(stack) ?? new Uint8Array(0) }, symbols)
  }

  async #find(accountSid: string, manifestHash: string): Promise<ProgramSymbols | undefined> {
    const manifest = await this.#bundles.manifest(manifestHash).catch(() => undefined)
    // An App that was deleted has left nothing to tell its code by.
    if (manifest === undefined) return undefined
    const codeHash = codeHashOf(manifest)
    const key = `${accountSid} ${codeHash}`
    const held = this.#held.get(key) ?? this.#load(accountSid, codeHash)
    this.#held.delete(key)
    // What is not there may come, on whichever server.
    if ((await held.catch(() => undefined)) === undefined) return undefined
    this.#held.set(key, held)
    const [oldest] = this.#held.keys()
    if (this.#held.size > HELD && oldest !== undefined) this.#held.delete(oldest)
    return held
  }

  async #load(accountSid: string, codeHash: string): Promise<ProgramSymbols | undefined> {
    const [row] = await this.#db
      .select({ symbols: appSymbols.symbols })
      .from(appSymbols)
      .where(and(eq(appSymbols.accountSid, accountSid), eq(appSymbols.codeHash, codeHash)))
      .limit(1)
    if (row === undefined) return undefined
    const text = await inflate(row.symbols, { maxOutputLength: READ_BYTES_MAX })
    return ProgramSymbols.ofData(JSON.parse(text.toString('utf8')) as SymbolData)
  }

  /** Throws Problem unless the file holds the App's code. */
  async #read(app: AppRow, manifest: Uint8Array, file: Uint8Array): Promise<MadeSymbols> {
    const layers = internalLayers(manifest)
    const answer = await this.#thread.run({ file, layers }).catch((error: unknown) => {
      if (error instanceof ThreadFailure && error.reason === 'large')
        throw new Problem('SYMBOLS_TOO_LARGE', `The ELF file cannot be read: ${error.message}`)
      return toldBusy('ELF files')(error)
    })
    if ('made' in answer) return answer.made
    if ('unusable' in answer)
      throw new Problem('ELF_UNUSABLE', `The ELF file cannot be used: ${answer.unusable}`)
    const { start, hash, wanted } = answer.otherCode
    throw new Problem(
      'ELF_OF_OTHER_CODE',
      `The file's flash content from byte ${start} on has the hash ${hash.slice(0, 16)}…; that of App ${app.sid} is ${wanted.slice(0, 16)}….`,
    )
  }
}

function internalLayers(manifest: Uint8Array) {
  return parseAppManifest(manifest)
    .layers.filter(({ place }) => place === 'internal')
    .sort((a, b) => a.start - b.start)
}

/** Of what lies in the internal flash once it is installed, however it travelled. */
function codeHashOf(manifest: Uint8Array): string {
  return sha256Hex(
    joinBytes(internalLayers(manifest).map(({ measurementHash }) => measurementHash)),
  )
}
