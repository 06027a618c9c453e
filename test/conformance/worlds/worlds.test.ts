/**
 * Exceptions and security: scripts of random steps run on QEMU and on `mcu`, in both worlds, with
 * handlers of either state nested in each other; what each exception shows must be the same.
 *
 * `MICROVISOR_SEED=N` begins with that seed.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CFSR, HFSR, SFSR } from '../../../packages/mcu/src/cpu/faults.ts'
import { missing } from '../../../tools/programs.ts'
import { isComplete, sampled } from '../../../tools/sampling.ts'
import { buildHalves } from './build.ts'
import { compare } from './compare.ts'
import { directed } from './directed.ts'
import { randomScript } from './generate.ts'
import { WorldsMachine } from './machine.ts'
import { runOnQemu } from './qemu.ts'

const count = sampled(120, 2000)
const seed = Number(process.env.MICROVISOR_SEED ?? 1)

const skip = missing('arm-none-eabi-gcc', 'qemu-system-arm')

const random = Object.fromEntries(
  Array.from({ length: count }, (_, at) => [`random, seed ${seed + at}`, randomScript(seed + at)]),
)

test(`exceptions in two worlds show what they show on QEMU (${count} random scripts from ${seed})`, {
  skip,
}, (context) => {
  const halves = buildHalves()
  const named = { ...directed, ...random }
  const names = Object.keys(named)
  const scripts = Object.values(named)
  const output = new WorldsMachine().run(halves, scripts)
  const { failures, differences, lines } = compare(runOnQemu(halves, scripts), output)
  const shown = failures.map(({ script, qemu, mcu }) => `${names[script]}\n${qemu}\n${mcu}`)
  assert.equal(failures.length, 0, shown.slice(0, 3).join('\n'))
  assert.ok(lines > scripts.length * 3, `${lines} lines are too few to mean anything`)
  if (seed === 1) assert.deepEqual(unseen(output), [])
  context.diagnostic(JSON.stringify({ scripts: scripts.length, lines, differences }))
})

test('snapshots that go over into another CPU all the time change nothing', {
  skip: missing('arm-none-eabi-gcc'),
}, () => {
  const halves = buildHalves()
  const scripts = [...Object.values(directed), ...Object.values(random).slice(0, 10)]
  const expected = new WorldsMachine().run(halves, scripts)
  for (const hop of isComplete ? [97, 1009] : [1009])
    assert.equal(new WorldsMachine().run(halves, scripts, hop), expected)
})

/** Fault bits and exceptions that no handler of any script was told of. */
function unseen(output: string): string[] {
  const bitsOf = (name: string) =>
    [...output.matchAll(new RegExp(` ${name}=([0-9a-f]+)`, 'g'))].reduce(
      (seen, [, hex]) => seen | Number.parseInt(hex!, 16),
      0,
    )
  const absent = (name: string, table: Readonly<Record<string, number>>) => {
    const seen = bitsOf(name)
    return Object.entries(table).flatMap(([bit, mask]) => ((seen & mask) === 0 ? [bit] : []))
  }
  const { MLSPERR: _, LSPERR: __, NOCP: ___, ...cfsr } = CFSR
  const { DEBUGEVT: ____, ...hfsr } = HFSR
  const { LSPERR: _____, LSERR: ______, ...sfsr } = SFSR
  const taken = new Set(
    [...output.matchAll(/^([SN]) exception=([0-9a-f]+)/gm)].map(([, world, n]) => world! + n),
  )
  const expected = ['2', '3', '4', '5', '6', '7', 'b', 'e', 'f', '10', '12']
  return [
    ...[...absent('cfsr', cfsr), ...absent('hfsr', hfsr), ...absent('sfsr', sfsr)],
    ...expected.map((n) => `S${n}`).filter((name) => !taken.has(name)),
    ...['2', '3', '4', '5', '6', 'b', 'e', 'f', '11', '13']
      .map((n) => `N${n}`)
      .filter((name) => !taken.has(name)),
  ]
}
