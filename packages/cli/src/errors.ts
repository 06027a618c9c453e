/**
 * What the command line says when something did not work, and the process's exit code.
 *
 * A `Failure` is trouble that a user can meet: it has a permanent code, a message with the values
 * in it, and what to do. Anything else that is thrown is a bug of ours and is shown with its stack.
 */
import { inspect } from 'node:util'

export const EXIT = { done: 0, failed: 1, usage: 2 } as const

export interface FailureFacts {
  readonly code: string | number
  readonly message: string
  readonly fix?: string | undefined
  readonly exitCode?: number
  readonly cause?: unknown
  /** More facts for machines; shown with --json only. */
  readonly details?: Record<string, unknown> | undefined
}

export class Failure extends Error {
  readonly code: string | number
  readonly fix: string | undefined
  readonly exitCode: number
  readonly details: Record<string, unknown> | undefined

  constructor({ code, message, fix, exitCode = EXIT.failed, cause, details }: FailureFacts) {
    super(message, cause === undefined ? undefined : { cause })
    this.name = 'Failure'
    this.code = code
    this.fix = fix
    this.exitCode = exitCode
    this.details = details
  }
}

/** Wrong words, flags or settings: exit code 2. */
export function usageError(message: string, fix?: string): Failure {
  return new Failure({ code: 'WRONG_USAGE', message, fix, exitCode: EXIT.usage })
}

export function formatFailure(failure: Failure): string {
  const lines = [`error ${failure.code}: ${indentFollowing(failure.message)}`]
  if (failure.fix) lines.push(`  fix: ${indentFollowing(failure.fix)}`)
  return lines.join('\n')
}

export function failureAsJson({ code, message, fix, details }: Failure): string {
  return JSON.stringify({ error: { code, message, ...(fix ? { fix } : {}), ...details } })
}

/** What anything thrown means to the user. */
export function asFailure(thrown: unknown): Failure {
  if (thrown instanceof Failure) return thrown
  if (isParserError(thrown)) {
    const [message, ...rest] = thrown.message.split('\nSee more help with --help')
    return usageError((message ?? '') + rest.join(''), 'see the command with --help.')
  }
  if (isExplained(thrown)) {
    const { code, message, fix, details, name } = thrown
    const exitCode = name === 'UsageError' ? EXIT.usage : EXIT.failed
    return new Failure({ code, message, fix, details, exitCode, cause: thrown })
  }
  return (
    operatingSystemFailure(thrown) ??
    new Failure({
      code: 'INTERNAL',
      message: `the command met something it does not expect: ${inspect(thrown)}`,
      fix: 'this is a defect of microvisor: please report it with the lines above.',
      cause: thrown,
    })
  )
}

const FILE_TROUBLE: Record<string, { says: string; fix: string }> = {
  ENOENT: { says: 'there is no such file or folder', fix: 'check the path.' },
  EACCES: { says: 'permission denied', fix: 'check who owns it and its permissions.' },
  EPERM: { says: 'operation not permitted', fix: 'check who owns it and its permissions.' },
  EISDIR: { says: 'it is a folder, not a file', fix: 'name a file.' },
  ENOTDIR: { says: 'part of the path is not a folder', fix: 'check the path.' },
  EEXIST: { says: 'it exists already', fix: 'remove it, or name another.' },
  ENOSPC: { says: 'the disk is full', fix: 'make room, then try again.' },
  EROFS: { says: 'the file system is read-only', fix: 'name another place.' },
  EMFILE: { says: 'too many open files', fix: 'raise the limit (ulimit -n).' },
}

function operatingSystemFailure(thrown: unknown): Failure | undefined {
  if (!(thrown instanceof Error)) return undefined
  const { code, path } = thrown as NodeJS.ErrnoException
  const trouble = code === undefined ? undefined : FILE_TROUBLE[code]
  if (!trouble || path === undefined) return undefined
  return new Failure({
    code: code ?? '',
    message: `${path}: ${trouble.says}.`,
    fix: trouble.fix,
    cause: thrown,
  })
}

/** Errors of the other packages that bring their code and their fix along. */
interface Explained extends Error {
  readonly code: string
  readonly fix: string
  readonly details?: Record<string, unknown>
}

function isExplained(thrown: unknown): thrown is Explained {
  if (!(thrown instanceof Error)) return false
  const { code, fix } = thrown as Partial<Explained>
  return typeof code === 'string' && typeof fix === 'string'
}

/** The command framework's errors about words and flags, by what it puts on them. */
function isParserError(thrown: unknown): thrown is Error {
  return thrown instanceof Error && 'oclif' in thrown
}

function indentFollowing(text: string): string {
  return text.trimEnd().replaceAll('\n', '\n    ')
}
