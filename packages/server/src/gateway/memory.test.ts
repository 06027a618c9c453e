/**
 * Connections that are over leave no memory behind: not JavaScript's, and none that Node and OpenSSL
 * took for them. Slow, because only thousands of them are more than what a process's memory varies by.
 */
import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { connect, createSecureContext } from 'node:tls'
import { isComplete } from '../../../../tools/sampling.ts'
import { testFolder } from '../testing/cloud.ts'
import { provision } from '../testing/device.ts'
import { type ServerProcess, spawnServer } from '../testing/server-process.ts'

const AT_ONCE = 20
/** Until memory that is used again and again is there; and to see what is not. */
const FEW = 3000
const MANY = 20_000
/** A certificate that is not freed is 4.3 KB. */
const LEFT_BYTES_MAX = 1500
const WITHOUT_RATES = { arrivalsPerMinute: 1e9, arrivalBurst: 1e9 }

/** Where a process says how much memory it has. */
const skip = !existsSync('/proc/self/status')

if (isComplete)
  test('twenty thousand connections leave no memory behind', { skip }, async (t) => {
    const folder = await testFolder()
    t.after(() => rm(folder, { recursive: true }))
    const server = await spawnServer(folder, { limits: WITHOUT_RATES })
    t.after(() => server.kill())
    const connectTimes = await connecting(server)
    const first = await connectTimes(FEW)
    const last = await connectTimes(MANY)
    const each = Math.round((last - first) / MANY)
    assert.ok(each <= LEFT_BYTES_MAX, `each leaves ${each} bytes; ${LEFT_BYTES_MAX} are allowed`)
  })

/** Gives what connects so often, and then says how much memory the server has. */
async function connecting({ client, gateway, pid }: ServerProcess) {
  const { key, certificate: cert, ca } = await provision(client)
  const secureContext = createSecureContext({ key, cert, ca, minVersion: 'TLSv1.3' })
  const once = () =>
    new Promise<void>((resolve, reject) => {
      const socket = connect({ ...gateway, secureContext }, () => socket.destroy())
      socket.once('close', () => resolve())
      socket.once('error', reject)
    })
  return async (count: number): Promise<number> => {
    let left = count
    const one = async () => {
      while (left-- > 0) await once()
    }
    await Promise.all(Array.from({ length: AT_ONCE }, one))
    await sleep(1000)
    return residentBytes(pid)
  }
}

function residentBytes(pid: number): number {
  const [, kib] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
  return Number(kib) * 1024
}
