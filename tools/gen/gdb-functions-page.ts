/** docs/reference/gdb-functions.md: the table that the tests with the real GDB run. */
import { elsewhere, functions } from '../../test/debug/functions.ts'
import { table } from './markdown.ts'

export function makeGdbFunctionsPage(): string {
  const groups = Object.entries(functions).map(([group, rows]) => {
    const lines = rows.map(({ name, note }) => [name, note, `\`${group}: ${name}\``])
    return `## ${group}\n\n${table(['function', 'note', 'tested by'], lines)}`
  })
  const others = Object.entries(elsewhere).map(([group, rows]) => {
    const lines = rows.map(({ name, note, testedBy }) => [name, note, `\`${testedBy}\``])
    return `## ${group}\n\n${table(['function', 'note', 'tested by'], lines)}`
  })
  return `# What GDB can do

<!-- Generated from test/debug/functions.ts by \`npm run gen\`: change it there. -->

With \`microvisor debug\` and \`gdb-multiarch\`. Each line is a test that runs the real GDB against a
device behind a real server: \`npm test -- test/debug/gdb\`, under the name in the last column. The last
sections take programs of their own: their files are in \`test/debug\`, too.

${[...groups, ...others].join('\n')}`
}
