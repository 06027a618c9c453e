/** The pages of the repository: what they point to exists, and every decision is listed. */
import assert from 'node:assert/strict'
import { existsSync, globSync, readFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { test } from 'node:test'

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
