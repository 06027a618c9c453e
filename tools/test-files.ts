/**
 * What a process of `npm test` runs: the test files named in MICROVISOR_TEST_FILES, a line each, each
 * as a suite of its own. So what a file sets up for its tests is there while they run and no longer;
 * otherwise all files would set up at the start, and the first test would wait for all of it.
 *
 * Says over IPC which file begins, so that a file that never ends can be named.
 */
import { before, suite } from 'node:test'
import { pathToFileURL } from 'node:url'

const files = (process.env.MICROVISOR_TEST_FILES ?? '').split('\n').filter((file) => file !== '')
for (const file of files)
  suite(file, async () => {
    before(() => {
      process.send?.(file)
    })
    await import(pathToFileURL(file).href)
  })
