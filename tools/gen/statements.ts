/** Pages of statements, each with the tests that show it. */
import type { Statements } from '../../test/threats/named-tests.ts'
import { code, table } from './markdown.ts'

export function formatStatements(statements: Statements): string {
  return Object.entries(statements)
    .map(([title, all]) => {
      const rows = all.map(({ says, tests }) => [says, formatTests(tests)])
      return `## ${title}\n\n${table(['statement', 'shown by'], rows)}`
    })
    .join('\n')
}

export function formatTests(tests: readonly (readonly [string, string])[]): string {
  return tests.map(([file, name]) => `${code(file.split('/').at(-1)!)}: ${name}`).join('; ')
}
