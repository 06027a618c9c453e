/**
 * What addresses of Apps are called. Made from an ELF file when it is uploaded, which has to be of the
 * very code of the App; the file itself is not kept. A crash finds them by its App's code.
 */
import { promisify } from 'node:util'
import { deflateRaw, inflateRaw } from 'node:zlib'
import { type DeviceEvent, Problem } from '@microvisor/api'
import {
  backtrace,
  type CallFrame,
  DwarfError,
  fromHex,
  ImageError,
  joinBytes,
  measure,
  ProgramSymbols,
  parseAppManifest,
  readElfImage,
  type SymbolData,
  toHex,
} from '@microvisor/protocol'
import { and, eq } from 'drizzle-orm'
import { digest, sha256Hex } from '../keys/engines.ts'
import type { BundleStore } from '../storage/bundles.ts'
import type { Database } from '../storage/database.ts'
import { appSymbols } from '../storage/schema.ts'
import type { AppRow } from './apps.ts'

export type SymbolsRow = Omit<typeof appSymbols.$inferSelect, 'symbols'>
type Crash = NonNullable<DeviceEvent['crash']>

const deflate = promisify(deflateRaw)
const inflate = promisify(inflateRaw)

/** Bytes of one program's symbols as they are kept, and when they are read. */
const KEPT_BYTES_MAX = 8 * 1_048_576
const READ_BYTES_MAX = 64 * 1_048_576
/** Programs whose symbols are held in memory. */
const HELD = 8

export class AppSymbols {
  readonly #db: Database
  readonly #bundles: Pick<BundleStore, 'manifest'>
  /** By account and code; undefined: there are none. The one used last is at the end. */
  readonly #held = new Map<string, Promise<ProgramSymbols | undefined>>()

  constructor(db: Database, bundles: Pick<BundleStore, 'manifest'>) {
    this.#db = db
    this.#bundles = bundles
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
    const codeHash = await this.#checkCode(app, file)
    const made = readSymbols(file)
    const symbols = await deflate(JSON.stringify(made.toData()))
    if (symbols.length > KEPT_BYTES_MAX)
      throw new Problem(
        'SYMBOLS_TOO_LARGE',
        `The symbols take ${symbols.length} bytes; ${KEPT_BYTES_MAX} are allowed.`,
      )
    const facts = {
      ...{ codeHash, symbols, elfHash: sha256Hex(file), createdAt: new Date() },
      ...{ functions: made.functions.length, lines: made.lineCount },
    }
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
    const held = this.#held.get(key) ?? this.#read(accountSid, codeHash)
    this.#held.delete(key)
    // What is not there may come, on whichever server.
    if ((await held.catch(() => undefined)) === undefined) return undefined
    this.#held.set(key, held)
    const [oldest] = this.#held.keys()
    if (this.#held.size > HELD && oldest !== undefined) this.#held.delete(oldest)
    return held
  }

  async #read(accountSid: string, codeHash: string): Promise<ProgramSymbols | undefined> {
    const [row] = await this.#db
      .select({ symbols: appSymbols.symbols })
      .from(appSymbols)
      .where(and(eq(appSymbols.accountSid, accountSid), eq(appSymbols.codeHash, codeHash)))
      .limit(1)
    if (row === undefined) return undefined
    const text = await inflate(row.symbols, { maxOutputLength: READ_BYTES_MAX })
    return ProgramSymbols.ofData(JSON.parse(text.toString('utf8')) as SymbolData)
  }

  /** The hash of the App's code. Throws Problem unless the file holds that code. */
  async #checkCode(app: AppRow, file: Uint8Array): Promise<string> {
    const manifest = await this.#bundles.manifest(app.manifestHash)
    const image = readingElf(() => readElfImage(file))
    for (const { start, size, measurementHash } of internalLayers(manifest)) {
      const made = measure(image.subarray(start, start + size), size, digest)
      if (toHex(made) === toHex(measurementHash)) continue
      throw new Problem(
        'ELF_OF_OTHER_CODE',
        `The file's flash content from byte ${start} on has the hash ${toHex(made).slice(0, 16)}…; that of App ${app.sid} is ${toHex(measurementHash).slice(0, 16)}….`,
      )
    }
    return codeHashOf(manifest)
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

function readSymbols(file: Uint8Array): ProgramSymbols {
  return readingElf(() => ProgramSymbols.ofElf(file))
}

function readingElf<T>(read: () => T): T {
  try {
    return read()
  } catch (error) {
    if (error instanceof ImageError || error instanceof DwarfError)
      throw new Problem('ELF_UNUSABLE', `The ELF file cannot be used: ${error.message}`)
    throw error
  }
}
