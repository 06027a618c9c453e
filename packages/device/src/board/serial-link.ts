/**
 * A serial line of the board connected to the host: `tcp:PORT` or `tcp:HOST:PORT` listens (on this
 * machine only, unless a host is given), `pty` is a pseudo-terminal made by socat.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { SerialLine } from '@microvisor/mcu'
import { DeviceError } from '../errors.ts'

export interface SerialLink {
  /** Where somebody can connect to. */
  readonly place: string
  close(): void
}

const LOOPBACK = '127.0.0.1'
/** Bytes that may wait for a peer that does not read; what is beyond is dropped. */
const WAITING_BYTES_MAX = 65_536

/** Throws DeviceError if the link cannot be made. */
export async function linkSerialLine(line: SerialLine): Promise<SerialLink> {
  const match = /^(?:pty|tcp:(?:([\w.:-]+):)?(\d{1,5}))$/.exec(line.link)
  if (match === null || Number(match[2] ?? 0) > 65_535) {
    throw refused(`\`${line.link}\` is none of tcp:PORT, tcp:HOST:PORT and pty`)
  }
  if (line.link !== 'pty') return listen(line, match[1] ?? LOOPBACK, Number(match[2]))
  const tcp = await listen(line, LOOPBACK, 0)
  return makePty(tcp)
}

async function listen(line: SerialLine, host: string, port: number): Promise<SerialLink> {
  const peers = new Set<Socket>()
  line.onByte = (byte) => {
    for (const peer of peers) {
      if (peer.writableLength < WAITING_BYTES_MAX) peer.write(Uint8Array.of(byte))
    }
  }
  const server = createServer((peer) => {
    peers.add(peer)
    peer.on('data', (bytes) => line.send([...bytes]))
    peer.on('error', () => peer.destroy())
    peer.on('close', () => peers.delete(peer))
  })
  await opened(server, host, port)
  const { address, port: given } = server.address() as AddressInfo
  return {
    place: `${address}:${given}`,
    close() {
      server.close()
      for (const peer of peers) peer.destroy()
    },
  }
}

function opened(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error) => reject(refused(error.message)))
    server.listen(port, host, resolve)
  })
}

async function makePty(tcp: SerialLink): Promise<SerialLink> {
  const folder = mkdtempSync(join(tmpdir(), 'microvisor-serial-'))
  const place = join(folder, 'tty')
  const child = spawn('socat', [`pty,raw,echo=0,link=${place}`, `tcp:${tcp.place}`], {
    stdio: 'ignore',
  })
  const close = () => {
    child.kill()
    tcp.close()
    rmSync(folder, { recursive: true, force: true })
  }
  try {
    await spawned(child)
  } catch {
    close()
    throw refused('a pseudo-terminal needs the program socat, which is not installed')
  }
  return { place, close }
}

function spawned(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    child.once('spawn', resolve)
    child.once('error', reject)
  })
}

function refused(why: string): DeviceError {
  return new DeviceError('SERIAL_LINK_FAILED', `The serial line cannot be linked: ${why}.`)
}
