/**
 * The certificate with which the API speaks HTTPS itself: two PEM files, read again when one of them
 * changes, so that whoever renews them need not restart anything.
 */
import { X509Certificate } from 'node:crypto'
import { readFile, stat } from 'node:fs/promises'
import { createSecureContext, Server } from 'node:tls'
import type { Logger } from 'pino'
import { UsageError } from '../usage-error.ts'

interface TlsFiles {
  /** The certificate and what it goes back to. */
  readonly certificate: string
  readonly key: string
}

export interface TlsContent {
  readonly cert: Buffer
  readonly key: Buffer
}

/** What the settings say; undefined: plain HTTP. Throws UsageError. */
export async function tlsOf(options: {
  readonly tlsCertificate?: string | undefined
  readonly tlsKey?: string | undefined
}): Promise<{ files: TlsFiles; content: TlsContent } | undefined> {
  const { tlsCertificate: certificate, tlsKey: key } = options
  if (certificate === undefined && key === undefined) return undefined
  if (certificate === undefined || key === undefined)
    throw new UsageError(
      'TLS_UNUSABLE',
      'HTTPS takes two files, a certificate and its private key; one is missing.',
      'Set both MICROVISOR_TLS_CERTIFICATE and MICROVISOR_TLS_KEY, or neither.',
    )
  const files = { certificate, key }
  return { files, content: await readTls(files) }
}

/** Throws UsageError for files that are not what they should be. */
async function readTls(files: TlsFiles): Promise<TlsContent> {
  try {
    const content = { cert: await readFile(files.certificate), key: await readFile(files.key) }
    createSecureContext(content)
    return content
  } catch (error) {
    throw new UsageError(
      'TLS_UNUSABLE',
      `${files.certificate} and ${files.key} cannot be used for HTTPS: ${(error as Error).message}.`,
      'Give a certificate (with its chain) and its private key, both in PEM.',
      error,
    )
  }
}

/** Takes renewed files into use: looks whether they changed this often, and reads them when told to. */
export class TlsFollower {
  readonly #server: object
  readonly #files: TlsFiles
  readonly #log: Logger
  readonly #timer: NodeJS.Timeout
  #last: string | undefined

  constructor(server: object, files: TlsFiles, log: Logger, lookMs: number) {
    this.#server = server
    this.#files = files
    this.#log = log
    void this.#look()
    this.#timer = setInterval(() => void this.#look(), lookMs).unref()
  }

  /** What cannot be used leaves things as they were, and is in the log. Whether it could. */
  async read(): Promise<boolean> {
    try {
      const content = await readTls(this.#files)
      if (this.#server instanceof Server)
        this.#server.setSecureContext({ ...content, minVersion: 'TLSv1.2' })
      const until = new X509Certificate(content.cert).validTo
      this.#log.info({ event: 'certificate of the API read again', until })
      return true
    } catch (error) {
      this.#log.warn({ event: 'certificate of the API not read, the old one stays', err: error })
      return false
    }
  }

  close(): void {
    clearInterval(this.#timer)
  }

  async #look(): Promise<void> {
    const { certificate, key } = this.#files
    const now = (await Promise.all([certificate, key].map(changedAt))).join()
    const isNews = this.#last !== undefined && now !== this.#last
    if (!isNews || (await this.read())) this.#last = now
  }
}

/** A file that is gone has no such time. */
async function changedAt(file: string): Promise<number> {
  return stat(file).then(
    ({ mtimeMs }) => mtimeMs,
    () => 0,
  )
}
