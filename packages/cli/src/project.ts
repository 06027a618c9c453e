/**
 * Building an application from its CMake project, in the project's own `build` folder.
 */
import { spawn } from 'node:child_process'
import { accessSync, constants, existsSync, readdirSync, rmSync, statSync } from 'node:fs'
import { basename, delimiter, join, resolve } from 'node:path'
import { PRIVATE_KEY_NAME, PUBLIC_KEY_NAME } from './debug/key-names.ts'
import { Failure } from './errors.ts'
import { count } from './output.ts'

export interface BuildOptions {
  readonly isCleanFirst: boolean
  /** Takes the build tools' output, line by line as it comes. */
  readonly onOutput: (text: string) => void
}

export function isProject(path: string): boolean {
  return existsSync(join(path, 'CMakeLists.txt'))
}

/** Configures and builds, and says which ELF file came out. */
export async function buildProject(folder: string, options: BuildOptions): Promise<string> {
  const build = join(folder, 'build')
  for (const program of ['cmake', 'arm-none-eabi-gcc']) demandProgram(program)
  demandOneOf(['make', 'ninja'])
  if (options.isCleanFirst) emptyFolder(build)
  const generator = findProgram('make') ? [] : ['-G', 'Ninja']
  await run(['cmake', ...generator, '-S', folder, '-B', build], 'configuring', options)
  await run(['cmake', '--build', build, '--parallel'], 'building', options)
  return latestBuild(folder)
}

/** Debug keys stay: a device that runs with them could not be debugged any more. */
function emptyFolder(build: string): void {
  if (!existsSync(build)) return
  for (const name of readdirSync(build)) {
    if (name === PRIVATE_KEY_NAME || name === PUBLIC_KEY_NAME) continue
    rmSync(join(build, name), { recursive: true, force: true })
  }
}

/** The ELF file of the last build: the only one, or the one named as the project's folder. */
export function latestBuild(folder: string): string {
  const build = join(folder, 'build')
  const found = existsSync(build) ? elfFiles(build) : []
  if (found.length === 1) return found[0]!
  const name = basename(resolve(folder))
  const namesake = found.find((file) => basename(file) === `${name}.elf`)
  if (namesake) return namesake
  if (found.length === 0) {
    throw new Failure({
      code: 'NO_BUILD',
      message: `there is no .elf file in ${build}.`,
      fix: 'build the project first, or have its CMake target end in .elf.',
    })
  }
  throw new Failure({
    code: 'SEVERAL_BUILDS',
    message: `${build} holds ${count(found.length, '.elf file')}, none of them ${name}.elf: ${found.join(', ')}.`,
    fix: 'deploy one of them by its path.',
  })
}

/** Deeper than any sensible target, so that a link loop ends. */
const DEEPEST = 6

function elfFiles(folder: string, depth = 0): string[] {
  if (depth > DEEPEST) return []
  return readdirSync(folder, { withFileTypes: true })
    .filter(({ name }) => name !== 'CMakeFiles' && !name.startsWith('.'))
    .flatMap((entry) => {
      const path = join(folder, entry.name)
      if (entry.isDirectory()) return elfFiles(path, depth + 1)
      return entry.name.endsWith('.elf') && statSync(path).isFile() ? [path] : []
    })
}

const PACKAGES: Record<string, { apt: string; brew: string }> = {
  cmake: { apt: 'cmake', brew: 'cmake' },
  make: { apt: 'make', brew: 'make' },
  'arm-none-eabi-gcc': {
    apt: 'gcc-arm-none-eabi libnewlib-arm-none-eabi',
    brew: '--cask gcc-arm-embedded',
  },
}

function demandProgram(program: string): void {
  if (findProgram(program)) return
  const { apt, brew } = PACKAGES[program]!
  throw new Failure({
    code: 'PROGRAM_MISSING',
    message: `building a project needs ${program}, and it is not on the PATH.`,
    fix: `install it: \`sudo apt-get install ${apt}\` (Debian, Ubuntu) or \`brew install ${brew}\` (macOS).`,
  })
}

function demandOneOf(programs: readonly [string, ...string[]]): void {
  if (!programs.some(findProgram)) demandProgram(programs[0])
}

function findProgram(program: string): boolean {
  return (process.env.PATH ?? '').split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK)
      return true
    } catch {
      return false
    }
  })
}

/** Most of a compiler's complaint is at its end. */
const KEPT_OUTPUT = 8_192

function run(words: readonly string[], doing: string, { onOutput }: BuildOptions): Promise<void> {
  const [program, ...args] = words
  return new Promise((done, fail) => {
    const child = spawn(program!, args, { stdio: ['ignore', 'pipe', 'pipe'] })
    let kept = ''
    const take = (text: string) => {
      kept = (kept + text).slice(-KEPT_OUTPUT)
      onOutput(text)
    }
    child.stdout.setEncoding('utf8').on('data', take)
    child.stderr.setEncoding('utf8').on('data', take)
    child.on('error', fail)
    child.on('close', (code, signal) => {
      if (code === 0) return done()
      fail(
        new Failure({
          code: 'BUILD_FAILED',
          message: `${doing} failed: \`${words.join(' ')}\` ended with ${signal ?? `exit code ${code}`}:\n${kept.trim()}`,
          fix: 'correct what the tools complain about, then try again.',
        }),
      )
    })
  })
}
