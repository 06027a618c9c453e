/** Blobs in a folder: whole or not there, whatever happens while they are written. */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { sha256Hex } from '../keys/engines.ts'
import { testFolder } from '../testing/cloud.ts'
import { FolderBlobs, StorageFull } from './blobs.ts'
import { writeDurably } from './durable-file.ts'

let folder: string
before(async () => {
  folder = await testFolder()
})
after(() => rm(folder, { recursive: true }))

async function fresh(name: string, write = writeDurably): Promise<FolderBlobs> {
  const blobs = new FolderBlobs(join(folder, name), write)
  await blobs.recover()
  return blobs
}

async function listed(blobs: FolderBlobs): Promise<string[]> {
  const hashes: string[] = []
  for await (const hash of blobs.list()) hashes.push(hash)
  return hashes
}

const files = async (name: string) =>
  (await readdir(join(folder, name), { recursive: true })).filter((path) => path.includes('/'))

test('what is put can be got, whole and in parts', async () => {
  const blobs = await fresh('plain')
  const bytes = randomBytes(1000)
  const hash = sha256Hex(bytes)
  await blobs.put(hash, bytes)
  await blobs.put(hash, bytes)
  assert.deepEqual(await blobs.get(hash), bytes)
  const reader = await blobs.open(hash)
  const part = new Uint8Array(300)
  assert.equal(await reader?.read(800, part), 200)
  assert.deepEqual(Buffer.from(part.subarray(0, 200)), bytes.subarray(800))
  await reader?.close()
  assert.deepEqual(await listed(blobs), [hash])
  await blobs.remove(hash)
  assert.equal(await blobs.get(hash), undefined)
  assert.equal(await blobs.open(hash), undefined)
})

test('what an interrupted write left is cleared away and never taken for a blob', async () => {
  const blobs = await fresh('cut')
  const bytes = randomBytes(100)
  const hash = sha256Hex(bytes)
  const place = join(folder, 'cut', hash.slice(0, 2))
  await mkdir(place)
  await writeFile(join(place, `.part-1-${hash}`), bytes.subarray(0, 50))
  assert.equal(await blobs.get(hash), undefined)
  assert.deepEqual(await listed(blobs), [])
  assert.equal(await blobs.recover(), 1)
  await blobs.put(hash, bytes)
  assert.deepEqual(await files('cut'), [`${hash.slice(0, 2)}/${hash}`])
})

test('a blob that lost its end is written anew', async () => {
  const blobs = await fresh('short')
  const bytes = randomBytes(100)
  const hash = sha256Hex(bytes)
  await mkdir(join(folder, 'short', hash.slice(0, 2)))
  await writeFile(join(folder, 'short', hash.slice(0, 2), hash), bytes.subarray(0, 7))
  await blobs.put(hash, bytes)
  assert.deepEqual(await blobs.get(hash), bytes)
})

test('a full disk is an error of its own, and leaves nothing behind', async () => {
  const full = await fresh('full', async (path, content, facts) => {
    await writeDurably(path, content.slice(0, 10), facts)
    await rm(path)
    throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' })
  })
  const bytes = randomBytes(100)
  await assert.rejects(full.put(sha256Hex(bytes), bytes), StorageFull)
  assert.deepEqual(await files('full'), [])
})

test('a folder that cannot be written to is not a full disk', async () => {
  const blobs = await fresh('missing')
  await rm(join(folder, 'missing'), { recursive: true })
  await writeFile(join(folder, 'missing'), '')
  const bytes = randomBytes(100)
  await assert.rejects(blobs.put(sha256Hex(bytes), bytes), { code: 'ENOTDIR' })
})
