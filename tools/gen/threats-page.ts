/** docs/reference/threats.md: what was tried against a device, and the tests that show what stands. */
import { threats } from '../../test/threats/threats.ts'
import { table } from './markdown.ts'
import { formatTests } from './statements.ts'

export function makeThreatsPage(): string {
  const rows = threats.map(({ attack, isUptanes, defence, tests }) => [
    isUptanes ? attack : `${attack} (ours)`,
    defence,
    formatTests(tests),
  ])
  return `# Threats

<!-- Generated from test/threats/threats.ts by \`npm run gen\`: change it there. -->

The attacks that the Uptane standard names, as far as they apply to a device with one processor, and some of
our own. Each test named here exists; \`npm test -- malice\` runs most of them. What is tried against the cloud
stands in [the service](service.md#bad-input).

${table(['attack', 'what stands against it', 'shown by'], rows)}`
}
