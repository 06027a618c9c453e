/**
 * Builds the samples: `node tools/samples.ts` renews samples/prebuilt. The prebuilt images are there
 * for people and tests without a C compiler; a test proves that they are what the sources give.
 */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export const samples = [
  'blink',
  'config',
  'crash',
  'fast-interrupt',
  'flash',
  'http',
  'mqtt',
  'notify',
  'sleep',
] as const

/** The compiler that the prebuilt images are made with: that of Debian 12. */
export const compilerVersion = '12.2.1'

/** Builds one sample of the tree at `root` and leaves NAME.elf, without debug information, and NAME.bin in `into`. */
export function buildSample(root: string, name: string, into: string): void {
  const build = mkdtempSync(join(tmpdir(), `microvisor-${name}-`))
  try {
    buildProject(join(root, 'samples', name), build)
    run('arm-none-eabi-strip', ['--strip-debug', join(build, `${name}.elf`)])
    for (const file of [`${name}.elf`, `${name}.bin`])
      writeFileSync(join(into, file), readFileSync(join(build, file)))
  } finally {
    rmSync(build, { recursive: true })
  }
}

/** Builds a project of CMake, or one application of it. */
export function buildProject(source: string, into: string, target = 'all'): void {
  run('cmake', ['-S', source, '-B', into])
  run('cmake', ['--build', into, '--target', target])
}

function run(program: string, args: readonly string[]): void {
  execFileSync(program, args, { stdio: 'pipe' })
}

if (import.meta.main) {
  const root = join(import.meta.dirname, '..')
  for (const name of samples) buildSample(root, name, join(root, 'samples/prebuilt'))
}
