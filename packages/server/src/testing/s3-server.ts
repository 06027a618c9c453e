/**
 * An object store that speaks as much of S3 as blobs need, and refuses what is not signed as AWS
 * Signature Version 4 says: method, path, query, signed headers and the body's hash all count.
 */
import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface TestS3 {
  /** For MICROVISOR_BLOBS_URL, with a folder in the bucket. */
  readonly url: string
  readonly objects: Map<string, Buffer>
  /** Addresses with other credentials are refused. */
  urlFor(key: string, secret: string): string
  /** As `url`, with another folder in the bucket. */
  urlIn(folder: string): string
  close(): Promise<void>
}

const KEY = 'TESTKEY'
const SECRET = 'test/secret+key'
const REGION = 'test-region-1'
const BUCKET = 'blobs'
const PAGE = 3

export async function startS3(): Promise<TestS3> {
  const objects = new Map<string, Buffer>()
  const server = createServer((request, response) => {
    void bodyOf(request).then((body) => answer(objects, request, body, response))
  })
  await new Promise<void>((resolve) => server.listen({ host: '127.0.0.1', port: 0 }, resolve))
  const { port } = server.address() as AddressInfo
  const urlFor = (key: string, secret: string, folder = 'some/folder') =>
    `s3://${key}:${encodeURIComponent(secret)}@127.0.0.1:${port}/${BUCKET}/${folder}?region=${REGION}&tls=false`
  return {
    url: urlFor(KEY, SECRET),
    objects,
    urlFor,
    urlIn: (folder) => urlFor(KEY, SECRET, folder),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

function answer(
  objects: Map<string, Buffer>,
  request: IncomingMessage,
  body: Buffer,
  response: ServerResponse,
): void {
  const url = new URL(request.url ?? '', 'http://s3')
  const [, bucket, ...rest] = decodeURIComponent(url.pathname).split('/')
  const key = rest.join('/')
  const say = (status: number, content: Buffer | string = '', headers = {}) =>
    response.writeHead(status, headers).end(request.method === 'HEAD' ? undefined : content)
  const fail = (status: number, code: string) =>
    say(status, `<Error><Code>${code}</Code><Message>${code}</Message></Error>`)
  if (!isSigned(request, url, body)) return void fail(403, 'SignatureDoesNotMatch')
  if (bucket !== BUCKET) return void fail(404, 'NoSuchBucket')
  if (key === '') return void (request.method === 'GET' ? list(objects, url, say) : say(200))
  if (request.method === 'PUT') {
    objects.set(key, plain(request, body))
    return void say(200)
  }
  if (request.method === 'DELETE') return void say(objects.delete(key) ? 204 : 204)
  const found = objects.get(key)
  if (found === undefined) return void fail(404, 'NoSuchKey')
  const [, from, to] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '') ?? []
  const part = from === undefined ? found : found.subarray(Number(from), Number(to) + 1)
  say(from === undefined ? 200 : 206, part, { 'content-length': part.length })
}

function list(
  objects: Map<string, Buffer>,
  { searchParams }: URL,
  say: (status: number, content: string) => void,
): void {
  const prefix = searchParams.get('prefix') ?? ''
  const from = Number(searchParams.get('continuation-token') ?? 0)
  const keys = [...objects.keys()].filter((key) => key.startsWith(prefix)).sort()
  const page = keys.slice(from, from + PAGE)
  const isLast = from + PAGE >= keys.length
  const next = isLast ? '' : `<NextContinuationToken>${from + PAGE}</NextContinuationToken>`
  const contents = page.map((key) => `<Contents><Key>${key}</Key></Contents>`).join('')
  say(
    200,
    `<ListBucketResult><IsTruncated>${!isLast}</IsTruncated>${contents}${next}</ListBucketResult>`,
  )
}

/** The body without the chunk signatures and trailers of `aws-chunked`. */
function plain({ headers }: IncomingMessage, body: Buffer): Buffer {
  if (!String(headers['content-encoding'] ?? '').includes('aws-chunked')) return body
  const parts: Buffer[] = []
  for (let at = 0; ; ) {
    const end = body.indexOf('\r\n', at)
    const size = Number.parseInt(body.toString('latin1', at, end), 16)
    if (!(size > 0)) return Buffer.concat(parts)
    parts.push(body.subarray(end + 2, end + 2 + size))
    at = end + 2 + size + 2
  }
}

function isSigned(request: IncomingMessage, url: URL, body: Buffer): boolean {
  const { headers } = request
  const [, key, scope, names = '', signature = ''] =
    /^AWS4-HMAC-SHA256 Credential=([^/]+)\/([^,]+), ?SignedHeaders=([^,]+), ?Signature=(\w+)$/.exec(
      headers.authorization ?? '',
    ) ?? []
  const contentHash = String(headers['x-amz-content-sha256'] ?? '')
  const isWhole = contentHash.startsWith('STREAMING-') || contentHash === hex(body)
  if (key !== KEY || scope === undefined || !isWhole || !names.split(';').includes('host'))
    return false
  const query = [...url.searchParams]
    .map(([name, value]) => `${encode(name)}=${encode(value)}`)
    .sort()
    .join('&')
  const canonical = [
    request.method,
    url.pathname,
    query,
    ...names.split(';').map((name) => `${name}:${String(headers[name]).trim()}`),
    '',
    names,
    contentHash,
  ].join('\n')
  const text = ['AWS4-HMAC-SHA256', headers['x-amz-date'], scope, hex(canonical)].join('\n')
  const steps = [...scope.split('/'), text]
  if (steps[1] !== REGION || steps[2] !== 's3') return false
  const right = steps.reduce(
    (secret: Buffer, step) => createHmac('sha256', secret).update(step).digest(),
    Buffer.from(`AWS4${SECRET}`),
  )
  const given = Buffer.from(signature, 'hex')
  return given.length === right.length && timingSafeEqual(given, right)
}

function hex(content: Buffer | string): string {
  return createHash('sha256').update(content).digest('hex')
}

function encode(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`,
  )
}

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = []
  for await (const part of request) parts.push(part as Buffer)
  return Buffer.concat(parts)
}
