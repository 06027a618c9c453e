/**
 * A process that runs command lines one after another and keeps what each says: starting one for each
 * costs more than most of them do. Takes them as JSON (`CommandLine[]`) in its one argument, and prints
 * their outcomes (`CommandOutcome[]`).
 */
import { enableCompileCache } from 'node:module'
import { main } from '../main.ts'
import type { CommandLine, CommandOutcome } from './command-lines.ts'

enableCompileCache()
// Each line listens for the end of its reader.
process.stdout.setMaxListeners(0)
const print = process.stdout.write.bind(process.stdout)
const outcomes: CommandOutcome[] = []
for (const line of JSON.parse(process.argv[2] ?? '[]') as CommandLine[]) {
  outcomes.push(await outcomeOf(line))
}
process.exitCode = 0
print(JSON.stringify(outcomes))

async function outcomeOf({ words, variables = {} }: CommandLine): Promise<CommandOutcome> {
  const environment = { ...process.env }
  Object.assign(process.env, variables)
  const said = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr'] as const) {
    process[name].write = (text: string | Uint8Array) => {
      said[name] += String(text)
      return true
    }
  }
  await main(words)
  process.env = environment
  return { code: Number(process.exitCode), ...said }
}
