/**
 * Which server to talk to, and as whom: flags win over variables, variables over the profile.
 *
 * A profile's credentials belong to the profile's server. When a flag or a variable names another
 * server they are not sent there; that server's credentials have to be given with it.
 */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Failure, usageError } from './errors.ts'
import { configFolder } from './folders.ts'
import { writeWhole } from './whole-file.ts'

export const DEFAULT_PROFILE = 'local'

export interface Connection {
  readonly url: string
  readonly accountSid: string
  readonly authToken: string
}

export interface ConnectionFlags {
  readonly url?: string | undefined
  readonly 'account-sid'?: string | undefined
  readonly 'auth-token'?: string | undefined
  readonly profile?: string | undefined
}

export function resolveConnection(
  flags: ConnectionFlags,
  environment: NodeJS.ProcessEnv = process.env,
): Connection {
  const name = flags.profile ?? DEFAULT_PROFILE
  const given = {
    url: flags.url ?? environment.MICROVISOR_URL,
    accountSid: flags['account-sid'] ?? environment.MICROVISOR_ACCOUNT_SID,
    authToken: flags['auth-token'] ?? environment.MICROVISOR_AUTH_TOKEN,
  }
  if (given.url !== undefined) checkUrl(given.url)
  if (given.url !== undefined && given.accountSid !== undefined && given.authToken !== undefined) {
    return { url: given.url, accountSid: given.accountSid, authToken: given.authToken }
  }
  const profile = readProfile(name, environment)
  if (!profile && (flags.profile !== undefined || given.url === undefined)) {
    throw usageError(
      `there is no profile \`${name}\` (${profileFile(name, environment)}), and no other settings say which server to use.`,
      'start a server with `microvisor up` (it writes the profile `local`), or set MICROVISOR_URL, MICROVISOR_ACCOUNT_SID and MICROVISOR_AUTH_TOKEN.',
    )
  }
  const isProfilesServer = given.url === undefined || sameServer(given.url, profile?.url)
  const known = isProfilesServer ? profile : undefined
  return {
    url: given.url ?? profile?.url ?? '',
    accountSid:
      given.accountSid ?? known?.accountSid ?? missing('account SID', given.url, 'ACCOUNT_SID'),
    authToken:
      given.authToken ?? known?.authToken ?? missing('auth token', given.url, 'AUTH_TOKEN'),
  }
}

function profileFile(name: string, environment: NodeJS.ProcessEnv = process.env): string {
  if (!/^[\w.-]{1,64}$/.test(name) || name.startsWith('.')) {
    throw usageError(
      `\`${name}\` cannot name a profile.`,
      'use letters, digits, dots, dashes and underscores, at most 64.',
    )
  }
  return join(configFolder(environment), 'profiles', `${name}.json`)
}

function readProfile(
  name: string,
  environment: NodeJS.ProcessEnv = process.env,
): Connection | undefined {
  const file = profileFile(name, environment)
  if (!existsSync(file)) return undefined
  const parsed = parseProfile(readFileSync(file, 'utf8'))
  if (parsed) return parsed
  throw new Failure({
    code: 'PROFILE_UNREADABLE',
    message: `${file} is not a profile: it must be JSON with the texts url, accountSid and authToken.`,
    fix: 'correct the file, or remove it and run `microvisor up`, which writes it anew.',
  })
}

export async function writeProfile(name: string, connection: Connection): Promise<string> {
  const file = profileFile(name)
  await writeWhole(file, `${JSON.stringify(connection, null, 2)}\n`)
  return file
}

function parseProfile(text: string): Connection | undefined {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return undefined
  }
  if (typeof value !== 'object' || value === null) return undefined
  const { url, accountSid, authToken } = value as Record<string, unknown>
  if (typeof url !== 'string' || typeof accountSid !== 'string' || typeof authToken !== 'string') {
    return undefined
  }
  checkUrl(url)
  return { url, accountSid, authToken }
}

function checkUrl(url: string): void {
  const parsed = URL.parse(url)
  if (parsed && (parsed.protocol === 'http:' || parsed.protocol === 'https:')) return
  throw usageError(
    `\`${url}\` is not the address of a server.`,
    'write it as http://localhost:8700.',
  )
}

function sameServer(a: string, b: string | undefined): boolean {
  return b !== undefined && URL.parse(a)?.origin === URL.parse(b)?.origin
}

function missing(what: string, url: string | undefined, variable: string): never {
  throw usageError(
    `no ${what} is given for ${url ?? 'the server'}.`,
    `set MICROVISOR_${variable}, give --${variable.toLowerCase().replace('_', '-')}, or name a profile with --profile.`,
  )
}
