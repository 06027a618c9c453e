/**
 * Blobs in an S3-compatible object store: one object each, named by its hash.
 *
 * The address is `s3://ACCESS_KEY:SECRET_KEY@HOST:PORT/BUCKET/PREFIX?region=…&tls=false`; without keys
 * the AWS SDK's own ways of finding credentials apply, without a host AWS itself is meant.
 */
import {
  DeleteObjectCommand,
  GetObjectCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3'
import { UsageError } from '../usage-error.ts'
import { type BlobReader, type Blobs, StorageFull } from './blobs.ts'

const ATTEMPTS = 3
const HASH = /^[0-9a-f]{64}$/

interface Place {
  readonly client: S3Client
  readonly bucket: string
  readonly prefix: string
}

export class S3Blobs implements Blobs {
  readonly #place: Place

  private constructor(place: Place) {
    this.#place = place
  }

  static async open(address: string): Promise<S3Blobs> {
    const { place, shown } = placeOf(address)
    try {
      await place.client.send(new HeadBucketCommand({ Bucket: place.bucket }))
    } catch (error) {
      place.client.destroy()
      throw new UsageError(
        'BLOBS_UNUSABLE',
        `The bucket ${shown} cannot be used: ${(error as Error).name}: ${(error as Error).message}.`,
        'Check MICROVISOR_BLOBS_URL (s3://key:secret@host/bucket?region=…), and that the bucket exists.',
        error,
      )
    }
    return new S3Blobs(place)
  }

  async put(hash: string, bytes: Uint8Array): Promise<void> {
    if ((await this.#size(hash)) === bytes.length) return
    try {
      await this.#place.client.send(
        new PutObjectCommand({ ...this.#object(hash), Body: bytes, ContentLength: bytes.length }),
      )
    } catch (error) {
      if (!FULL.has((error as Error).name)) throw error
      const { bucket } = this.#place
      throw new StorageFull(`no room for ${bytes.length} bytes in ${bucket}`, { cause: error })
    }
  }

  async get(hash: string): Promise<Uint8Array | undefined> {
    return this.#read(hash)
  }

  async open(hash: string): Promise<BlobReader | undefined> {
    const sizeBytes = await this.#size(hash)
    if (sizeBytes === undefined) return undefined
    return {
      sizeBytes,
      read: async (offset, into) => {
        const end = Math.min(offset + into.length, sizeBytes) - 1
        if (end < offset) return 0
        const part = await this.#read(hash, `bytes=${offset}-${end}`)
        if (part === undefined) throw new Error(`blob ${hash} went away while it was read`)
        into.set(part)
        return part.length
      },
      close: async () => undefined,
    }
  }

  async remove(hash: string): Promise<void> {
    await this.#place.client.send(new DeleteObjectCommand(this.#object(hash)))
  }

  async *list(): AsyncIterable<string> {
    const { client, bucket, prefix } = this.#place
    let token: string | undefined
    do {
      const page = await client.send(
        new ListObjectsV2Command({ Bucket: bucket, Prefix: prefix, ContinuationToken: token }),
      )
      for (const { Key = '' } of page.Contents ?? []) {
        const name = Key.slice(prefix.length)
        if (HASH.test(name)) yield name
      }
      token = page.NextContinuationToken
    } while (token !== undefined)
  }

  close(): void {
    this.#place.client.destroy()
  }

  async #read(hash: string, Range?: string): Promise<Uint8Array | undefined> {
    const object = new GetObjectCommand({ ...this.#object(hash), ...(Range && { Range }) })
    const found = await this.#place.client.send(object).catch(undefinedIfMissing)
    return found?.Body?.transformToByteArray()
  }

  async #size(hash: string): Promise<number | undefined> {
    const head = new HeadObjectCommand(this.#object(hash))
    return (await this.#place.client.send(head).catch(undefinedIfMissing))?.ContentLength
  }

  #object(hash: string) {
    const { bucket, prefix } = this.#place
    return { Bucket: bucket, Key: prefix + hash }
  }
}

function placeOf(address: string): { place: Place; shown: string } {
  const url = URL.parse(address)
  const [bucket = '', ...rest] = (url?.pathname ?? '').slice(1).split('/')
  if (url?.protocol !== 's3:' || bucket === '')
    throw new UsageError(
      'BLOBS_UNUSABLE',
      'MICROVISOR_BLOBS_URL does not name a bucket.',
      'Write it as s3://key:secret@host/bucket?region=eu-central-1.',
    )
  const { username, password, host, searchParams } = url
  const scheme = searchParams.get('tls') === 'false' ? 'http' : 'https'
  const folder = rest.filter((part) => part !== '').join('/')
  const client = new S3Client({
    region: searchParams.get('region') ?? 'us-east-1',
    maxAttempts: ATTEMPTS,
    ...(host !== '' && { endpoint: `${scheme}://${host}`, forcePathStyle: true }),
    ...(username !== '' && {
      credentials: {
        accessKeyId: decodeURIComponent(username),
        secretAccessKey: decodeURIComponent(password),
      },
    }),
  })
  return {
    place: { client, bucket, prefix: folder === '' ? '' : `${folder}/` },
    shown: `${bucket} at ${host === '' ? 'AWS' : host}`,
  }
}

/** What stores answer when a quota is used up. */
const FULL = new Set(['QuotaExceeded', 'XMinioStorageFull', 'InsufficientStorage'])

function undefinedIfMissing(error: Error & { $metadata?: { httpStatusCode?: number } }): undefined {
  if (error.$metadata?.httpStatusCode === 404) return undefined
  throw error
}
