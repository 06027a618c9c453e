/**
 * Master keys: what secrets are sealed under before the database gets them (AES-256-GCM; SP 800-38D).
 * A sealed text is bound to what it is for: moved to another row it does not open.
 *
 * `master.key` in the keys folder has a line for each key, newest first: its id and 32 bytes, in
 * hexadecimal. The first one seals; all of them open. `rotateMasterKey` puts a new one on top, and
 * the next start seals everything anew. A server that meets a key made since it started reads the
 * file again, so servers may restart one by one.
 */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createDurably, writeDurably } from '../storage/durable-file.ts'
import { UsageError } from '../usage-error.ts'

const CIPHER = 'aes-256-gcm'
const ID_BYTES = 4
const KEY_BYTES = 32
/** SP 800-38D, section 8.2.2: random, for fewer than 2^32 texts under one key. */
const NONCE_BYTES = 12
const TAG_BYTES = 16

interface MasterKey {
  readonly id: string
  readonly bytes: Buffer
}

export class MasterKeys {
  readonly #path: string
  #keys: readonly MasterKey[]

  private constructor(path: string, keys: readonly MasterKey[]) {
    this.#path = path
    this.#keys = keys
  }

  /** Makes the first key if there is none. */
  static async open(folder: string): Promise<MasterKeys> {
    const path = join(folder, 'master.key')
    if ((await readKeys(path)).length === 0) await createDurably(path, lineOf(makeKey()), MODE)
    return new MasterKeys(path, await readKeys(path))
  }

  /** The key that seals. */
  get currentId(): string {
    return this.#current.id
  }

  /** False for a text under an older key. */
  isCurrent(sealed: string): boolean {
    return keyIdOf(sealed) === this.currentId
  }

  /** `purpose` has to be the same when it is opened. */
  seal(text: string, purpose: string): string {
    const { id, bytes } = this.#current
    const nonce = randomBytes(NONCE_BYTES)
    const cipher = createCipheriv(CIPHER, bytes, nonce).setAAD(Buffer.from(`${id} ${purpose}`))
    const sealed = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()])
    return `${id}.${Buffer.concat([nonce, sealed, cipher.getAuthTag()]).toString('base64url')}`
  }

  async open(sealed: string, purpose: string): Promise<string> {
    const id = keyIdOf(sealed)
    const bytes = Buffer.from(sealed.slice(id.length + 1), 'base64url')
    const key = await this.#find(id)
    const decipher = createDecipheriv(CIPHER, key.bytes, bytes.subarray(0, NONCE_BYTES), {
      authTagLength: TAG_BYTES,
    })
      .setAAD(Buffer.from(`${id} ${purpose}`))
      .setAuthTag(bytes.subarray(-TAG_BYTES))
    const text = decipher.update(bytes.subarray(NONCE_BYTES, -TAG_BYTES))
    return Buffer.concat([text, decipher.final()]).toString('utf8')
  }

  get #current(): MasterKey {
    const [first] = this.#keys
    if (first === undefined) throw missing(this.#path, 'any')
    return first
  }

  async #find(id: string): Promise<MasterKey> {
    const known = () => this.#keys.find((key) => key.id === id)
    if (known() === undefined) this.#keys = await readKeys(this.#path)
    const key = known()
    if (key === undefined) throw missing(this.#path, id)
    return key
  }
}

/** The key that a sealed text needs. */
function keyIdOf(sealed: string): string {
  return sealed.slice(0, sealed.indexOf('.'))
}

/** Puts a new key on top; returns its id. */
export async function rotateMasterKey(folder: string): Promise<string> {
  const path = join(folder, 'master.key')
  const key = makeKey()
  const lines = [key, ...(await readKeys(path))].map(lineOf)
  await writeDurably(path, lines.join(''), MODE)
  return key.id
}

const MODE = { mode: 0o600 } as const

function makeKey(): MasterKey {
  return { id: randomBytes(ID_BYTES).toString('hex'), bytes: randomBytes(KEY_BYTES) }
}

function lineOf({ id, bytes }: MasterKey): string {
  return `${id} ${bytes.toString('hex')}\n`
}

async function readKeys(path: string): Promise<MasterKey[]> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return ''
    throw error
  })
  return text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line, index) => {
      const [, id, hex] = /^([0-9a-f]{8}) ([0-9a-f]{64})$/.exec(line.trim()) ?? []
      if (id !== undefined && hex !== undefined) return { id, bytes: Buffer.from(hex, 'hex') }
      throw new UsageError(
        'KEYS_UNREADABLE',
        `Line ${index + 1} of ${path} is not a master key (8 and 64 hexadecimal digits).`,
        'Put the original file back; without it secrets cannot be read.',
      )
    })
}

function missing(path: string, id: string): UsageError {
  return new UsageError(
    'KEYS_MISSING',
    `${path} does not have master key ${id}, under which secrets of this database are sealed.`,
    'Put the keys folder that belongs to this database back.',
  )
}
