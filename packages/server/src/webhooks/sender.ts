/**
 * One post to a webhook's target. Through the egress policy, whatever the name resolves to at that
 * moment; a redirect is a failure, so nothing is reached that its owner did not name. Of the answer
 * only the status counts.
 */
import { type Agent, request } from 'undici'
import { agentOver } from '../managed/agent.ts'
import type { Egress } from '../managed/egress.ts'

/** `error` undefined: it was taken. */
export interface Outcome {
  readonly status: number | null
  readonly error: string | undefined
}

/** What of an answer's body is read, so that its connection can be used again. */
const ANSWER_BYTES = 16_384
const ERROR_CHARACTERS = 300
const USER_AGENT = 'microvisor-webhooks/1'

export class WebhookSender {
  readonly #agent: Agent
  readonly #timeoutMs: number

  constructor(egress: Egress, { timeoutMs, perTarget }: { timeoutMs: number; perTarget: number }) {
    this.#timeoutMs = timeoutMs
    this.#agent = agentOver(egress, { connections: perTarget, connectMs: timeoutMs })
  }

  /** Never throws. */
  async post(
    url: string,
    headers: Readonly<Record<string, string>>,
    body: string,
    givenUp: AbortSignal,
  ): Promise<Outcome> {
    const timeout = AbortSignal.timeout(this.#timeoutMs)
    try {
      const answer = await request(url, {
        method: 'POST',
        headers: { ...headers, 'content-type': 'application/json', 'user-agent': USER_AGENT },
        body,
        dispatcher: this.#agent,
        signal: AbortSignal.any([givenUp, timeout]),
      })
      await answer.body.dump({ limit: ANSWER_BYTES }).catch(() => undefined)
      const { statusCode: status } = answer
      return { status, error: status >= 200 && status < 300 ? undefined : refusalOf(status) }
    } catch (error) {
      const what = error instanceof Error ? error.message : String(error)
      const reason = timeout.aborted ? `no answer within ${this.#timeoutMs} ms` : what
      return { status: null, error: reason.slice(0, ERROR_CHARACTERS) }
    }
  }

  close(): Promise<void> {
    return this.#agent.destroy()
  }
}

function refusalOf(status: number): string {
  if (status >= 300 && status < 400) return `HTTP ${status}: redirects are not followed`
  return `HTTP ${status}`
}
