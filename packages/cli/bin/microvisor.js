#!/usr/bin/env node
// The `microvisor` command. Plain JavaScript that any Node since 14 can read, so that a Node that
// is too old is met with a sentence and not with a syntax error.

const wanted = 24
const major = Number(process.versions.node.split('.')[0])

if (major < wanted) {
  process.stderr.write(
    `error NODE_TOO_OLD: microvisor needs Node.js ${wanted} or newer, and this is ${process.version} (${process.execPath}).\n` +
      '  fix: install a newer Node.js, or in the repository run it with `npx microvisor`, which uses the one it brings.\n',
  )
  process.exitCode = 1
} else {
  import('node:module').then(async ({ enableCompileCache }) => {
    const words = process.argv.slice(2)
    // A server is the one command that runs for months.
    if (words[0] === 'up') (await import('@microvisor/server/frugal')).beginFrugally()
    enableCompileCache()
    return (await import('../src/main.ts')).main(words)
  })
}
