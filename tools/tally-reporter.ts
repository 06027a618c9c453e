/** A test reporter that writes one JSON object at the end: how many tests passed, failed and were skipped. */
import type { TestEvent } from 'node:test/reporters'

export interface Tally {
  passed: number
  failed: number
  skipped: string[]
}

export default async function* tally(events: AsyncIterable<TestEvent>) {
  const counts: Tally = { passed: 0, failed: 0, skipped: [] }
  for await (const event of events) {
    if (event.type !== 'test:pass' && event.type !== 'test:fail') continue
    const { name, skip, details } = event.data
    if (details.type === 'suite' && !isOwnFailure(event)) continue
    if (event.type === 'test:fail') counts.failed++
    else if (skip) counts.skipped.push(typeof skip === 'string' ? `${name}: ${skip}` : name)
    else counts.passed++
  }
  yield `${JSON.stringify(counts)}\n`
}

/** A suite that failed by itself (its file could not be read, its setting up went wrong), not by a test. */
export function isOwnFailure(event: TestEvent): boolean {
  if (event.type !== 'test:fail') return false
  const { type, error } = event.data.details
  const { failureType } = error as { failureType?: string }
  return type !== 'suite' || failureType !== 'subtestsFailed'
}
