/** A client that another language made from openapi.json alone works. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { createApp } from '@microvisor/api'
import { appBundle } from '../../packages/server/src/testing/bundles.ts'
import { testCloud } from '../../packages/server/src/testing/cloud.ts'
import { provision } from '../../packages/server/src/testing/device.ts'
import { missing } from '../../tools/programs.ts'

const run = promisify(execFile)

test('a client made from openapi.json drives the API', { skip: missing('python3') }, async () => {
  const cloud = await testCloud()
  try {
    await provision(cloud.client)
    const file = { fileName: 'a.zip', bytes: appBundle() }
    await cloud.client.upload(createApp, { form: {}, file })
    const { accountSid, authToken } = cloud.server.account
    const script = join(import.meta.dirname, 'openapi_client.py')
    const { stdout } = await run('python3', [script, cloud.server.url, accountSid, authToken])
    assert.equal(stdout, 'all calls made\n')
  } finally {
    await cloud.close()
  }
})
