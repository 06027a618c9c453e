/** What the server may reach for devices besides the public Internet: flags win over variables. */
import { readFileSync } from 'node:fs'
import { usageError } from './errors.ts'

export interface Egress {
  readonly open: readonly string[]
  /** PEM. */
  readonly authorities: readonly string[]
}

export interface EgressFlags {
  readonly 'egress-allow'?: string | undefined
  readonly 'egress-ca'?: string | undefined
}

export function resolveEgress(
  flags: EgressFlags,
  environment: NodeJS.ProcessEnv = process.env,
): Egress {
  const allowed = flags['egress-allow'] ?? environment.MICROVISOR_EGRESS_ALLOW ?? ''
  const file = flags['egress-ca'] ?? environment.MICROVISOR_EGRESS_CA ?? ''
  const open = allowed
    .split(',')
    .map((host) => host.trim())
    .filter((host) => host !== '')
  for (const host of open) checkHost(host, allowed)
  return { open, authorities: file === '' ? [] : [readAuthorities(file)] }
}

/** A name or an IPv4 address, perhaps a port; or an IPv6 address alone. */
function checkHost(host: string, all: string): void {
  if (/^[\w.-]+(:\d{1,5})?$/.test(host) || /^[\da-f]*:[\da-f:]+$/i.test(host)) return
  throw usageError(
    `\`${host}\` of \`${all}\` (--egress-allow, MICROVISOR_EGRESS_ALLOW) is not a host that could be opened.`,
    'write hosts as localhost:8443 or 192.168.1.20, with commas between them.',
  )
}

function readAuthorities(file: string): string {
  try {
    const pem = readFileSync(file, 'utf8')
    if (pem.includes('-----BEGIN CERTIFICATE-----')) return pem
  } catch (error) {
    throw usageError(
      `${file} (--egress-ca, MICROVISOR_EGRESS_CA) cannot be read: ${(error as Error).message}.`,
      'name a PEM file.',
    )
  }
  throw usageError(
    `${file} (--egress-ca, MICROVISOR_EGRESS_CA) holds no certificate.`,
    'give a file with certificates in PEM.',
  )
}
