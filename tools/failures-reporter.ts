/** A test reporter for people: failures in full, what tests print, tests and files that took long; nothing else. */
import { relative } from 'node:path'
import type { TestEvent } from 'node:test/reporters'
import { inspect } from 'node:util'
import { isOwnFailure } from './tally-reporter.ts'

const LONG_MS = 5_000
const LONG_FILE_MS = 20_000
/** What the runner itself reports at the end; tools/test.ts prints its own. */
const SUMMARY_LINE = /^(tests|suites|pass|fail|cancelled|skipped|todo|duration_ms) /

export default async function* failures(events: AsyncIterable<TestEvent>) {
  for await (const event of events) {
    if (event.type === 'test:diagnostic' && !SUMMARY_LINE.test(event.data.message))
      yield `note: ${event.data.message}\n`
    if (event.type === 'test:stdout' || event.type === 'test:stderr') yield event.data.message
    if (event.type === 'test:pass') {
      const { duration_ms: ms, type } = event.data.details
      if (ms > (type === 'suite' ? LONG_FILE_MS : LONG_MS))
        yield `slow: ${event.data.name} took ${(ms / 1000).toFixed(1)} s\n`
    }
    if (event.type === 'test:fail' && isOwnFailure(event)) {
      const { name, file, line, details } = event.data
      const place = file ? `${relative(process.cwd(), file)}:${line}` : 'unknown place'
      const cause = details.error.cause ?? details.error
      yield `FAILED: ${name} (${place})\n${inspect(cause).replace(/^/gm, '    ')}\n`
    }
  }
}
