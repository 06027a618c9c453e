/**
 * What the kernel remembers over Standby, in the chip's retained memory: the time of day, when the
 * next check-in is due, how often connecting has failed, and that the application has taken the
 * network into its own hands.
 *
 * Times are of the RTC, which goes on counting. A record that is damaged, or absent because the
 * power failed, is none.
 */
import { equalBytes } from '@microvisor/protocol'
import type { Engines, RetainedMemory } from '../hardware.ts'

const MAGIC = 0x5354_4259
const NUMBERS = 7
const BYTES = 8 * NUMBERS
const HASH_BYTES = 8

export interface Remembered {
  /** The time of day at the moment `at` of the RTC; `undefined`: not known. */
  readonly time: { readonly wall: number; readonly at: number; readonly rate: number } | undefined
  /** Of the RTC. */
  readonly checkInAt: number | undefined
  readonly hasRequestedNetwork: boolean
  /** Attempts to connect that have failed one after the other. */
  readonly failures: number
}

export interface DeepSleepChip {
  readonly retained: RetainedMemory
  readonly engines: Engines
}

export function remember({ retained, engines }: DeepSleepChip, what: Remembered): void {
  const { time, checkInAt, hasRequestedNetwork, failures } = what
  const record = new Uint8Array(BYTES + HASH_BYTES)
  const numbers = [MAGIC, time?.wall ?? 0, time?.at ?? 0, time?.rate ?? 0, checkInAt ?? -1]
  const values = Float64Array.of(...numbers, hasRequestedNetwork ? 1 : 0, failures)
  record.set(new Uint8Array(values.buffer))
  record.set(checksum(engines, record), BYTES)
  retained.write(record)
}

/** Takes the record out: it counts once. */
export function recall({ retained, engines }: DeepSleepChip): Remembered | undefined {
  const record = new Uint8Array(BYTES + HASH_BYTES)
  retained.read(record)
  retained.write(new Uint8Array(record.length))
  const [magic, wall = 0, at = 0, rate = 0, checkInAt = -1, hasRequested, failures = 0] =
    new Float64Array(record.slice(0, BYTES).buffer)
  if (magic !== MAGIC || !equalBytes(record.slice(BYTES), checksum(engines, record))) {
    return undefined
  }
  return {
    time: wall === 0 ? undefined : { wall, at, rate },
    checkInAt: checkInAt < 0 ? undefined : checkInAt,
    hasRequestedNetwork: hasRequested === 1,
    failures,
  }
}

function checksum(engines: Engines, record: Uint8Array): Uint8Array {
  const hash = engines.sha256()
  hash.update(record.subarray(0, BYTES))
  const digest = new Uint8Array(32)
  hash.finish(digest)
  return digest.slice(0, HASH_BYTES)
}
