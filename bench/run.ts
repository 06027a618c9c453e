/**
 * `npm run bench -- NAME [--json]`: runs one benchmark, or all without a name. Each is a module in
 * this folder, of one word, that exports `bench(report, args)`. With `--json` one object a line:
 * bench, case, value, unit, and peer, ratio where measured side by side.
 */
import { existsSync, readdirSync } from 'node:fs'

export interface Row {
  case: string
  value: number
  unit: string
  peer?: string
  ratio?: number
}
export type Report = (row: Row) => void

const args = process.argv.slice(2)
const asJson = args.includes('--json')
/** Names come first; what follows a flag is for the benchmark. */
const firstFlag = args.findIndex((arg) => arg.startsWith('--'))
const names = firstFlag < 0 ? args : args.slice(0, firstFlag)
const known = readdirSync(import.meta.dirname)
  .filter((file) => file.endsWith('.ts') && file !== 'run.ts' && !/-/.test(file))
  .map((file) => file.slice(0, -3))

for (const name of names.length ? names : known) {
  if (!existsSync(`${import.meta.dirname}/${name}.ts`)) {
    console.error(`error: no benchmark ${name}; there are: ${known.join(', ')}`)
    process.exit(2)
  }
  const { bench } = (await import(`./${name}.ts`)) as {
    bench: (report: Report, args: readonly string[]) => Promise<void>
  }
  await bench((row) => print(name, row), args)
}

function print(name: string, row: Row): void {
  if (asJson) {
    console.log(JSON.stringify({ bench: name, ...row }))
    return
  }
  const peer = row.peer ? `  (${row.ratio?.toFixed(2)} x ${row.peer})` : ''
  console.log(
    `${name}  ${row.case.padEnd(44)} ${row.value.toLocaleString('en').padStart(14)} ${row.unit}${peer}`,
  )
}
