/**
 * Ctrl-C and its like: the first one asks to stop, the second ends the process at once. A reader of
 * the output that goes away, or a parent process that does, asks to stop as well.
 */
import { EXIT, Failure } from './errors.ts'

/** Aborted when the user or the system asks the process to end. */
export function interruption(): AbortSignal {
  const controller = new AbortController()
  const stop = (why: string) => {
    controller.abort(new Failure({ code: 'INTERRUPTED', message: `stopped by ${why}.` }))
  }
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
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

/** Resolves when the signal is aborted; at once if it is already. */
export function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
}
