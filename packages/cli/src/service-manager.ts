/**
 * What systemd is told of the server (sd_notify(3)): that it is ready, that it is about to stop, and,
 * with WatchdogSec=, that its event loop still turns. Node speaks no datagrams over Unix sockets, so
 * systemd's own program says it, for which the unit needs NotifyAccess=all. Elsewhere nothing happens.
 */
import { execFile } from 'node:child_process'

export interface ServiceManager {
  ready(): void
  stopping(): void
}

const SILENT: ServiceManager = { ready: () => undefined, stopping: () => undefined }
const PROGRAM = 'systemd-notify'

export function serviceManager(environment: NodeJS.ProcessEnv): ServiceManager {
  if (!environment.NOTIFY_SOCKET) return SILENT
  const say = (...words: string[]) => {
    // Whoever is not told gives up on us and says so; that it cannot be told is no reason to end.
    execFile(PROGRAM, words, { env: environment }, () => undefined)
  }
  let watchdog: NodeJS.Timeout | undefined
  return {
    ready: () => {
      say('--ready')
      const periodMs = watchdogMs(environment) / 2
      if (periodMs > 0) watchdog = setInterval(say, periodMs, 'WATCHDOG=1').unref()
    },
    stopping: () => {
      clearInterval(watchdog)
      say('STOPPING=1')
    },
  }
}

/** 0: nobody watches this process. */
function watchdogMs({ WATCHDOG_USEC, WATCHDOG_PID }: NodeJS.ProcessEnv): number {
  const isOurs = WATCHDOG_PID === undefined || Number(WATCHDOG_PID) === process.pid
  const microseconds = Number(WATCHDOG_USEC)
  return isOurs && Number.isSafeInteger(microseconds) ? microseconds / 1000 : 0
}
