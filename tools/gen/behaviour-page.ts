/** docs/reference/behaviour.md: what an application may count on, and the tests that show it. */
import { behaviour } from '../../test/behaviour/behaviour.ts'
import { code, table } from './markdown.ts'

export function makeBehaviourPage(): string {
  const parts = Object.entries(behaviour).map(([title, statements]) => {
    const rows = statements.map(({ says, tests }) => [
      says,
      tests.map(([file, name]) => `${code(file.split('/').at(-1)!)}: ${name}`).join('; '),
    ])
    return `## ${title}\n\n${table(['statement', 'shown by'], rows)}`
  })
  return `# Behaviour around an application

<!-- Generated from test/behaviour/behaviour.ts by \`npm run gen\`: change it there. -->

What the microvisor does besides answering [system calls](syscalls.md), statement by statement. Each test
named here exists.

${parts.join('\n')}`
}
