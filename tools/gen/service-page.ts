/** docs/reference/service.md: what the cloud promises, and the tests that show it. */
import { service } from '../../test/service/service.ts'
import { formatStatements } from './statements.ts'

export function makeServicePage(): string {
  return `# The service

<!-- Generated from test/service/service.ts by \`npm run gen\`: change it there. -->

What the cloud promises beyond [the rules of the original API](rest-rules.md), statement by statement. Each
test named here exists. What is tried against devices stands in [threats](threats.md).

${formatStatements(service)}`
}
