/** Bodies without a file: few and short parameters, whose sender nobody knows yet and who holds a connection. */
import type { Readable } from 'node:stream'
import { Problem } from '@microvisor/api'
import { fieldsOf } from './parameters.ts'

export interface FormLimits {
  readonly bytes: number
  readonly ms: number
}

/** Throws Problem for what is too long or too slow, and leaves the connection to answer on. */
export async function readForm(
  body: Readable,
  limits: FormLimits,
): Promise<Record<string, string>> {
  const { promise: late, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => {
    reject(new Problem('REQUEST_TOO_SLOW', `The body was not here after ${limits.ms} ms.`))
  }, limits.ms)
  try {
    return fieldsOf(await Promise.race([textOf(body, limits.bytes), late]))
  } finally {
    clearTimeout(timer)
  }
}

async function textOf(body: Readable, bytesMax: number): Promise<string> {
  const parts: Buffer[] = []
  let bytes = 0
  try {
    for await (const part of body.iterator({ destroyOnReturn: false })) {
      bytes += part.length
      if (bytes > bytesMax) break
      parts.push(part)
    }
  } catch {
    throw new Problem('BODY_MALFORMED', `The body ended after ${bytes} bytes, before its end.`)
  }
  if (bytes <= bytesMax) return Buffer.concat(parts).toString()
  throw new Problem('BODY_TOO_LARGE', `The body has more than the ${bytesMax} bytes it may have.`)
}
