/**
 * Which parts of a new content are told by which parts of an old one: stretches that are equal but
 * for single bytes. The idea is bsdiff's: from a stretch that is exactly equal, go on in both
 * directions for as long as more than half of the bytes agree.
 *
 * Time is bounded: at each place a bounded number of candidates is looked at.
 */

export interface Match {
  readonly newStart: number
  readonly oldStart: number
  readonly bytes: number
}

const HASH_BITS = 18
/** Bytes that have to agree exactly for a candidate. */
const SEED_BYTES = 4
const CANDIDATES_MAX = 96
/** Comparisons of bytes in all; behind that nothing more is found, and the delta is the larger. */
const WORK_MAX = 300_000_000
/** An exact stretch must be better than the present alignment by so many bytes. */
const ADVANTAGE_BYTES = 8

/** Where in a content the same four bytes stand. */
export class Places {
  readonly #bytes: Uint8Array
  readonly #heads = new Int32Array(1 << HASH_BITS).fill(-1)
  readonly #before: Int32Array
  #indexed = 0
  #work = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
    this.#before = new Int32Array(bytes.length)
  }

  /** Makes everything before `end` findable. */
  index(end: number): void {
    const last = Math.min(end, this.#bytes.length - SEED_BYTES + 1)
    for (; this.#indexed < last; this.#indexed++) {
      const slot = hash(this.#bytes, this.#indexed)
      this.#before[this.#indexed] = this.#heads[slot]!
      this.#heads[slot] = this.#indexed
    }
  }

  /** The longest stretch that begins like `wanted` does at `at`; the nearest to `near` of equals. */
  longest(wanted: Uint8Array, at: number, near: number): { start: number; bytes: number } {
    let best = { start: 0, bytes: 0 }
    if (at + SEED_BYTES > wanted.length) return best
    let candidate = this.#heads[hash(wanted, at)]!
    for (let left = CANDIDATES_MAX; candidate >= 0 && left > 0; left--) {
      if (this.#work > WORK_MAX) return { start: 0, bytes: 0 }
      const bytes = equalBytesFrom(this.#bytes, candidate, wanted, at)
      this.#work += bytes
      const isNearer = Math.abs(candidate - near) < Math.abs(best.start - near)
      if (bytes > best.bytes || (bytes === best.bytes && isNearer))
        best = { start: candidate, bytes }
      candidate = this.#before[candidate]!
    }
    return best
  }
}

function equalBytesFrom(a: Uint8Array, from: number, b: Uint8Array, at: number): number {
  const end = Math.min(a.length - from, b.length - at)
  let bytes = 0
  while (bytes < end && a[from + bytes] === b[at + bytes]) bytes++
  return bytes
}

/** In the order of the new content, without overlaps in it. */
export function findMatches(old: Uint8Array, fresh: Uint8Array): Match[] {
  const places = new Places(old)
  places.index(old.length)
  const matches: Match[] = []
  // What is aligned already is tried first: the start.
  let last: Match = { newStart: 0, oldStart: 0, bytes: 0 }
  let at = 0
  while (at < fresh.length) {
    const found = nextAnchor(places, old, fresh, at, last.oldStart - last.newStart)
    const end = found?.newStart ?? fresh.length
    const forward = goOn(old, last.oldStart, fresh, last.newStart, end)
    last = { ...last, bytes: forward }
    if (found === undefined) break
    const back = goBack(old, found.oldStart, fresh, found.newStart, last.newStart)
    const cut = divide(old, fresh, last, found, back)
    if (cut.forward > 0) matches.push({ ...last, bytes: cut.forward })
    last = {
      newStart: found.newStart - cut.back,
      oldStart: found.oldStart - cut.back,
      bytes: found.bytes + cut.back,
    }
    at = found.newStart + found.bytes
  }
  if (last.bytes > 0) matches.push(last)
  return matches
}

/** The next place from which another alignment is clearly better than the present one. */
function nextAnchor(
  places: Places,
  old: Uint8Array,
  fresh: Uint8Array,
  from: number,
  offset: number,
): Match | undefined {
  const agrees = (at: number) => old[at + offset] === fresh[at] && at + offset < old.length
  for (let at = from; at < fresh.length; at++) {
    // As long as the present alignment agrees there is nothing better.
    if (agrees(at)) {
      let run = at
      while (run < fresh.length && agrees(run)) run++
      if (run - at >= 2 * ADVANTAGE_BYTES) {
        at = run - 1
        continue
      }
    }
    const { start, bytes } = places.longest(fresh, at, at + offset)
    if (bytes <= ADVANTAGE_BYTES || start - at === offset) continue
    let aligned = 0
    for (let i = at; i < at + bytes; i++) if (agrees(i)) aligned++
    if (bytes > aligned + ADVANTAGE_BYTES) return { newStart: at, oldStart: start, bytes }
  }
  return undefined
}

/** Bytes from here for which this alignment agrees more often than not. */
function goOn(
  old: Uint8Array,
  oldStart: number,
  fresh: Uint8Array,
  newStart: number,
  newEnd = fresh.length,
): number {
  const end = Math.min(newEnd - newStart, old.length - oldStart)
  let [score, best, bytes] = [0, 0, 0]
  for (let i = 0; i < end; i++) {
    score += old[oldStart + i] === fresh[newStart + i] ? 1 : -1
    if (score < best) continue
    best = score
    bytes = i + 1
  }
  return bytes
}

function goBack(
  old: Uint8Array,
  oldStart: number,
  fresh: Uint8Array,
  newStart: number,
  newLimit: number,
): number {
  const end = Math.min(newStart - newLimit, oldStart)
  let [score, best, bytes] = [0, 0, 0]
  for (let i = 1; i <= end; i++) {
    score += old[oldStart - i] === fresh[newStart - i] ? 1 : -1
    if (score < best) continue
    best = score
    bytes = i
  }
  return bytes
}

/** Where the one match ends and the next begins, if both claim the same bytes. */
function divide(old: Uint8Array, fresh: Uint8Array, last: Match, next: Match, back: number) {
  const overlap = last.newStart + last.bytes - (next.newStart - back)
  if (overlap <= 0) return { forward: last.bytes, back }
  let [score, best, keep] = [0, 0, 0]
  const from = last.newStart + last.bytes - overlap
  for (let i = 0; i < overlap; i++) {
    const at = from + i
    if (old[last.oldStart + at - last.newStart] === fresh[at]) score++
    if (old[next.oldStart + at - next.newStart] === fresh[at]) score--
    if (score <= best) continue
    best = score
    keep = i + 1
  }
  return { forward: last.bytes - overlap + keep, back: back - keep }
}

function hash(bytes: Uint8Array, at: number): number {
  const word = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)
  return Math.imul(word, 0x9e37_79b1) >>> (32 - HASH_BITS)
}
