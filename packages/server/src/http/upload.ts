/** Multipart bodies: a few fields, and one file in the part `File`, held in memory up to its limit. */
import { Problem, type Route } from '@microvisor/api'
import type { FastifyRequest } from 'fastify'
import { problemOf } from './problems.ts'

const FIELD_BYTES = 4096
const PARTS_MAX = 16

export interface ReceivedForm {
  readonly fields: Record<string, string>
  readonly file: Uint8Array
}

export async function receiveUpload(
  request: FastifyRequest,
  { file: expected }: Pick<Route, 'file'>,
): Promise<ReceivedForm> {
  try {
    return await receive(request, expected?.maxBytes ?? 0)
  } catch (error) {
    // Whatever else the parser says, the body was not what it claimed to be, or ended too early.
    if (problemOf(error)) throw error
    if ((error as { code?: unknown }).code === 'FST_REQ_FILE_TOO_LARGE')
      throw new Problem(
        'BUNDLE_TOO_LARGE',
        `The file has more than the ${expected?.maxBytes} bytes that a bundle may have.`,
      )
    const reason = error instanceof Error ? error.message : String(error)
    throw new Problem('BODY_MALFORMED', `The multipart body cannot be read: ${reason}.`)
  }
}

async function receive(request: FastifyRequest, maxBytes: number): Promise<ReceivedForm> {
  const fields: Record<string, string> = Object.create(null)
  let file: Uint8Array | undefined
  const limits = { fileSize: maxBytes, fieldSize: FIELD_BYTES, parts: PARTS_MAX }
  for await (const part of request.parts({ limits })) {
    const name = part.fieldname
    if (name in fields || (name === 'File' && file))
      throw new Problem('PARAMETER_INVALID', `${name} is given twice.`, { parameter: name })
    if (part.type === 'field') fields[name] = String(part.value)
    else if (name === 'File') file = await part.toBuffer()
    else throw new Problem('PARAMETER_UNKNOWN', `The file part "${name}" is not expected.`)
  }
  if (file) return { fields, file }
  throw new Problem('UPLOAD_FILE_MISSING', 'The upload has no file part named File.')
}
