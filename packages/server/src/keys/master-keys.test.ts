/** Master keys: what is sealed opens again, unchanged, for the same purpose only, also after rotation. */
import assert from 'node:assert/strict'
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { testFolder } from '../testing/cloud.ts'
import { Random } from '../testing/random.ts'
import { MasterKeys, rotateMasterKey } from './master-keys.ts'

let folder: string
before(async () => {
  folder = await testFolder()
})
after(() => rm(folder, { recursive: true }))

test('what is sealed opens again; every bit of it counts, and so does its purpose', async () => {
  const keys = await MasterKeys.open(folder)
  const random = Random.fresh()
  for (const text of ['', 'a', 'ä€😀'.repeat(1000), 'x'.repeat(4096)]) {
    const sealed = keys.seal(text, 'p')
    assert.equal(await keys.open(sealed, 'p'), text)
    assert.notEqual(keys.seal(text, 'p'), sealed, 'each time with another nonce')
    await assert.rejects(keys.open(sealed, 'q'))
    const [id = '', body = ''] = sealed.split('.')
    const bytes = Buffer.from(body, 'base64url')
    const at = random.below(bytes.length)
    bytes[at] = bytes[at]! ^ (1 << random.below(8))
    await assert.rejects(
      keys.open(`${id}.${bytes.toString('base64url')}`, 'p'),
      `byte ${at}, seed ${random.seed}`,
    )
  }
})

test('after rotation old texts open, new ones use the new key, also for a server that runs', async () => {
  const running = await MasterKeys.open(folder)
  const old = running.seal('old', 'p')
  await rotateMasterKey(folder)
  const restarted = await MasterKeys.open(folder)
  assert.notEqual(restarted.currentId, running.currentId)
  assert.equal(await restarted.open(old, 'p'), 'old')
  assert.equal(await running.open(restarted.seal('new', 'p'), 'p'), 'new')
  await writeFile(join(folder, 'master.key'), '')
  const replaced = await MasterKeys.open(folder)
  await assert.rejects(replaced.open(old, 'p'), { code: 'KEYS_MISSING' })
  await writeFile(join(folder, 'master.key'), 'nonsense')
  await assert.rejects(MasterKeys.open(folder), { code: 'KEYS_UNREADABLE', message: /Line 1/ })
})
