/**
 * multipart/form-data (RFC 7578) of a few fields and one file, as a stream that says how far it is.
 * FormData would do, but nobody learns from it how much has left.
 */

export interface Upload {
  readonly bytes: Uint8Array
  readonly fileName: string
  /** Called as bytes leave, the last time with sent === total. */
  readonly onProgress?: ((sent: number, total: number) => void) | undefined
}

const CHUNK_BYTES = 65_536

export function encodeMultipart(
  fields: Readonly<Record<string, string>>,
  upload: Upload,
): { contentType: string; body: ReadableStream<Uint8Array> } {
  const boundary = `microvisor-${crypto.randomUUID()}`
  const part = (disposition: string) =>
    `--${boundary}\r\nContent-Disposition: form-data; ${disposition}\r\n`
  let head = ''
  for (const [name, value] of Object.entries(fields))
    head += `${part(`name="${name}"`)}\r\n${value}\r\n`
  head += part(`name="File"; filename="${upload.fileName.replace(/[^\w.-]/g, '_')}"`)
  head += 'Content-Type: application/zip\r\n\r\n'
  return {
    contentType: `multipart/form-data; boundary=${boundary}`,
    body: streamOf(encode(head), upload, encode(`\r\n--${boundary}--\r\n`)),
  }
}

function streamOf(head: Uint8Array, upload: Upload, tail: Uint8Array): ReadableStream<Uint8Array> {
  const { bytes, onProgress } = upload
  let sent = 0
  return new ReadableStream<Uint8Array>({
    start: (controller) => controller.enqueue(head),
    pull: (controller) => {
      const chunk = bytes.subarray(sent, sent + CHUNK_BYTES)
      sent += chunk.length
      if (chunk.length > 0) controller.enqueue(chunk)
      onProgress?.(sent, bytes.length)
      if (sent < bytes.length) return
      controller.enqueue(tail)
      controller.close()
    },
  })
}

const encode = (text: string) => new TextEncoder().encode(text)
