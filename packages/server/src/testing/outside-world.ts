/**
 * The outside world for tests: an authority of its own, HTTPS servers and real mosquitto brokers on
 * this machine, with certificates of that authority.
 */
import 'reflect-metadata'
import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes, type webcrypto } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import type { RequestListener } from 'node:http'
import { createServer, type Server } from 'node:https'
import { type AddressInfo, connect, createServer as createPlain } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  BasicConstraintsExtension,
  SubjectAlternativeNameExtension,
  type X509Certificate,
  X509CertificateGenerator,
} from '@peculiar/x509'
import { connectAsync, type MqttClient } from 'mqtt'

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const

export interface Identity {
  /** PEM. */
  readonly key: string
  readonly certificate: string
  /** As an application gives them. */
  readonly keyDer: Uint8Array
  readonly certificateDer: Uint8Array
}

export class TestAuthority {
  readonly #keys: webcrypto.CryptoKeyPair
  readonly #certificate: X509Certificate

  private constructor(keys: webcrypto.CryptoKeyPair, certificate: X509Certificate) {
    this.#keys = keys
    this.#certificate = certificate
  }

  static async make(): Promise<TestAuthority> {
    const keys = await crypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify'])
    const certificate = await X509CertificateGenerator.createSelfSigned({
      ...{ name: 'CN=Outside world', keys, signingAlgorithm: ALGORITHM, ...years(2020, 2090) },
      extensions: [new BasicConstraintsExtension(true, 1, true)],
    })
    return new TestAuthority(keys, certificate)
  }

  get pem(): string {
    return this.#certificate.toString('pem')
  }

  get der(): Uint8Array {
    return new Uint8Array(this.#certificate.rawData)
  }

  async issue(name = 'localhost', [from, to] = [2020, 2090]): Promise<Identity> {
    const keys = await crypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify'])
    const certificate = await X509CertificateGenerator.create({
      ...{ subject: `CN=${name}`, publicKey: keys.publicKey, ...years(from!, to!) },
      ...{ issuer: this.#certificate.subject, signingKey: this.#keys.privateKey },
      ...{ signingAlgorithm: ALGORITHM, serialNumber: randomBytes(8).toString('hex') },
      extensions: [
        new SubjectAlternativeNameExtension([
          { type: 'dns', value: name },
          { type: 'ip', value: '127.0.0.1' },
        ]),
      ],
    })
    const keyDer = new Uint8Array(await crypto.subtle.exportKey('pkcs8', keys.privateKey))
    const base64 = Buffer.from(keyDer).toString('base64')
    return {
      keyDer,
      key: `-----BEGIN PRIVATE KEY-----\n${base64}\n-----END PRIVATE KEY-----\n`,
      certificate: certificate.toString('pem'),
      certificateDer: new Uint8Array(certificate.rawData),
    }
  }
}

export interface TestServer {
  readonly port: number
  close(): Promise<void>
}

/** An HTTPS server on localhost. */
export async function httpsServer(
  { key, certificate }: Identity,
  listener: RequestListener,
): Promise<TestServer> {
  const server: Server = createServer({ key, cert: certificate }, listener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

export interface Broker extends TestServer {
  /** Stops it as a crash would. */
  kill(): Promise<void>
}

/** Somebody else at a broker. */
export function mqttPeer({ port }: TestServer, authority: TestAuthority): Promise<MqttClient> {
  return connectAsync(`mqtts://localhost:${port}`, { ca: authority.pem })
}

export type { MqttClient }

interface BrokerOptions {
  readonly authority: TestAuthority
  readonly identity: Identity
  /** Lines of mosquitto.conf. */
  readonly settings?: readonly string[]
  readonly files?: Readonly<Record<string, string>>
}

/** A mosquitto that speaks TLS on localhost. */
export async function mosquitto({
  authority,
  identity,
  settings = ['allow_anonymous true'],
  files = {},
}: BrokerOptions): Promise<Broker> {
  const folder = await mkdtemp(join(tmpdir(), 'microvisor-mosquitto-'))
  const port = await freePort()
  const place = (name: string) => join(folder, name)
  await writeFile(place('ca.pem'), authority.pem)
  await writeFile(place('key.pem'), identity.key)
  await writeFile(place('cert.pem'), identity.certificate)
  for (const [name, content] of Object.entries(files)) await writeFile(place(name), content)
  const lines = [
    `listener ${port} 127.0.0.1`,
    ...['cafile ca.pem', 'keyfile key.pem', 'certfile cert.pem'].map((line) =>
      line.replace(/ (.*)/, ` ${folder}/$1`),
    ),
    ...settings.map((line) => line.replace('FOLDER', folder)),
  ]
  await writeFile(place('mosquitto.conf'), `${lines.join('\n')}\n`)
  // As root it would become a user that may not read the folder.
  const asRoot = process.getuid?.() === 0 ? ['user root\n'] : []
  await writeFile(place('mosquitto.conf'), `${[...asRoot, ...lines].join('\n')}\n`)
  const child = spawn('mosquitto', ['-c', place('mosquitto.conf')], { stdio: 'ignore' })
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()))
  await reachable(port, child)
  const stop = async (signal: NodeJS.Signals) => {
    child.kill(signal)
    await ended
    await rm(folder, { recursive: true, force: true })
  }
  return { port, close: () => stop('SIGTERM'), kill: () => stop('SIGKILL') }
}

async function reachable(port: number, child: ChildProcess): Promise<void> {
  for (let attempt = 0; attempt < 300; attempt++) {
    if (child.exitCode !== null) break
    const isUp = await new Promise<boolean>((resolve) => {
      const socket = connect({ port, host: '127.0.0.1' })
      socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
      socket.once('close', () => resolve(false))
      socket.unref()
      socket.once('connect', () => socket.destroy())
    })
    if (isUp) return
    await sleep(50)
  }
  throw new Error(`mosquitto does not listen on port ${port}`)
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createPlain().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo
      server.close(() => resolve(port))
    })
  })
}

function years(from: number, to: number) {
  return { notBefore: new Date(`${from}-01-01`), notAfter: new Date(`${to}-01-01`) }
}
