/**
 * Sizes and times of deltas between pairs of firmware: ours, and beside them those of programs that
 * are installed (bsdiff, xdelta3, zstd). Pairs: the samples, and one firmware of about 100 KB built
 * twice with a small change of its source, if there is a compiler.
 */
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { seededRandom } from '@microvisor/mcu'
import { makeDelta } from '@microvisor/protocol'
import { buildFirmwarePair } from './firmware-pair.ts'
import type { Report } from './run.ts'

interface Pair {
  readonly name: string
  readonly base: string
  readonly fresh: string
}

interface Peer {
  readonly program: string
  readonly args: (pair: Pair, out: string) => readonly string[]
}

const peers: readonly Peer[] = [
  { program: 'bsdiff', args: ({ base, fresh }, out) => [base, fresh, out] },
  {
    program: 'xdelta3',
    args: ({ base, fresh }, out) => ['-9', '-e', '-f', '-s', base, fresh, out],
  },
  {
    program: 'zstd',
    args: ({ base, fresh }, out) => ['-q', '-f', '-19', `--patch-from=${base}`, fresh, '-o', out],
  },
]

/** What detools says of itself in the README of 0.20, on pairs that we do not have; not measured here. */
const published = [
  { pair: 'MicroPython v1.9.4 to v1.10', whole: 615_388, lzma: 71_802, crle: 161_403 },
  { pair: 'MicroPython, one commit (1f5d945af)', whole: 319_988, lzma: 8_208, crle: undefined },
  { pair: 'foo.old to foo.new', whole: 2_780, lzma: 126, crle: 189 },
] as const

const prebuilt = join(import.meta.dirname, '../samples/prebuilt')

export async function bench(report: Report): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'microvisor-delta-'))
  try {
    for (const pair of [...samplePairs(), ...builtPairs(folder)]) measure(pair, folder, report)
    measureWhole(folder, report)
    for (const { pair, whole, lzma, crle } of published) {
      const name = `published, not measured here: ${pair}, of ${whole}: detools`
      report({ case: `${name} (LZMA)`, value: lzma, unit: 'bytes' })
      if (crle !== undefined) report({ case: `${name} (CRLE)`, value: crle, unit: 'bytes' })
    }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

function measure(pair: Pair, folder: string, report: Report): void {
  const [base, fresh] = [read(pair.base), read(pair.fresh)]
  const started = performance.now()
  const own = makeDelta(base, fresh).length
  const ms = performance.now() - started
  report({ case: `${pair.name}: ours, of ${fresh.length}`, value: own, unit: 'bytes' })
  report({ case: `${pair.name}: making it`, value: Math.round(ms), unit: 'ms' })
  for (const { program, args } of peers.filter(({ program }) => hasProgram(program))) {
    const out = join(folder, 'out')
    execFileSync(program, args(pair, out), { stdio: 'ignore' })
    const { size } = statSync(out)
    const line = { value: size, unit: 'bytes', peer: 'ours', ratio: size / own }
    report({ case: `${pair.name}: ${program}`, ...line })
  }
}

/** 1 MiB in which three thousand bytes changed, anywhere: the most that a server has to make. */
function measureWhole(folder: string, report: Report): void {
  const part = read(join(prebuilt, 'notify.bin'))
  const base = Uint8Array.from(
    { length: 1 << 20 },
    (_, i) => part[(i * 7 + (i >> 9)) % part.length]!,
  )
  const random = seededRandom(1)
  const fresh = base.slice()
  for (let i = 0; i < 3_000; i++) fresh[random() % fresh.length]! += 4
  const [old, next] = ['base', 'fresh'].map((name) => join(folder, name))
  writeFileSync(old!, base)
  writeFileSync(next!, fresh)
  measure({ name: '1 MiB', base: old!, fresh: next! }, folder, report)
}

function samplePairs(): Pair[] {
  const file = (name: string) => join(prebuilt, `${name}.bin`)
  return [
    { name: 'blink to crash', base: file('blink'), fresh: file('crash') },
    { name: 'blink to notify', base: file('blink'), fresh: file('notify') },
  ]
}

function builtPairs(folder: string): Pair[] {
  if (!hasProgram('arm-none-eabi-gcc')) return []
  return [{ name: 'small source change', ...buildFirmwarePair(folder) }]
}

function read(path: string): Uint8Array {
  return new Uint8Array(readFileSync(path))
}

function hasProgram(program: string): boolean {
  return spawnSync(program, ['--version']).error === undefined
}
