/** The debug keys of a deployment: which ones go into the bundle, and which one opens the session. */
import { statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { inputKind, readInput } from '../bundling.ts'
import { Failure } from '../errors.ts'
import { readKey } from '../policies.ts'
import { demandPair, keepOrMakePair, publicHalf } from './debug-keys.ts'
import { PRIVATE_KEY_NAME, PUBLIC_KEY_NAME } from './key-names.ts'

export interface KeyFlags {
  readonly genkeys: boolean
  readonly publickey?: string | undefined
  readonly privatekey?: string | undefined
}

export interface DeployKeys {
  /** File; undefined if nobody named one. */
  readonly privateKey: string | undefined
  /** For the manifest. */
  readonly debugKey: Uint8Array | undefined
}

/** Makes, reads and checks what the flags ask for. `path` is what is deployed. Throws Failure. */
export async function deployKeys(
  path: string,
  flags: KeyFlags,
  progress: (line: string) => void,
): Promise<DeployKeys> {
  const { genkeys, publickey, privatekey } = flags
  if (!genkeys && publickey === undefined && privatekey === undefined) {
    return { privateKey: undefined, debugKey: undefined }
  }
  const isFolder = statSync(path).isDirectory()
  if (!isFolder && inputKind(path, readInput(path)) === 'bundle') {
    if (genkeys || publickey !== undefined) throw bundledAlready(path)
    return { privateKey: privatekey, debugKey: undefined }
  }
  if (genkeys) return madeKeys(isFolder ? join(path, 'build') : dirname(path), flags, progress)
  if (privatekey === undefined) return { privateKey: undefined, debugKey: readKey(publickey) }
  if (publickey !== undefined) {
    // Says by its path if it is missing, which `demandPair` would make.
    readKey(publickey)
    await demandPair({ privateKey: privatekey, publicKey: publickey })
  }
  return { privateKey: privatekey, debugKey: await publicHalf(privatekey) }
}

async function madeKeys(folder: string, flags: KeyFlags, progress: (line: string) => void) {
  const privateKey = flags.privatekey ?? join(folder, PRIVATE_KEY_NAME)
  const publicKey = flags.publickey ?? join(folder, PUBLIC_KEY_NAME)
  const outcome = await keepOrMakePair({ privateKey, publicKey })
  progress(
    outcome === 'made'
      ? `Made the debug keys ${privateKey} (keep it) and ${publicKey}.`
      : `Using the debug keys ${privateKey} and ${publicKey}.`,
  )
  return { privateKey, debugKey: await publicHalf(privateKey) }
}

function bundledAlready(path: string): Failure {
  return new Failure({
    code: 'INPUT_IS_BUNDLE',
    message: `${path} is a bundle already; what is in it cannot get another debug key.`,
    fix: 'deploy the project, ELF file or raw image that it was made of; or give --privatekey alone if it has the key.',
  })
}
