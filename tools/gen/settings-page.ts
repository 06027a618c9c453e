/** docs/reference/settings.md and metrics.md: what a server is told by its environment, and what it measures. */
import { upSettings } from '@microvisor/cli'
import { METRIC_PREFIX, metricFacts, serverSettings } from '@microvisor/server'
import { table } from './markdown.ts'

export function makeSettingsPage(): string {
  const rows = Object.entries({ ...serverSettings, ...upSettings }).map(
    ([name, { doc, unset }]) => [`\`${name}\``, doc, unset],
  )
  return `# Settings of the server

<!-- Generated from packages/server/src/settings.ts and packages/cli/src/up-settings.ts by \`npm run gen\`: change it there. -->

Flags of \`microvisor up\` say where it listens and where its data is: see [cli.md](cli.md). All else is set by
variables of the environment. One that is empty counts as not set; one that makes no sense ends the start
with exit code 2, its name, its value and what to give instead.

${table(['variable', '', 'not set'], rows)}`
}

export function makeMetricsPage(): string {
  const rows = Object.entries(metricFacts).map(([name, { kind, labels, help }]) => [
    `\`${METRIC_PREFIX}${name}\``,
    kind,
    labels.map((label) => `\`${label}\``).join(', '),
    help,
  ])
  return `# Metrics

<!-- Generated from packages/server/src/metrics.ts by \`npm run gen\`: change it there. -->

\`GET /metrics\` answers in Prometheus' text form. It takes credentials, a key with the scope \`read\` is
enough. Each server process counts for itself.

${table(['metric', 'kind', 'labels', ''], rows)}`
}
