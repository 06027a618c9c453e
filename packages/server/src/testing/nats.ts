/** A real nats-server for tests, to be killed and started again on the same port. */
import { type ChildProcess, spawn } from 'node:child_process'
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort } from './postgres.ts'

export interface TestNats {
  readonly url: string
  kill(): Promise<void>
  start(): Promise<void>
}

const PATIENCE_MS = 120_000

export async function startNats(): Promise<TestNats> {
  const port = await freePort()
  let child: ChildProcess | undefined
  let gone: Promise<unknown> = Promise.resolve()
  const start = async () => {
    child = spawn('nats-server', ['-a', '127.0.0.1', '-p', `${port}`], { stdio: 'ignore' })
    gone = new Promise((resolve) => child?.once('exit', resolve))
    const end = Date.now() + PATIENCE_MS
    while (!(await isListening(port))) {
      if (Date.now() > end) throw new Error('nats-server does not listen')
      await sleep(30)
    }
  }
  await start()
  process.once('exit', () => child?.kill('SIGKILL'))
  return {
    url: `nats://127.0.0.1:${port}`,
    start,
    kill: async () => {
      child?.kill('SIGKILL')
      await gone
    },
  }
}

function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port })
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
    socket.once('connect', () => socket.destroy())
  })
}
