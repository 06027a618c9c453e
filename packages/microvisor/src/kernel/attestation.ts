/**
 * Attestation: answers the cloud's nonce with a token that says what this device is and runs, signed
 * by its own key. Everything in it is measured or read now, and nothing comes from the application.
 */
import {
  type ApplicationEvidence,
  type BootEvidence,
  fromHex,
  type KernelEvidence,
  keyIdOf,
  makeToken,
  PUBLIC_KEY_BYTES,
  SIGNATURE_BYTES,
} from '@microvisor/protocol'
import { readKernel } from '../boot/kernel-image.ts'
import { readRatchet } from '../boot/ratchet.ts'
import { chipDigest } from '../chip-crypto.ts'
import type { FuseContents } from '../fuses.ts'
import type { BootRecord, Hardware } from '../hardware.ts'
import type { ApplicationStore, KnownApplication } from './update/application-store.ts'
import { measure } from './update/layers.ts'

/** What of the kernel is attested. */
interface Attested {
  readonly hardware: Hardware
  readonly boot: BootRecord
  readonly fuses: FuseContents
  readonly store: ApplicationStore
  readonly application: { readonly isRunning: boolean }
  readonly debugServer: { readonly isActive: boolean }
  readonly wallClock: { readonly now: number | undefined }
}

const MICROSECONDS = 1_000_000
/** RFC 9711, section 4.2.9. */
const DEBUG = { enabled: 0, disabled: 1, disabledPermanently: 3 } as const
/** The option byte RDP (hardware.ts). */
const READOUT = { level0: 0xaa, level2: 0xcc } as const

export function attest(nonce: Uint8Array, kernel: Attested): Uint8Array {
  const { hardware, fuses, store, wallClock } = kernel
  const { engines, clock, protection } = hardware
  const evidence = {
    nonce,
    deviceSid: fuses.deviceSid,
    deviceType: fuses.deviceType,
    issuedAtSeconds: wallClock.now && Math.floor(wallClock.now / MICROSECONDS),
    uptimeSeconds: Math.floor(clock.microseconds() / MICROSECONDS),
    debugStatus: debugStatus(protection.readoutProtection),
    boot: bootEvidence(kernel),
    kernel: kernelEvidence(kernel),
    application: store.installed && applicationEvidence(kernel, store.installed),
  }
  const publicKey = new Uint8Array(PUBLIC_KEY_BYTES)
  engines.devicePublicKey(publicKey)
  return makeToken(evidence, {
    keyId: keyIdBytes(keyIdOf('receiver', publicKey, chipDigest(engines))),
    sign(message) {
      const signature = new Uint8Array(SIGNATURE_BYTES)
      engines.signAsDevice(message, signature)
      return signature
    },
  })
}

function debugStatus(readoutProtection: number): number {
  if (readoutProtection === READOUT.level2) return DEBUG.disabledPermanently
  return readoutProtection === READOUT.level0 ? DEBUG.enabled : DEBUG.disabled
}

function bootEvidence({ hardware, fuses }: Attested): BootEvidence {
  return {
    measurement: fuses.bootSha256,
    deviceRatchet: readRatchet(hardware.fuses),
    isHidden: hardware.protection.isHidden,
    readoutProtection: hardware.protection.readoutProtection,
  }
}

function kernelEvidence({ hardware, boot }: Attested): KernelEvidence {
  const { internalFlash, engines } = hardware
  const image = readKernel(internalFlash, boot.slot)
  const hash = chipDigest(engines)
  return {
    versionText: boot.kernelVersionText,
    versionNumber: boot.kernelVersion,
    manifestHash: boot.kernelHash,
    securityRatchet: boot.securityRatchet,
    state: boot.isTrial ? 'trial' : boot.hasFailed ? 'fell-back' : 'confirmed',
    regions:
      image === undefined
        ? []
        : [
            { region: 'Kernel', hash: hash([image.kernel]) },
            { region: 'NSC', hash: hash([image.nsc]) },
          ],
  }
}

function applicationEvidence(
  kernel: Attested,
  { hash, manifest }: KnownApplication,
): ApplicationEvidence {
  const { hardware, store, application, debugServer } = kernel
  const isDebuggable = manifest.policies.debugKey !== undefined
  return {
    manifestHash: hash,
    signerId: keyIdBytes(manifest.signerId),
    state: application.isRunning ? 'running' : 'stopped',
    debugger: debugServer.isActive ? 'attached' : isDebuggable ? 'possible' : 'none',
    isIntact: store.isIntact(),
    layers: manifest.layers.map((layer) => ({
      place: layer.place,
      start: layer.start,
      size: layer.size,
      hash: measure(hardware, layer),
    })),
  }
}

function keyIdBytes(id: bigint): Uint8Array {
  return fromHex(id.toString(16).padStart(16, '0'))!
}
