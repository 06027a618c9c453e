/**
 * What a stop need not say again: registers and memory that are as the stop before told them. The
 * device leaves them out and the debugger puts them back; each holds what was told last, which an
 * Attach empties. At 100 kbit/s it is this that keeps a step from being felt.
 */
import type { MemoryContent, MemoryRange, RegisterValue, StopView } from './generated/debug_pb.js'

type Content = Pick<MemoryContent, 'address' | 'data'>
type Range = Pick<MemoryRange, 'address' | 'length'>
type Value = Pick<RegisterValue, 'number' | 'value'>

/** GDB reads the stack in lines of this size. */
const STACK_LINE_BYTES = 64
/** Equal bytes between two differences cost less than a part of their own, if they are no more. */
const GAP_BYTES = 12

/** What a stop with this stack pointer tells of memory. */
export function viewedRanges(
  { stackBytes, ranges }: { stackBytes: StopView['stackBytes']; ranges: readonly Range[] },
  sp: number,
): Range[] {
  const stack = { address: sp - (sp % STACK_LINE_BYTES), length: stackBytes }
  return stackBytes > 0 ? [stack, ...ranges] : [...ranges]
}

/** The device's side: what there is to tell. It is told from here on. */
export class StopTeller {
  readonly #registers = new Map<number, number>()
  #memory: readonly Content[] = []

  forget(): void {
    this.#registers.clear()
    this.#memory = []
  }

  registers(all: readonly Value[]): Value[] {
    const changed = all.filter(({ number, value }) => this.#registers.get(number) !== value)
    for (const { number, value } of changed) this.#registers.set(number, value)
    return changed
  }

  memory(all: readonly Content[]): Content[] {
    const changed = all.flatMap((content) => differences(content, this.#memory))
    this.#memory = all
    return changed
  }
}

/** The debugger's side: all there is, of what is told. */
export class StopListener {
  readonly #registers = new Map<number, number>()
  #memory: readonly Content[] = []

  forget(): void {
    this.#registers.clear()
    this.#memory = []
  }

  registers(changed: readonly Value[]): Value[] {
    for (const { number, value } of changed) this.#registers.set(number, value)
    return [...this.#registers].map(([number, value]) => ({ number, value }))
  }

  /** Of these ranges; data is shorter where memory ends. */
  memory(ranges: readonly Range[], changed: readonly Content[]): Content[] {
    const before = this.#memory
    this.#memory = ranges.map((range) => restored(range, [...before, ...changed]))
    return [...this.#memory]
  }
}

function differences(content: Content, told: readonly Content[]): Content[] {
  const { address, data } = content
  const isSame = new Uint8Array(data.length)
  for (const other of told) {
    const { from, to } = overlap(content, other)
    for (let at = from; at < to; at++) {
      if (data[at - address] === other.data[at - other.address]) isSame[at - address] = 1
    }
  }
  const parts: Content[] = []
  let [start, end] = [-1, -1]
  for (let at = 0; at < data.length; at++) {
    if (isSame[at]) continue
    if (start >= 0 && at - end > GAP_BYTES) {
      parts.push({ address: address + start, data: data.slice(start, end) })
      start = -1
    }
    if (start < 0) start = at
    end = at + 1
  }
  if (start >= 0) parts.push({ address: address + start, data: data.slice(start, end) })
  return parts
}

/** Later parts count. */
function restored({ address, length }: Range, parts: readonly Content[]): Content {
  const data = new Uint8Array(length)
  const isThere = new Uint8Array(length)
  for (const part of parts) {
    const { from, to } = overlap({ address, data }, part)
    if (from >= to) continue
    data.set(part.data.subarray(from - part.address, to - part.address), from - address)
    isThere.fill(1, from - address, to - address)
  }
  const end = isThere.indexOf(0)
  return { address, data: end < 0 ? data : data.subarray(0, end) }
}

function overlap(a: Content, b: Content): { from: number; to: number } {
  const from = Math.max(a.address, b.address)
  return { from, to: Math.min(a.address + a.data.length, b.address + b.data.length) }
}
