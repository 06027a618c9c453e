/**
 * The GitHub Actions file of docs/guides/ci.md, step by step in a scratch folder, with the scenario
 * of the same page. The second checkout is this repository: as it stands in `npm test`, with its
 * packages already there; what git has of it, installed as the page says, in `npm run test:slow`.
 */
import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { test } from 'node:test'
import { isComplete } from './sampling.ts'

const root = join(import.meta.dirname, '..')
const page = readFileSync(join(root, 'docs/guides/ci.md'), 'utf8')
const blocks = [...page.matchAll(/```yaml\n(.*?)```/gs)].map(([, text = '']) => text)
const scenario = blocks.find((text) => text.startsWith('scenario:'))!
const workflow = blocks.find((text) => text.startsWith('name: firmware'))!
/** The commands, and the folder of the second checkout. */
const commands = [...workflow.matchAll(/^ {6}- run: (.+)$/gm)].map(([, command = '']) => command)
const checkout = /repository: \S+, path: (\S+) }/.exec(workflow)![1]!

const environment = {
  ...process.env,
  PATH: [dirname(process.execPath), process.env.PATH].join(delimiter),
}

function checkOut(into: string): void {
  if (!isComplete) {
    symlinkSync(root, into)
    return
  }
  mkdirSync(into)
  const archive = execFileSync('git', ['archive', 'HEAD'], { cwd: root, maxBuffer: 2 ** 28 })
  execFileSync('tar', ['x'], { cwd: into, input: archive })
}

function perform(folder: string, command: string) {
  return spawnSync('bash', ['-e', '-c', command], {
    ...{ cwd: folder, env: environment, encoding: 'utf8' },
  })
}

test('the steps of the guide run a scenario with nothing but Node', () => {
  const folder = mkdtempSync(join(tmpdir(), 'microvisor-ci-'))
  try {
    for (const name of ['build', 'test']) mkdirSync(join(folder, name))
    const prebuilt = join(root, 'test/firmware/prebuilt/sensor-node.elf')
    copyFileSync(prebuilt, join(folder, 'build/app.elf'))
    writeFileSync(join(folder, 'test/node.yaml'), scenario)
    checkOut(join(folder, checkout))
    const performed = commands.filter((command) => isComplete || !command.startsWith('npm install'))
    assert.equal(performed.length, isComplete ? 2 : 1)
    const results = performed.map((command) => perform(folder, command))
    for (const { status, stderr } of results) assert.equal(status, 0, stderr)
    assert.match(results.at(-1)!.stdout, /1 scenario passed, 0 failed/)
    assert.match(readFileSync(join(folder, 'results.xml'), 'utf8'), /failures="0"/)

    if (!isComplete) return
    writeFileSync(join(folder, 'test/node.yaml'), scenario.replace('within: 61 s', 'within: 30 s'))
    const failed = perform(folder, performed.at(-1)!)
    assert.equal(failed.status, 1)
    // What the page shows of it, but for the mark.
    const shown = /^ {2}test\/node\.yaml:10: not within.*$/m.exec(page)![0]
    assert.ok(`${failed.stdout}${failed.stderr}`.includes(shown.trim()), failed.stderr)
  } finally {
    rmSync(folder, { recursive: true })
  }
})
