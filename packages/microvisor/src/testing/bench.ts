/**
 * A device on the bench: hardware, cloud and kernel, and a hand that moves time and bytes.
 */
import {
  encodeStruct,
  Status,
  type StructName,
  type StructValue,
  type SystemCallName,
  structs,
  systemCalls,
} from '@microvisor/protocol'
import { encodeFuses, type FuseContents } from '../fuses.ts'
import type { BootRecord, NetworkState, ResetCause, SecureVectors } from '../hardware.ts'
import { start } from '../kernel/main.ts'
import { TestCloud } from './test-cloud.ts'
import {
  blankExternalFlash,
  blankInternalFlash,
  RAM,
  type TestChips,
  TestFactory,
  TestHardware,
  type TestWake,
} from './test-hardware.ts'
import { applicationSigner, kernelSigner } from './trust.ts'

/** The kernel of the sources, not of an image. */
export { start }

export const KERNEL_VERSION = 7

export const fuseContents: FuseContents = {
  deviceSid: `UV${'0123456789abcdef'.repeat(2)}`,
  accountSid: `AC${'fedcba9876543210'.repeat(2)}`,
  deviceType: 'Imp201c',
  deviceCaSha256: new Uint8Array(32).fill(0x5a),
  bootSha256: new Uint8Array(32).fill(0xb0),
  kernelSigner: kernelSigner.publicKey,
  applicationSigner: applicationSigner.publicKey,
}

export const fuseBytes = encodeFuses(fuseContents)

export function blankChips(): TestChips {
  return {
    internalFlash: blankInternalFlash(),
    externalFlash: blankExternalFlash(),
    fuses: fuseBytes.slice(),
  }
}

export class Bench {
  readonly chips: TestChips
  readonly cloud: TestCloud
  readonly hardware: TestHardware
  readonly vectors: SecureVectors
  /** Whether the cloud can be reached. */
  isCloudUp: boolean
  /** Bytes of the cloud's that arrive at once. */
  pieceBytes = Number.POSITIVE_INFINITY
  /** Frames of the cloud's that have arrived; the network is cut after this many. */
  delivered = 0
  cutAfterDelivered = 0
  #nextAddress = RAM + 0x1000
  #nextIrq = 100

  constructor({
    chips = blankChips(),
    cloud = new TestCloud(),
    isCloudUp = true,
    network = 'idle' as NetworkState,
    seed = 1,
    startKernel = start,
    record = {} as Partial<BootRecord>,
    onReset = () => {},
    wake = undefined as TestWake | undefined,
    isFactoryTest = false,
    kernelFailure = undefined as string | undefined,
    resetCause = undefined as ResetCause | undefined,
  } = {}) {
    this.isCloudUp = isCloudUp
    this.chips = chips
    this.cloud = cloud
    this.hardware = new TestHardware(chips, seed, wake)
    this.hardware.network.state = network
    this.hardware.power.kernelFailure = kernelFailure
    if (resetCause !== undefined) this.hardware.power.resetCause = resetCause
    if (isFactoryTest) this.hardware.factoryTest = new TestFactory()
    const bootRecord: BootRecord = {
      resetCause: this.hardware.power.resetCause,
      kernelVersion: KERNEL_VERSION,
      kernelVersionText: '0.7.0',
      kernelHash: new Uint8Array(32),
      securityRatchet: 0,
      slot: 'A',
      isTrial: false,
      hasFailed: false,
      ...record,
    }
    this.hardware.power.onReset = onReset
    this.vectors = startKernel(this.hardware, bootRecord)
  }

  /** Moves bytes and time until nothing is due within `milliseconds`. */
  run(milliseconds = 0): this {
    const { clock } = this.hardware
    const end = clock.now + milliseconds * 1000
    for (;;) {
      while (this.#exchange());
      const { alarmAt } = clock
      if (alarmAt === undefined || alarmAt > end) break
      clock.now = Math.max(clock.now, alarmAt)
      clock.alarmAt = undefined
      this.vectors.alarm()
    }
    clock.now = end
    return this
  }

  /** Breaks the connection, as a network does. */
  disconnect(reason = 'connection reset'): this {
    const { network } = this.hardware
    network.lastError = reason
    network.toCloud = []
    network.close()
    this.vectors.network()
    return this
  }

  /** Makes a system call as the application would. */
  call(name: SystemCallName, ...args: number[]): number | undefined {
    this.hardware.application.arguments = args
    return this.vectors.systemCall(systemCalls[name].address)
  }

  /** Space in application RAM with this content; each call gives other space. */
  place(content: Uint8Array | number, alignment = 8): number {
    const bytes = typeof content === 'number' ? new Uint8Array(content) : content
    const address = Math.ceil(this.#nextAddress / alignment) * alignment
    this.#nextAddress = address + bytes.length
    this.hardware.application.write(address, bytes)
    return address
  }

  struct<Name extends StructName>(name: Name, value: StructValue<Name>): number {
    return this.place(encodeStruct(name, value), structs[name].alignment)
  }

  text(text: string): number {
    return this.place(Buffer.from(text))
  }

  bytes(address: number, length: number): Uint8Array {
    const bytes = new Uint8Array(length)
    this.hardware.application.read(address, bytes)
    return bytes
  }

  word(address: number): number {
    return new DataView(this.bytes(address, 4).buffer).getUint32(0, true)
  }

  get wakeReason(): number {
    const mode = this.place(1)
    this.call('mvGetWakeReason', mode)
    return this.bytes(mode, 1)[0]!
  }

  /** Another interrupt each time. */
  freeIrq(): number {
    return this.#nextIrq++
  }

  /** A center with an interrupt of its own. */
  center(irq: number, records = 8): { handle: number; buffer: number } {
    const buffer = this.place(16 * records)
    const out = this.place(4)
    const setup = this.struct('MvNotificationSetup', { irq, buffer, buffer_size: 16 * records })
    const status = this.call('mvSetupNotifications', setup, out)
    if (status !== Status.OKAY) throw new Error(`mvSetupNotifications answered ${status}`)
    return { handle: this.word(out), buffer }
  }

  #exchange(): boolean {
    const { network } = this.hardware
    if (network.state === 'connecting') {
      network.state = this.isCloudUp ? 'connected' : 'idle'
      if (this.isCloudUp) this.cloud.connected()
      else network.lastError = 'connection refused'
      this.vectors.network()
      return true
    }
    // What was sent before a connection was closed still leaves.
    if (network.toCloud.length > 0) this.cloud.receive(Uint8Array.from(network.toCloud.splice(0)))
    if (this.cloud.framesUntilCut === 0) {
      this.cloud.framesUntilCut = Number.POSITIVE_INFINITY
      this.disconnect('cut')
      return true
    }
    if (network.state !== 'connected') return false
    const arriving = this.cloud.takeOutgoing()
    if (arriving.length === 0) return false
    for (const bytes of arriving) this.#deliver(bytes)
    this.vectors.network()
    return true
  }

  /** One frame of the cloud's, in pieces if so told; what comes after a cut is lost. */
  #deliver(bytes: Uint8Array): void {
    const { network } = this.hardware
    if (network.state !== 'connected') return
    for (let at = 0; at < bytes.length; at += this.pieceBytes) {
      for (const byte of bytes.subarray(at, at + this.pieceBytes)) network.toDevice.push(byte)
      if (this.pieceBytes < bytes.length) this.vectors.network()
    }
    this.delivered++
    if (this.delivered !== this.cutAfterDelivered) return
    this.vectors.network()
    this.disconnect('cut')
  }
}
