/** Crash reports that are sealed for a key, opened with its private half. */
import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  type KeyObject,
} from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { DeviceEvent } from '@microvisor/api'
import {
  crashFloatsByName,
  describeFault,
  formatWord,
  fromHex,
  type GcmEngines,
  openCrashReport,
  toHex,
} from '@microvisor/protocol'
import { Failure } from './errors.ts'

const TAG_BYTES = 16
const REGISTERS = 'r0 r1 r2 r3 r4 r5 r6 r7 r8 r9 r10 r11 r12 sp lr pc xpsr'.split(' ')

/** Gives each event as it is, and crashes opened where the key fits. Throws Failure for no key. */
export function crashOpener(file: string): (event: DeviceEvent) => DeviceEvent {
  const key = readKey(file)
  const receiver = pointOf(createPublicKey(key))
  return (event) => {
    const { crash } = event
    if (crash?.sealed === undefined) return event
    const report = openCrashReport(
      host,
      receiver,
      (sender) => agree(key, sender),
      fromHex(crash.sealed) ?? new Uint8Array(),
    )
    if (report === undefined) return { ...event, text: `${event.text} (not for this key)` }
    const { cfsr, hfsr, sfsr, mmfar, bfar, sfar, stack } = report
    const registers: Record<string, number> = {
      ...Object.fromEntries(REGISTERS.map((name, i) => [name, report.registers[i] ?? 0])),
      ...crashFloatsByName(report.floatRegisters),
    }
    const { sealed, ...plain } = crash
    const opened = { ...plain, registers, cfsr, hfsr, sfsr, mmfar, bfar, sfar, stack: toHex(stack) }
    const cause = describeFault(opened)
    const [pc, lr] = [formatWord(registers.pc ?? 0), formatWord(registers.lr ?? 0)]
    const what = cause === '' ? crash.exception : `${crash.exception}: ${cause}`
    const text = `${what}; PC ${pc}, LR ${lr}; restart in ${crash.restart_in_ms} ms`
    return { ...event, text, crash: opened }
  }
}

function readKey(file: string): KeyObject {
  try {
    const key = createPrivateKey(readFileSync(file))
    if (key.asymmetricKeyDetails?.namedCurve === 'prime256v1') return key
  } catch {
    // Told below, as for any other file that is no such key.
  }
  throw new Failure({
    code: 'KEY_UNUSABLE',
    message: `${file} holds no P-256 private key in PEM.`,
    fix: 'give the private half of the key that the application was bundled with as --crash-report-key.',
  })
}

function agree(key: KeyObject, sender: Uint8Array): Uint8Array | undefined {
  const [x = '', y = ''] = [sender.subarray(1, 33), sender.subarray(33)].map((part) =>
    Buffer.from(part).toString('base64url'),
  )
  try {
    const publicKey = createPublicKey({ key: { kty: 'EC', crv: 'P-256', x, y }, format: 'jwk' })
    return diffieHellman({ privateKey: key, publicKey })
  } catch {
    return undefined
  }
}

function pointOf(key: KeyObject): Uint8Array {
  const { x = '', y = '' } = key.export({ format: 'jwk' })
  return Buffer.concat([Uint8Array.of(4), ...[x, y].map((part) => Buffer.from(part, 'base64url'))])
}

const host: GcmEngines = {
  digest(parts) {
    const hash = createHash('sha256')
    for (const part of parts) hash.update(part)
    return hash.digest()
  },
  seal(key, nonce, aad, plain) {
    const cipher = createCipheriv('aes-128-gcm', key, nonce).setAAD(aad)
    return Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()])
  },
  open(key, nonce, aad, sealed) {
    const end = sealed.length - TAG_BYTES
    if (end < 0) return undefined
    const cipher = createDecipheriv('aes-128-gcm', key, nonce, { authTagLength: TAG_BYTES })
    cipher.setAAD(aad).setAuthTag(sealed.subarray(end))
    try {
      return Buffer.concat([cipher.update(sealed.subarray(0, end)), cipher.final()])
    } catch {
      return undefined
    }
  },
}
