import assert from 'node:assert/strict'
import { globSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { groups } from './test-groups.ts'

test('every test file is in exactly one group', () => {
  const cwd = join(import.meta.dirname, '..')
  const grouped = Object.values(groups).flatMap(({ globs }) =>
    globs.flatMap((pattern) => globSync(pattern, { cwd })),
  )
  const all = globSync('{bench,fuzz,packages,samples,sdk,test,tools}/**/*.test.ts', {
    cwd,
    exclude: (name) => name.includes('node_modules'),
  })
  assert.deepEqual(grouped.sort(), all.sort())
})
