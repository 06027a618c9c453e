/**
 * Questions asked by many at the same time, put to the database as one. An idle gatherer asks at once;
 * what comes while an answer is under way waits for the next round, and where rounds pause, what comes
 * soon after, too. So one device waits for nothing, and when ten thousand come back at once the
 * database gets dozens of statements instead of ten thousands. (Without the pause rounds stay small with PGlite: it answers in this thread, and
 * nobody can ask meanwhile.)
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { isOfTheContent } from './database.ts'

interface Waiting<Question, Answer> {
  readonly question: Question
  readonly resolve: (answer: Answer) => void
  readonly reject: (error: unknown) => void
}

/** Questions of one round; PostgreSQL takes 65,535 parameters in a statement. */
const ROUND = 500
/**
 * From the start of a round to that of the next: the more came, the longer. More than 50 a second make
 * rounds grow. (PGlite, checking devices in: 3.7 ms alone, 0.4 ms each of 20, 0.15 ms each of 100.)
 */
const PAUSE_MS = { each: 20, most: 100 }

export class Gatherer<Question, Answer> {
  /** Answers in the order of the questions. What it changes, it changes for all of them or for none. */
  readonly #askAll: (questions: readonly Question[]) => Promise<readonly Answer[]>
  readonly #pauseMs: typeof PAUSE_MS
  #waiting: Waiting<Question, Answer>[] = []
  #isAsking = false
  #nextAt = Number.NEGATIVE_INFINITY

  /** `pauses`: no round follows another too soon. For crowds that would rather wait than be expensive. */
  constructor(
    askAll: (questions: readonly Question[]) => Promise<readonly Answer[]>,
    { pauses }: { readonly pauses: boolean },
  ) {
    this.#askAll = askAll
    this.#pauseMs = pauses ? PAUSE_MS : { each: 0, most: 0 }
  }

  ask(question: Question): Promise<Answer> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ question, resolve, reject })
      if (!this.#isAsking) void this.#askOn()
    })
  }

  async #askOn(): Promise<void> {
    this.#isAsking = true
    while (this.#waiting.length > 0) {
      const earlyMs = this.#nextAt - performance.now()
      if (earlyMs > 0) await sleep(earlyMs)
      const round = this.#waiting.splice(0, ROUND)
      const { each, most } = this.#pauseMs
      this.#nextAt = performance.now() + Math.min(round.length * each, most)
      await this.#round(round)
    }
    this.#isAsking = false
  }

  /** One that cannot be asked is found by halves, and fails alone. */
  async #round(round: readonly Waiting<Question, Answer>[]): Promise<void> {
    try {
      const answers = await this.#askAll(round.map(({ question }) => question))
      for (const [i, { resolve }] of round.entries()) resolve(answers[i] as Answer)
    } catch (error) {
      if (round.length > 1 && isOfTheContent(error)) {
        const half = Math.ceil(round.length / 2)
        await this.#round(round.slice(0, half))
        await this.#round(round.slice(half))
      } else for (const { reject } of round) reject(error)
    }
  }
}
