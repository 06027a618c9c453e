/**
 * What a server's process has to be started with so that it, and each device, costs little memory. Neither
 * V8 nor the C library can be told later, so a process that was started without begins again, in its place:
 * same number, same files, same terminal. What somebody has set is left as it is; other C libraries than
 * glibc pass over what they do not know. Figures: docs/performance.md; why: decision 45.
 */

const V8 = {
  /** MiB. The young generation would take 100; with 2 x 4 a server is no slower. */
  '--max-semi-space-size': 4,
  /** MiB. Below it V8 would let garbage lie until there are hundreds of them. */
  '--initial-old-space-size': 96,
  /** How much of what is alive may lie there as garbage; V8 would take up to three times as much. */
  '--heap-growing-percent': 40,
} as const

const MALLOC = {
  /** One arena: what was freed after PGlite was compiled, in other threads, is there for connections. */
  MALLOC_ARENA_MAX: '1',
  /**
   * Node keeps 64 KiB for what a TLS connection receives, and devices fill one or two. Mapped on their own,
   * the rest is never touched; in the heap it lies where something else has been.
   */
  MALLOC_MMAP_THRESHOLD_: '32768',
  /** So that they find no room on top of the heap. */
  MALLOC_TRIM_THRESHOLD_: '32768',
  MALLOC_TOP_PAD_: '0',
} as const

interface Launch {
  readonly environment: NodeJS.ProcessEnv
  /** Node's own, before the script. */
  readonly flags: readonly string[]
}

/** How to start a process that is a server from what another was started with. */
export function frugal({ environment, flags }: Launch): Launch {
  const given = [...flags, ...(environment.NODE_OPTIONS ?? '').split(' ')]
  const missing = Object.entries(V8).filter(([name]) => !given.some((one) => one.startsWith(name)))
  return {
    environment: { ...MALLOC, ...environment },
    flags: [...flags, ...missing.map(([name, value]) => `${name}=${value}`)],
  }
}

/**
 * Begins this process again if it was started otherwise: the first thing that a program does. One that
 * talks with its parent over a channel goes on as it is; the channel would be lost.
 */
export function beginFrugally(): void {
  const { environment, flags } = frugal({ environment: process.env, flags: process.execArgv })
  const isSo =
    flags.length === process.execArgv.length &&
    Object.keys(MALLOC).every((name) => name in process.env)
  if (isSo || process.channel) return
  const words = [process.execPath, ...flags, ...process.argv.slice(1)]
  process.execve?.(process.execPath, words, environment)
}
