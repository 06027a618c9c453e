/** docs/reference/behaviour.md: what an application may count on, and the tests that show it. */
import { behaviour } from '../../test/behaviour/behaviour.ts'
import { formatStatements } from './statements.ts'

export function makeBehaviourPage(): string {
  return `# Behaviour around an application

<!-- Generated from test/behaviour/behaviour.ts by \`npm run gen\`: change it there. -->

What the microvisor does besides answering [system calls](syscalls.md), statement by statement. Each test
named here exists.

${formatStatements(behaviour)}`
}
