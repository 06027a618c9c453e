/** Results of scenarios as text for a terminal, JSON for machines, JUnit XML for CI servers. */
import { relative } from 'node:path'
import type { ScenarioEvent, ScenarioResult } from './run.ts'
import { formatUse } from './unmodelled.ts'

/** `12.345678 s`, aligned. */
function formatSeconds(seconds: number): string {
  return `${seconds.toFixed(6).padStart(13)} s`
}

export function formatEvent({ seconds, kind, text }: ScenarioEvent): string {
  return `${formatSeconds(seconds)}  ${kind.padEnd(8)} ${text}`
}

const MARKS = { passed: '✔', failed: '✘', 'not reached': '·' } as const

/** A scenario and its steps, for people. */
export function formatResult(result: ScenarioResult, folder: string): string {
  const { file, name, isPassed, failure, seconds, steps, line } = result
  const path = relative(folder, file) || file
  const head = `${isPassed ? '✔' : '✘'} ${name} (${path}, ${formatSeconds(seconds).trim()} of virtual time)`
  const unmodelled = formatUnmodelled(result)
  if (isPassed) return [head, ...unmodelled].join('\n')
  const list = steps.map((step) => {
    return `    ${MARKS[step.outcome]} ${formatSeconds(step.seconds)}  ${step.title}  (line ${step.line})`
  })
  const place = line === undefined ? path : `${path}:${line}`
  return [head, ...list, `  ${place}: ${failure}`, ...unmodelled].join('\n')
}

const SHOWN_USES = 10

/** What was used and the model lacks; nothing where all is there. */
function formatUnmodelled({ unmodelled, unmodelledUses }: ScenarioResult): readonly string[] {
  if (unmodelled === 0) return []
  const shown = unmodelledUses.slice(0, SHOWN_USES).map((use) => `    ${formatUse(use)}`)
  const left = unmodelledUses.length - shown.length
  const more = left > 0 ? [`    and ${left} more: \`--json\` has them all`] : []
  return [`  not modelled, used ${unmodelled} times:`, ...shown, ...more]
}

/** What goes into --json: without waveforms and pictures, which have files of their own. */
export function resultAsJson(from: ScenarioResult): Record<string, unknown> {
  const { waves: _, pictures, ...result } = from
  return { ...result, pictures: pictures.map(({ file }) => file) }
}

/** The common dialect of JUnit XML: one suite a scenario, one case a step. */
export function formatJUnit(results: readonly ScenarioResult[]): string {
  const suites = results.map((result) => {
    const failed = result.isPassed ? 0 : 1
    const cases = result.steps.map((step) => {
      const open = `    <testcase name="${escapeXml(step.title)}" classname="${escapeXml(result.name)}" file="${escapeXml(result.file)}" line="${step.line}"`
      if (step.outcome === 'passed') return `${open}/>`
      if (step.outcome === 'not reached') return `${open}><skipped/></testcase>`
      return `${open}><failure message="${escapeXml(result.failure ?? '')}"/></testcase>`
    })
    const isOfNoStep = !result.isPassed && !result.steps.some(({ outcome }) => outcome === 'failed')
    if (isOfNoStep) {
      cases.push(
        `    <testcase name="whole scenario" classname="${escapeXml(result.name)}"><failure message="${escapeXml(result.failure ?? '')}"/></testcase>`,
      )
    }
    const skipped = result.steps.filter(({ outcome }) => outcome === 'not reached').length
    const log = result.events.map(formatEvent).join('\n')
    const uses = result.unmodelledUses.map(formatUse).join('\n')
    return [
      `  <testsuite name="${escapeXml(result.name)}" tests="${cases.length}" failures="${failed}" skipped="${skipped}" time="${result.seconds.toFixed(6)}">`,
      `    <properties><property name="unmodelled" value="${result.unmodelled}"/></properties>`,
      ...cases,
      `    <system-out>${escapeXml(log)}</system-out>`,
      ...(uses === '' ? [] : [`    <system-err>Not modelled:\n${escapeXml(uses)}</system-err>`]),
      '  </testsuite>',
    ].join('\n')
  })
  const failures = results.filter(({ isPassed }) => !isPassed).length
  const tests = results.reduce((sum, { steps }) => sum + steps.length, 0)
  const open = `<testsuites tests="${tests}" failures="${failures}">`
  return ['<?xml version="1.0" encoding="UTF-8"?>', open, ...suites, '</testsuites>', ''].join('\n')
}

function escapeXml(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: XML 1.0 has no place for them.
  const printable = text.replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, '\ufffd')
  const names: Record<string, string> = { '&': 'amp', '<': 'lt', '>': 'gt', '"': 'quot' }
  return printable.replace(/[&<>"]/g, (char) => `&${names[char]};`)
}
