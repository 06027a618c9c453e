/** Why a device or the cloud did not take a debugger, by the sentence that it gave; each with what to do. */
import { createHash } from 'node:crypto'
import { Failure } from '../errors.ts'
import { publicHalf } from './debug-keys.ts'

interface Refused {
  readonly says: RegExp
  readonly code: string
  readonly fix: string
  /** The sentence is about the debugger's key: it is named. */
  readonly isAboutKey?: true
  /** It will be the same tomorrow: a session that is lost is not taken up again. */
  readonly isLasting?: true
}

const refusals: readonly Refused[] = [
  {
    says: /holds this device/,
    code: 'DEBUG_HELD',
    fix: 'wait until they are done, or end their session with `microvisor debug end DEVICE`.',
  },
  {
    says: /names no key/,
    code: 'DEBUG_KEY_MISSING',
    fix: 'deploy it again with `--genkeys`, or bundle it with --debug-auth-pubkey.',
    isLasting: true,
  },
  {
    says: /does not hold the key/,
    code: 'DEBUG_KEY_REFUSED',
    fix: 'give the private half of the pair whose public half the running application was bundled with (--debug-auth-pubkey).',
    isAboutKey: true,
    isLasting: true,
  },
  {
    says: /application was replaced/,
    code: 'DEBUG_APPLICATION_REPLACED',
    fix: 'start again, with the ELF file and the key of the application that runs now.',
    isLasting: true,
  },
  {
    says: /is not connected/,
    code: 'DEVICE_NOT_CONNECTED',
    fix: 'switch it on, or see why it does not connect with `microvisor devices show`.',
  },
]

/** True of a sentence that the device would say again however long one waits. */
export function isLasting(sentence: string): boolean {
  return refusals.some((refusal) => refusal.isLasting && refusal.says.test(sentence))
}

/** The same failure in a user's words; what is no refusal stays as it is. */
export async function explainRefusal(thrown: unknown, keyFile: string): Promise<unknown> {
  const isRefusal = thrown instanceof Failure && /^DEBUG_(REFUSED|ENDED)$/.test(`${thrown.code}`)
  const known = isRefusal ? refusals.find(({ says }) => says.test(thrown.message)) : undefined
  if (!isRefusal || known === undefined) return thrown
  const { code, fix, isAboutKey } = known
  const name = isAboutKey ? ` This one is ${keyFile} (${await nameOf(keyFile)}).` : ''
  return new Failure({ code, fix, message: `${thrown.message}${name}`, cause: thrown })
}

/** As devices name keys: the first bytes of the SHA-256 of the point. */
async function nameOf(keyFile: string): Promise<string> {
  const hash = createHash('sha256')
    .update(await publicHalf(keyFile))
    .digest('hex')
  return `P-256, sha256:${hash.slice(0, 16)}`
}
