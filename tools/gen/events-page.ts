/** docs/reference/events.md: every type of event of an account. */
import { eventTypes } from '@microvisor/api'
import { table } from './markdown.ts'

export function makeEventsPage(): string {
  const rows = Object.entries(eventTypes).map(([type, what]) => [`\`${type}\``, what])
  return `# Events of an account

<!-- Generated from packages/api/src/events.ts by \`npm run gen\`: change it there. -->

What happens to the devices of an account is numbered, without gaps, and the newest part is kept
(\`eventsKept\`, 100,000 unless the limits say otherwise). It is read as pages (\`GET /v1/Events\`,
\`microvisor events list\`), as it happens (\`GET /v1/Events/Stream\`, \`microvisor events stream\`) and posted by
webhooks; see the [guide](../guides/operating.md). A reader that comes back with the header
\`Last-Event-ID\`, or \`After\`, goes on behind that event, on whichever server; \`dropped\` in an event says how
many before it are no longer kept.

Filters and webhooks name types, all of a kind (\`update.*\`), or everything (\`*\`), with commas between them.
Bytes on their way and lines that applications log are no events of the account: they come on the stream of
their device (\`GET /v1/Devices/:Sid/Logs\`).

${table(['type', 'what happened, and what `data` has'], rows)}
Webhooks also post \`webhook.ping\`, when asked to.
`
}
