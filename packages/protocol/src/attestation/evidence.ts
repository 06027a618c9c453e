/** What an attestation says, as its makers and readers see it; claims.ts has what each part means. */
import type { KernelRegionName } from '../kernel-manifest.ts'
import type { LayerPlaceName } from '../layers.ts'
import type { Sid } from '../sid.ts'

/** What a device says of itself. */
export interface Evidence {
  readonly nonce: Uint8Array
  readonly deviceSid: Sid<'UV'>
  readonly deviceType: string
  /** Undefined: the device does not know the time. */
  readonly issuedAtSeconds: number | undefined
  readonly uptimeSeconds: number
  /** RFC 9711's dbgstat. */
  readonly debugStatus: number
  readonly boot: BootEvidence
  readonly kernel: KernelEvidence
  readonly application: ApplicationEvidence | undefined
}

export interface BootEvidence {
  readonly measurement: Uint8Array
  readonly deviceRatchet: number
  readonly isHidden: boolean
  /** The option byte. */
  readonly readoutProtection: number
}

export const kernelStates = ['confirmed', 'trial', 'fell-back'] as const
export const applicationStates = ['running', 'stopped'] as const
export const debuggerStates = ['none', 'possible', 'attached'] as const

export interface KernelEvidence {
  readonly versionText: string
  readonly versionNumber: number
  readonly manifestHash: Uint8Array
  readonly securityRatchet: number
  readonly state: (typeof kernelStates)[number]
  readonly regions: readonly { readonly region: KernelRegionName; readonly hash: Uint8Array }[]
}

export interface LayerEvidence {
  readonly place: LayerPlaceName
  readonly start: number
  readonly size: number
  readonly hash: Uint8Array
}

export interface ApplicationEvidence {
  readonly manifestHash: Uint8Array
  /** 8 bytes. */
  readonly signerId: Uint8Array
  readonly state: (typeof applicationStates)[number]
  readonly debugger: (typeof debuggerStates)[number]
  readonly isIntact: boolean
  readonly layers: readonly LayerEvidence[]
}
