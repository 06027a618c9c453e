/**
 * Ctrl-C and its like: the first one asks to stop, the second ends the process at once. A reader of
 * the output that goes away, or a parent process that does, asks to stop as well.
 */
import { EXIT, Failure } from './errors.ts'

const STOPS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/** Aborted when the user or the system asks the process to end. */
export function interruption(signals: readonly (typeof STOPS)[number][] = STOPS): AbortSignal {
  const controller = new AbortController()
  const stop = (why: string) => {
    controller.abort(new Failure({ code: 'INTERRUPTED', message: `stopped by ${why}.` }))
  }
  for (const signal of signals) {
    process.on(signal, () => {
      if (controller.signal.aborted) process.exit(EXIT.failed)
      stop(signal)
    })
  }
  process.stdout.on('error', () => stop('the end of its output'))
  process.once('disconnect', () => stop('the end of its parent process'))
  process.channel?.unref()
  return controller.signal
}

/**
 * As `interruption`, for a server: SIGHUP stops it where it says that the terminal is gone, and calls
 * `reload` where there is no terminal.
 */
export function serviceInterruption(reload: () => void): AbortSignal {
  if (process.stdin.isTTY || process.stdout.isTTY || process.stderr.isTTY) return interruption()
  process.on('SIGHUP', reload)
  return interruption(['SIGINT', 'SIGTERM'])
}

/** Resolves when the signal is aborted; at once if it is already. */
export function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
}
