/**
 * Ctrl-C and its like: the first one asks to stop, the second ends the process at once.
 */
import { EXIT, Failure } from './errors.ts'

/** Aborted when the user or the system asks the process to end. */
export function interruption(): AbortSignal {
  const controller = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      if (controller.signal.aborted) process.exit(EXIT.failed)
      controller.abort(new Failure({ code: 'INTERRUPTED', message: `stopped by ${signal}.` }))
    })
  }
  return controller.signal
}

/** Resolves when the signal is aborted; at once if it is already. */
export function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
}
