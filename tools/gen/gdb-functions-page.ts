/** docs/reference/gdb-functions.md: the table that the tests with the real GDB run. */
import { functions } from '../../test/debug/functions.ts'
import { table } from './markdown.ts'

export function makeGdbFunctionsPage(): string {
  const groups = Object.entries(functions).map(([group, rows]) => {
    const lines = rows.map(({ name, note }) => [name, note, `\`${group}: ${name}\``])
    return `## ${group}\n\n${table(['function', 'note', 'tested by'], lines)}`
  })
  return `# What GDB can do

<!-- Generated from test/debug/functions.ts by \`npm run gen\`: change it there. -->

With \`microvisor debug\` and \`gdb-multiarch\`. Each line is a test that runs the real GDB against a
device behind a real server: \`npm test -- test/debug/gdb\`, under the name in the last column.

${groups.join('\n')}`
}
