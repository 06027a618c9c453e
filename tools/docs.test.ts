/** The pages of the repository: what they point to exists, and every decision is listed. */
import assert from 'node:assert/strict'
import { existsSync, globSync, readFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { test } from 'node:test'
import { upSettings } from '@microvisor/cli'
import { METRIC_PREFIX, metricFacts, serverSettings } from '@microvisor/server'

const pages = globSync(['*.md', '{docs,packages,samples,sdk,changelog}/**/*.md'], {
  exclude: ['**/node_modules/**'],
})

test('what a page links to exists', () => {
  assert.ok(pages.length > 50)
  for (const page of pages) {
    for (const [, target = ''] of readFileSync(page, 'utf8').matchAll(
      /\]\(([^)#\s]+)(?:#[^)]*)?\)/g,
    )) {
      if (/^[a-z]+:/.test(target)) continue
      assert.ok(existsSync(join(dirname(page), target)), `${page} links to ${target}`)
    }
  }
})

test('every decision is listed with its title', () => {
  const list = readFileSync('docs/decisions/README.md', 'utf8')
  for (const page of globSync('docs/decisions/0*.md')) {
    const [title = ''] = readFileSync(page, 'utf8').split('\n')
    assert.ok(list.includes(`- [${title.slice(2)}](${basename(page)})`), page)
  }
})

const guides = globSync('docs/guides/*.md').map(
  (page) => [page, readFileSync(page, 'utf8')] as const,
)
/** Of the command, the build and the tests, which are no settings of a server. */
const OTHERS = /^MICROVISOR_(URL|ACCOUNT_SID|AUTH_TOKEN|SEED)$/

test('variables in guides are settings that there are', () => {
  let found = 0
  for (const [page, text] of guides)
    for (const [name] of text.matchAll(/MICROVISOR_[A-Z_]+/g)) {
      const isKnown = name in serverSettings || name in upSettings || OTHERS.test(name)
      assert.ok(isKnown, `${page} names ${name}`)
      found++
    }
  assert.ok(found > 20)
})

test('alerts in guides are about metrics and labels that there are', () => {
  const names = new Map<string, readonly string[]>()
  for (const [name, { kind, labels }] of Object.entries(metricFacts)) {
    const suffixes = kind === 'histogram' ? ['_bucket', '_sum', '_count'] : ['']
    for (const suffix of suffixes) names.set(`${METRIC_PREFIX}${name}${suffix}`, labels)
  }
  let found = 0
  for (const [page, text] of guides)
    for (const [, name = '', filter = ''] of text.matchAll(
      /(microvisor_[a-z_]+)(?:\{([^}]*)\})?/g,
    )) {
      const labels = names.get(name)
      assert.ok(labels, `${page} names ${name}`)
      for (const [, label = ''] of filter.matchAll(/(\w+)=/g))
        assert.ok(labels.includes(label), `${page} names ${label} of ${name}`)
      found++
    }
  assert.ok(found > 8)
})
