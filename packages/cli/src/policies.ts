/**
 * The flags with which a bundle says how its application wants to be treated, under the names of
 * the original bundler, and the manifest's policies that they make.
 */
import { createPublicKey, type KeyObject } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { AppPolicies } from '@microvisor/protocol'
import { integer, string } from '@oclif/core/flags'
import { Failure } from './errors.ts'

const U32_MAX = 0xffff_ffff
const number = (unit: string, description: string) =>
  integer({ helpGroup: 'BUNDLE', helpValue: unit, min: 0, max: U32_MAX, description })
const keyFile = (description: string) =>
  ({ helpGroup: 'BUNDLE', helpValue: 'FILE', description }) as const

export const policyFlags = {
  'debug-auth-pubkey': string({
    ...keyFile('public key (PEM, P-256) of whoever may debug the application'),
    char: 'k',
    aliases: ['debug-auth-key'],
  }),
  'connection-grace-time': number(
    'SECONDS',
    'how long to stay connected after the last reason to be connected has gone',
  ),
  'minimum-check-in-time': number(
    'SECONDS',
    'connect at least this often to look for updates; 0: stay connected',
  ),
  'maximum-politeness-time': number(
    'SECONDS',
    "take an update without the application's consent after this wait",
  ),
  'minimum-kernel-version': number('NUMBER', 'oldest kernel that the application runs on'),
  'minimum-restart-interval': number(
    'MS',
    'restart a crashing application no more often than this',
  ),
  'maximum-restart-interval': number(
    'MS',
    'longest wait before an application that crashes again and again is restarted',
  ),
  'crash-report-key': string(
    keyFile('public key (PEM, P-256) that crash reports are encrypted to'),
  ),
  'crash-stack-bytes': number('BYTES', "how much of a crashing application's stack its report has"),
}

export interface PolicyFlags {
  readonly 'debug-auth-pubkey'?: string | undefined
  readonly 'connection-grace-time'?: number | undefined
  readonly 'minimum-check-in-time'?: number | undefined
  readonly 'maximum-politeness-time'?: number | undefined
  readonly 'minimum-kernel-version'?: number | undefined
  readonly 'minimum-restart-interval'?: number | undefined
  readonly 'maximum-restart-interval'?: number | undefined
  readonly 'crash-report-key'?: string | undefined
  readonly 'crash-stack-bytes'?: number | undefined
}

export function policiesOf(flags: PolicyFlags): AppPolicies {
  return {
    debugKey: readKey(flags['debug-auth-pubkey']),
    crash: {
      minimumRestartMs: flags['minimum-restart-interval'] ?? 0,
      maximumRestartMs: flags['maximum-restart-interval'] ?? 0,
      includeStackBytes: flags['crash-stack-bytes'] ?? 0,
      reportKey: readKey(flags['crash-report-key']),
    },
    update: {
      maximumPolitenessSeconds: flags['maximum-politeness-time'] ?? 0,
      minimumKernelVersion: flags['minimum-kernel-version'] ?? 0,
    },
    connectivity: {
      connectionGraceSeconds: flags['connection-grace-time'] ?? 0,
      minimumCheckInSeconds: flags['minimum-check-in-time'] ?? 0,
    },
  }
}

/** A public key file as an X9.62 uncompressed point. */
export function readKey(file: string | undefined): Uint8Array | undefined {
  if (file === undefined) return undefined
  const text = readFileSync(file, 'utf8')
  if (text.includes('PRIVATE KEY')) {
    throw keyFailure(file, 'holds a private key; a bundle must never carry one')
  }
  try {
    const key = createPublicKey(text)
    const { kty, crv } = key.export({ format: 'jwk' })
    if (kty !== 'EC' || crv !== 'P-256') throw keyFailure(file, `holds a key of type ${crv ?? kty}`)
    return publicPoint(key)
  } catch (error) {
    if (error instanceof Failure) throw error
    throw keyFailure(file, 'is not a public key in PEM form', error)
  }
}

/** A P-256 key as a manifest has it: uncompressed, as X9.62 says. */
export function publicPoint(key: KeyObject): Uint8Array {
  const { x = '', y = '' } = key.export({ format: 'jwk' })
  return Buffer.concat([Buffer.of(4), Buffer.from(x, 'base64url'), Buffer.from(y, 'base64url')])
}

function keyFailure(file: string, what: string, cause?: unknown): Failure {
  return new Failure({
    code: 'KEY_UNUSABLE',
    message: `${file} ${what}.`,
    fix: 'give a P-256 public key in PEM form: `openssl ec -in private.pem -pubout -out public.pem`.',
    cause,
  })
}
