/**
 * `npm run check`: every check that needs no running program, side by side. Prints the output of
 * those that failed and exits with 1 if any did.
 */
import { spawn } from 'node:child_process'

const checks = [
  { name: 'types', command: ['tsc', '-p', 'tsconfig.json'] },
  { name: 'types of each package alone', command: ['tsc', '-b', 'packages/cli'] },
  { name: 'format and lint', command: ['biome', 'check', '--error-on-warnings', '.'] },
  { name: 'unused code', command: ['knip'] },
  { name: 'generated files', command: ['node', 'tools/gen.ts', '--check'] },
]

const results = await Promise.all(checks.map(run))
for (const { name, output, passed } of results) {
  console.log(`${passed ? 'ok    ' : 'FAILED'} ${name}`)
  if (!passed) console.log(output.replace(/^/gm, '       '))
}
process.exitCode = results.every(({ passed }) => passed) ? 0 : 1

function run({ name, command }: (typeof checks)[number]) {
  return new Promise<{ name: string; output: string; passed: boolean }>((resolve) => {
    const [program, ...args] = command
    const child = spawn(program!, args, { stdio: ['ignore', 'pipe', 'pipe'] })
    let output = ''
    child.stdout.on('data', (text) => {
      output += text
    })
    child.stderr.on('data', (text) => {
      output += text
    })
    child.on('error', (error) => resolve({ name, output: String(error), passed: false }))
    child.on('close', (code) => resolve({ name, output, passed: code === 0 }))
  })
}
