/** What a verb of a scenario is; the verbs themselves are in verbs.ts and beside it. */
import type { Located } from '../board/yaml-reader.ts'
import type { Context } from './expectations.ts'
import { ExpectationError, type Run, type Steps } from './scenario.ts'

interface Modifiers {
  readonly within: number | undefined
  readonly for: number | undefined
}

export interface Verb {
  readonly about: string
  readonly example: string
  /** Modifiers that make sense with it. */
  readonly takes: readonly ('within' | 'for')[]
  read(value: Located, context: Context, modifiers: Modifiers): ((run: Run) => Steps) | undefined
}

/** A step that waits for nothing. */
export function act(action: (run: Run) => void): (run: Run) => Steps {
  // biome-ignore lint/correctness/useYield: a step that waits for nothing.
  return function* (run) {
    action(run)
  }
}

/** What only the microvisor has. */
export function needs<Part>(part: Part | undefined, what: string): Part {
  if (part !== undefined) return part
  throw new ExpectationError(`The bare chip has no ${what}; \`run: microvisor\` has.`)
}

/** Lets so much virtual time pass. */
export function* pause(run: Run, seconds: number): Steps {
  const until = run.seconds + seconds
  while (run.seconds < until) yield { until, topics: [] }
}
