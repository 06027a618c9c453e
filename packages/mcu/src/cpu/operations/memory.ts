/** Loads and stores: single, double, several, exclusive. */
import type { Builder } from '../ir/builder.ts'
import type { AccessWidth, Immediate, Register, Value } from '../ir/nodes.ts'
import type { Meaning } from '../table/row.ts'

/** Where an access goes, and what becomes of the base register. */
interface Addressing {
  /** PC-relative: the address itself. */
  readonly n: Register | Immediate
  /** Signed. */
  readonly offset?: Immediate
  /** Register offset, shifted left. */
  readonly m?: Register
  readonly amount?: Immediate
  readonly index: 'offset' | 'pre' | 'post'
}

export interface Single extends Addressing {
  /** Absent for a load into the PC. */
  readonly t?: Register
  readonly width: AccessWidth
  readonly isSigned: boolean
  /** Acquire/release and exclusives require alignment. */
  readonly aligned?: boolean
  /** LDRT, STRT and relatives. */
  readonly unprivileged?: boolean
}

interface Resolved {
  readonly address: Value
  /** Writes the base back. Call after everything that may fault. */
  update(): void
}

export const load: Meaning<Single> = (b, o) => {
  const { address, update } = resolve(b, o)
  const options = { aligned: o.aligned ?? false, unprivileged: o.unprivileged ?? false }
  const value = b.load(address, o.width, o.isSigned, options)
  if (o.t) {
    update()
    // The stack limit is for what moves SP along, not for what loads it.
    b.write(o.t, value, true)
  } else {
    b.aim(value)
    update()
    b.go(value)
  }
}

export const store: Meaning<Single> = (b, o) => {
  const { address, update } = resolve(b, o)
  const options = { aligned: o.aligned ?? false, unprivileged: o.unprivileged ?? false }
  b.store(address, o.width, b.read(o.t!), options)
  update()
}

function resolve(b: Builder, o: Addressing): Resolved {
  const base = b.read(o.n)
  const moved = offsetFrom(b, base, o)
  const { n } = o
  if (o.index === 'offset' || n.kind === 'immediate') return { address: moved, update: () => {} }
  b.checkBase(n, moved)
  return {
    address: o.index === 'pre' ? moved : base,
    update: () => b.write(n, moved, true),
  }
}

function offsetFrom(b: Builder, base: Value, o: Addressing): Value {
  if (o.offset) return b.add(base, b.read(o.offset))
  if (o.m) return b.add(base, b.shl(b.read(o.m), b.read(o.amount!)))
  return base
}

export interface Double extends Addressing {
  readonly t: Register
  readonly u: Register
}

const DOUBLE = { aligned: true, probed: true }

export const loadDouble: Meaning<Double> = (b, o) => {
  const { address, update } = resolve(b, o)
  b.probe(address, b.constant(8), 'read')
  const first = b.load(address, 4, false, DOUBLE)
  const second = b.load(b.add(address, 4), 4, false, DOUBLE)
  update()
  b.write(o.t, first)
  b.write(o.u, second)
}

export const storeDouble: Meaning<Double> = (b, o) => {
  const { address, update } = resolve(b, o)
  b.probe(address, b.constant(8), 'write')
  b.store(address, 4, b.read(o.t), DOUBLE)
  b.store(b.add(address, 4), 4, b.read(o.u), DOUBLE)
  update()
}

export interface Several {
  readonly n: Register
  /** r0 to r14; bit 15 stands in `withPc`. */
  readonly list: Immediate
  /** Of all words transferred. */
  readonly bytes: Immediate
  readonly direction: 'up' | 'down'
  readonly writeBack: boolean
  readonly withPc: boolean
}

export const loadSeveral: Meaning<Several> = (b, o) => {
  const { start, end } = span(b, o)
  b.probe(start, b.read(o.bytes), 'read')
  const pc = o.withPc ? b.load(topOf(b, o, start), 4, false, DOUBLE) : undefined
  if (pc) b.aim(pc)
  b.loadList(start, o.list)
  if (o.writeBack) b.write(o.n, end, true)
  if (pc) b.go(pc)
}

export const storeSeveral: Meaning<Several> = (b, o) => {
  const { start, end } = span(b, o)
  b.probe(start, b.read(o.bytes), 'write')
  b.storeList(start, o.list)
  if (o.writeBack) b.write(o.n, end, true)
}

/** Lowest address of the transfer, and what the base register becomes. */
function span(b: Builder, o: Several): { start: Value; end: Value } {
  const base = b.read(o.n)
  const bytes = b.read(o.bytes)
  const end = o.direction === 'up' ? b.add(base, bytes) : b.sub(base, bytes)
  if (o.writeBack) b.checkBase(o.n, end)
  return { start: o.direction === 'up' ? base : end, end }
}

function topOf(b: Builder, o: Several, start: Value): Value {
  return b.add(start, b.sub(b.read(o.bytes), 4))
}

export const loadExclusive: Meaning<Single> = (b, o) => {
  const { address } = resolve(b, o)
  const value = b.load(address, o.width, false, { aligned: true })
  b.writeWord('EXCLUSIVE', b.constant(1))
  b.write(o.t!, value)
}

/**
 * The monitor holds no address: the reservation granule of the Cortex-M33 is all of memory
 * (TRM, "Exclusive monitor").
 */
export const storeExclusive: Meaning<Single & { readonly d: Register }> = (b, o) => {
  const { address } = resolve(b, o)
  const value = b.read(o.t!)
  b.when(
    b.word('EXCLUSIVE'),
    () => {
      b.store(address, o.width, value, { aligned: true })
      b.writeWord('EXCLUSIVE', b.constant(0))
      b.write(o.d, b.constant(0))
    },
    () => b.write(o.d, b.constant(1)),
  )
}

export const clearExclusive: Meaning<Record<never, never>> = (b) => {
  b.writeWord('EXCLUSIVE', b.constant(0))
}
