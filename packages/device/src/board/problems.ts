/**
 * What is wrong with a board or scenario file: every mistake with file, line, column and what was
 * expected, in one error.
 */

export interface FileProblem {
  readonly file: string
  /** From 1. */
  readonly line: number
  readonly column: number
  readonly message: string
}

export type DescriptionErrorCode = 'BOARD_INVALID' | 'SCENARIO_INVALID'

/** Reported at most; one typing mistake should not fill a screen. */
export const PROBLEMS_MAX = 20

const REFERENCE = {
  BOARD_INVALID: 'docs/reference/boards.md has every part and setting.',
  SCENARIO_INVALID: 'docs/reference/scenarios.md has every step and expectation.',
} as const

/** The command line shows `UsageError`s with exit code 2. */
export class DescriptionError extends Error {
  override readonly name = 'UsageError'
  readonly code: DescriptionErrorCode
  readonly fix: string
  readonly problems: readonly FileProblem[]

  constructor(code: DescriptionErrorCode, problems: readonly FileProblem[]) {
    super(problems.map(formatProblem).join('\n'))
    this.code = code
    this.fix = REFERENCE[code]
    this.problems = problems
  }

  get details(): Record<string, unknown> {
    return { problems: this.problems }
  }
}

function formatProblem({ file, line, column, message }: FileProblem): string {
  return `${file}:${line}:${column}: ${message}`
}
