/** Multipart bodies: a few fields, and one file in the part `File`, held in memory up to its limit. */
import type { MultipartFile } from '@fastify/multipart'
import { Problem, type Route } from '@microvisor/api'
import type { FastifyRequest } from 'fastify'

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
  const fields: Record<string, string> = Object.create(null)
  const maxBytes = expected?.maxBytes ?? 0
  let file: Uint8Array | undefined
  const limits = { fileSize: maxBytes, fieldSize: FIELD_BYTES, parts: PARTS_MAX }
  for await (const part of request.parts({ limits })) {
    const name = part.fieldname
    if (name in fields || (name === 'File' && file))
      throw new Problem('PARAMETER_INVALID', `${name} is given twice.`, { parameter: name })
    if (part.type === 'field') fields[name] = String(part.value)
    else if (name === 'File') file = await readFile(part, maxBytes)
    else throw new Problem('PARAMETER_UNKNOWN', `The file part "${name}" is not expected.`)
  }
  if (file) return { fields, file }
  throw new Problem('UPLOAD_FILE_MISSING', 'The upload has no file part named File.')
}

async function readFile(part: MultipartFile, maxBytes: number): Promise<Uint8Array> {
  try {
    return await part.toBuffer()
  } catch (error) {
    if ((error as { code?: unknown }).code !== 'FST_REQ_FILE_TOO_LARGE') throw error
    throw new Problem(
      'BUNDLE_TOO_LARGE',
      `The file has more than the ${maxBytes} bytes that a bundle may have.`,
    )
  }
}
