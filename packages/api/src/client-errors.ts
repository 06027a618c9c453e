/**
 * What a client tells its user when a call fails: the server's own refusal, or trouble on the way,
 * which `fetch` reports as "fetch failed" and a cause.
 */

/** Troubles that only a client sees; everything else is an ErrorCode of the server. */
export type ClientErrorCode =
  | 'SERVER_UNREACHABLE'
  | 'SERVER_SILENT'
  | 'CONNECTION_LOST'
  | 'ANSWER_UNEXPECTED'
  | 'NO_SERVER_BEHIND_PROXY'

/** An answer that is an error, or no answer. */
export class ApiError extends Error {
  override readonly name = 'ApiError'
  /** An ErrorCode, a ClientErrorCode, or a code of a server newer than this client. */
  readonly code: string
  /** What to do. */
  readonly fix: string
  /** HTTP status; 0 if there was no answer. */
  readonly status: number
  readonly details: Readonly<Record<string, unknown>>

  constructor(
    code: string,
    message: string,
    fix: string,
    more: { status?: number; details?: Record<string, unknown>; cause?: unknown } = {},
  ) {
    super(message, more.cause === undefined ? undefined : { cause: more.cause })
    this.code = code
    this.fix = fix
    this.status = more.status ?? 0
    this.details = more.details ?? {}
  }
}

/** What to throw for what `fetch`, or reading its answer, threw. */
export function explainFailure(
  url: string,
  error: unknown,
  signal: AbortSignal | undefined,
): unknown {
  if (signal?.aborted) return signal.reason
  if (!(error instanceof TypeError)) return error
  const cause = error.cause as { code?: string; message?: string } | undefined
  const known = reasons[cause?.code ?? '']
  const reason = known?.text ?? cause?.message ?? error.message
  if (known?.isLost || error.message === 'terminated')
    return new ApiError(
      'CONNECTION_LOST',
      `The connection to ${url} broke: ${reason}.`,
      'Try again; if it breaks again, look at the log of the server.',
      { cause: error },
    )
  return new ApiError(
    'SERVER_UNREACHABLE',
    `No server answers at ${url}: ${reason}.`,
    'Start one with `microvisor up`, or say where yours is with MICROVISOR_URL or --url.',
    { cause: error },
  )
}

/** Codes of Node's sockets and of its fetch. */
const reasons: Record<string, { text: string; isLost?: true }> = {
  ECONNREFUSED: { text: 'connection refused' },
  ENOTFOUND: { text: 'there is no host of that name' },
  EAI_AGAIN: { text: 'the name service does not answer' },
  EHOSTUNREACH: { text: 'no route to that host' },
  ENETUNREACH: { text: 'no route to that network' },
  ETIMEDOUT: { text: 'no answer to the attempt to connect' },
  UND_ERR_CONNECT_TIMEOUT: { text: 'no answer to the attempt to connect' },
  ECONNRESET: { text: 'the other side reset it', isLost: true },
  EPIPE: { text: 'the other side closed it', isLost: true },
  UND_ERR_SOCKET: { text: 'the other side closed it', isLost: true },
}
