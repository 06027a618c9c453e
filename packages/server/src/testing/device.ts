/**
 * A device as far as the cloud can tell: a key of its own, a certificate, TLS, and frames, which the
 * test sends and expects one by one.
 */
import 'reflect-metadata'
import { generateKeyPairSync, type webcrypto } from 'node:crypto'
import { connect, type TLSSocket } from 'node:tls'
import { type Client, createDevice, type ProvisionedDevice } from '@microvisor/api'
import {
  encodeFrame,
  FETCH_CREDIT_BYTES,
  type FrameBody,
  FrameDecoder,
  type FrameInit,
  fromHex,
  GoodbyeReason,
  LINK_PROTOCOL_VERSION,
  StreamCloseReason,
} from '@microvisor/protocol'
import * as x509 from '@peculiar/x509'

type Case = FrameBody['case']
type Value<C extends Case> = Extract<FrameBody, { case: C }>['value']

export interface DeviceCredentials {
  readonly key: string
  readonly certificate: string
  readonly ca: string
}

export interface NewDevice extends DeviceCredentials {
  readonly sid: string
  readonly gateway: { readonly host: string; readonly port: number }
  readonly answer: ProvisionedDevice
}

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const

/** A certificate request and the key that it was made with, a new one unless given, both PEM. */
export async function makeRequest(
  namedCurve = 'P-256',
  { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve }),
): Promise<{ csr: string; key: string }> {
  const algorithm = { ...ALGORITHM, namedCurve }
  const keys = {
    privateKey: (await crypto.subtle.importKey(
      'pkcs8',
      privateKey.export({ type: 'pkcs8', format: 'der' }),
      algorithm,
      false,
      ['sign'],
    )) as webcrypto.CryptoKey,
    publicKey: (await crypto.subtle.importKey(
      'spki',
      publicKey.export({ type: 'spki', format: 'der' }),
      algorithm,
      true,
      ['verify'],
    )) as webcrypto.CryptoKey,
  }
  const request = await x509.Pkcs10CertificateRequestGenerator.create({
    name: 'CN=a new device',
    keys,
    signingAlgorithm: algorithm,
  })
  const key = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
  return { csr: request.toString('pem'), key }
}

export async function provision(client: Client, UniqueName?: string): Promise<NewDevice> {
  const { csr, key } = await makeRequest()
  const answer = await client.call(createDevice, { form: { Csr: csr, UniqueName } })
  const { sid, gateway, certificate, ca_certificate: ca } = answer
  return { sid, gateway, key, certificate, ca, answer }
}

/** Generous: a wait that succeeds costs nothing, and the machine may be busy with everything else. */
const PATIENCE_MS = 120_000

export class TestDevice {
  readonly socket: TLSSocket
  /** What a later connection can resume. */
  readonly session: Promise<Buffer>
  readonly #decoder = new FrameDecoder()
  readonly #frames: FrameBody[] = []
  #wake: () => void = () => undefined
  #isClosed = false
  #stream = -1

  private constructor(socket: TLSSocket) {
    this.socket = socket
    this.session = new Promise((resolve) => socket.once('session', resolve))
    socket.on('data', (chunk: Buffer) => {
      this.#frames.push(...this.#decoder.push(chunk).frames)
      this.#wake()
    })
    socket.on('error', () => undefined)
    socket.on('close', () => {
      this.#isClosed = true
      this.#wake()
    })
  }

  /** Through TLS, resumed if there is a session to, without a Hello yet. */
  static connect(
    { key, certificate, ca }: DeviceCredentials,
    { host, port }: { host: string; port: number },
    session?: Buffer,
  ): Promise<TestDevice> {
    const minVersion = 'TLSv1.3'
    const socket = connect({ host, port, key, cert: certificate, ca, minVersion, session })
    socket.setNoDelay(true)
    return new Promise((resolve, reject) => {
      socket.once('error', reject)
      socket.once('secureConnect', () => {
        socket.off('error', reject)
        resolve(new TestDevice(socket))
      })
    })
  }

  /** Connected and welcome. */
  static async join(device: NewDevice, runsHash = ''): Promise<TestDevice> {
    const joined = await TestDevice.connect(device, device.gateway)
    await joined.hello(runsHash)
    return joined
  }

  send(body: FrameInit): void {
    this.socket.write(encodeFrame(body))
  }

  /** Says hello as a device that runs the manifest with this hash, and waits for the answer. */
  async hello(runsHash = ''): Promise<Value<'welcome'>> {
    this.send({
      case: 'hello',
      value: {
        protocolVersion: LINK_PROTOCOL_VERSION,
        kernelVersion: 7,
        kernelVersionText: '0.7.0',
        state: stateOf(runsHash),
      },
    })
    return this.expect('welcome')
  }

  /** The next frame, which has to be of this kind. */
  async expect<C extends Case>(kind: C): Promise<Value<C>> {
    const frame = await this.next()
    if (frame?.case === kind) return frame.value as Value<C>
    const found = frame ? `${frame.case} ${show(frame.value)}` : 'the end of the connection'
    throw new Error(`expected ${kind}, got ${found}`)
  }

  /** The reason of the Goodbye with which the cloud ends the connection. */
  async farewell(): Promise<keyof typeof GoodbyeReason> {
    const { reason } = await this.expect('goodbye')
    if (await this.next()) throw new Error('a frame after goodbye')
    return GoodbyeReason[reason] as keyof typeof GoodbyeReason
  }

  /** Resolves once everything sent so far has been dealt with. */
  async settle(): Promise<void> {
    const token = Math.floor(Math.random() * 0xffff_ffff)
    this.send({ case: 'ping', value: { token } })
    const pong = await this.expect('pong')
    if (pong.token !== token) throw new Error('the answer to another ping')
  }

  openStream(): number {
    this.#stream += 2
    return this.#stream
  }

  /** Fetches content from `offset` on, renewing credit as a device does. */
  async fetch(hash: string, offset = 0, creditBytes = FETCH_CREDIT_BYTES): Promise<Buffer> {
    const stream = this.openStream()
    this.send({
      case: 'streamOpen',
      value: {
        stream,
        kind: { case: 'fetch', value: { hash: fromHex(hash)!, offset: BigInt(offset) } },
      },
    })
    this.send({ case: 'streamCredit', value: { stream, bytes: creditBytes } })
    const parts: Uint8Array[] = []
    for (;;) {
      const frame = await this.next()
      if (frame?.case === 'streamData') {
        parts.push(frame.value.data)
        this.send({ case: 'streamCredit', value: { stream, bytes: frame.value.data.length } })
      } else if (frame?.case === 'streamClose') {
        const { reason, detail } = frame.value
        if (reason === StreamCloseReason.DONE) return Buffer.concat(parts)
        throw new Error(`${StreamCloseReason[reason]}: ${detail}`)
      } else throw new Error(`a fetch got ${frame?.case ?? 'the end of the connection'}`)
    }
  }

  close(): Promise<void> {
    this.socket.destroy()
    return this.closed()
  }

  /** Resolves when the connection has ended on both sides. */
  closed(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#isClosed) resolve()
      else this.socket.once('close', () => resolve())
    })
  }

  /** Undefined: the connection has ended. */
  async next(): Promise<FrameBody | undefined> {
    const end = Date.now() + PATIENCE_MS
    while (this.#frames.length === 0 && !this.#isClosed) {
      if (Date.now() > end) throw new Error(`no frame within ${PATIENCE_MS} ms`)
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, PATIENCE_MS)
        this.#wake = () => {
          clearTimeout(timer)
          resolve()
        }
      })
    }
    return this.#frames.shift()
  }
}

export function stateOf(runsHash: string) {
  return {
    manifestHash: fromHex(runsHash) ?? new Uint8Array(0),
    running: runsHash !== '',
    wakeReason: 1,
  }
}

function show(value: unknown): string {
  return JSON.stringify(value, (_, member) =>
    typeof member === 'bigint' ? String(member) : member,
  ).slice(0, 300)
}
