/**
 * The certificate with which the API speaks HTTPS itself: two PEM files, read again when one of them
 * changes, so that whoever renews them need not restart anything.
 */
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

/** Takes renewed files into use, looking for them this often. Returns what ends it. */
export function followTls(
  server: object,
  files: TlsFiles,
  log: Logger,
  lookMs: number,
): () => void {
  let last = ''
  const look = async () => {
    const times = await Promise.all(
      [files.certificate, files.key].map(async (file) => (await stat(file)).mtimeMs),
    )
    const now = times.join()
    if (last !== '' && now !== last && server instanceof Server) {
      server.setSecureContext({ ...(await readTls(files)), minVersion: 'TLSv1.2' })
      log.info({ event: 'certificate of the API read again' })
    }
    last = now
  }
  const note = (error: unknown) =>
    log.warn({ event: 'certificate of the API not read', err: error })
  void look().catch(note)
  const timer = setInterval(() => void look().catch(note), lookMs).unref()
  return () => clearInterval(timer)
}
