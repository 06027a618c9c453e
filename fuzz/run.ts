/**
 * `npm run fuzz -- TARGET [--seed N] [--count N]`: throws random input at one part. Each target is
 * a module in this folder that exports `fuzz({ seed, count })` and throws if a promise is broken.
 * Prints the seed first, so that any failure can be repeated.
 */
import { readdirSync } from 'node:fs'
import { parseArgs } from 'node:util'

interface FuzzTarget {
  fuzz(options: { seed: number; count: number }): Promise<void>
}

const targets = readdirSync(import.meta.dirname)
  .filter((file) => file.endsWith('.ts') && file !== 'run.ts')
  .map((file) => file.slice(0, -'.ts'.length))

const { name, seed, count } = readArguments()
console.log(`fuzz ${name} --seed ${seed} --count ${count}`)
const started = performance.now()
const target = (await import(`./${name}.ts`)) as FuzzTarget
await target.fuzz({ seed, count })
console.log(`nothing found in ${((performance.now() - started) / 1000).toFixed(1)} s`)

function readArguments(): { name: string; seed: number; count: number } {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { seed: { type: 'string' }, count: { type: 'string' } },
  })
  const [chosen] = positionals
  if (chosen === undefined) refuse('no target given')
  if (!targets.includes(chosen)) refuse(`no target ${chosen}`)
  return {
    name: chosen,
    seed: wholeNumber('seed', values.seed, Date.now() % 2 ** 31),
    count: wholeNumber('count', values.count, 1_000_000),
  }
}

function wholeNumber(name: string, text: string | undefined, otherwise: number): number {
  if (text === undefined) return otherwise
  const value = Number(text)
  if (!Number.isSafeInteger(value) || value < 0) refuse(`--${name} ${text} is no whole number`)
  return value
}

function refuse(why: string): never {
  console.error(`error: ${why}; there are: ${targets.join(', ')}`)
  console.error('usage: npm run fuzz -- TARGET [--seed N] [--count N]')
  process.exit(2)
}
