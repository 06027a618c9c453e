import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import type { DeviceError } from '../errors.ts'
import { temporaryFolder } from '../testing/temporary-folder.ts'
import { lockDevice, runningOwner } from './lock.ts'

test('a device that is being run is not run again, and the error names who runs it', (context) => {
  const folder = temporaryFolder(context)
  const unlock = lockDevice(folder)
  assert.equal(runningOwner(folder)?.pid, process.pid)
  assert.throws(
    () => lockDevice(folder),
    (error: DeviceError) => error.code === 'DEVICE_IN_USE' && /this process/.test(error.message),
  )
  writeFileSync(join(folder, 'lock'), JSON.stringify({ pid: process.ppid }))
  assert.throws(() => lockDevice(folder), new RegExp(`process ${process.ppid}`))
  unlock()
  assert.deepEqual(readdirSync(folder), [])
  assert.equal(runningOwner(folder), undefined)
})

test('the lock of a process that is gone is taken over', (context) => {
  const folder = temporaryFolder(context)
  const { pid } = spawnSync(process.execPath, ['-e', ''])
  const path = join(folder, 'lock')
  for (const left of [
    JSON.stringify({ pid }),
    '',
    'null',
    '{"pid":-4}',
    '{"pid":1.5}',
    'garbage',
  ]) {
    writeFileSync(path, left)
    assert.equal(runningOwner(folder), undefined, left)
    const unlock = lockDevice(folder)
    assert.equal(runningOwner(folder)?.pid, process.pid)
    unlock()
    assert.equal(existsSync(path), false)
  }
})

test('an id that was used again is not the process that had it', {
  skip: process.platform !== 'linux',
}, (context) => {
  const folder = temporaryFolder(context)
  writeFileSync(join(folder, 'lock'), JSON.stringify({ pid: process.pid, started: '1' }))
  lockDevice(folder)()
})
