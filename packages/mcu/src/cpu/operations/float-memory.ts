/** Loads and stores of floating-point registers. Addresses are always word-aligned. */
import type { Immediate, Register, Single, Source } from '../ir/nodes.ts'
import type { Meaning } from '../table/row.ts'

const ALIGNED = { aligned: true }
const PROBED = { aligned: true, probed: true }

interface Place {
  readonly n: Source
  readonly offset?: Immediate
}

export interface FloatSingle extends Place {
  readonly t: Single
}

/** VLDR of a word. */
export const loadSingle: Meaning<FloatSingle> = (b, o) => {
  b.requireFloat()
  const address = o.offset ? b.add(b.read(o.n), b.read(o.offset)) : b.read(o.n)
  b.write(o.t, b.load(address, 4, false, ALIGNED))
}

export const storeSingle: Meaning<FloatSingle> = (b, o) => {
  b.requireFloat()
  const address = o.offset ? b.add(b.read(o.n), b.read(o.offset)) : b.read(o.n)
  b.store(address, 4, b.read(o.t), ALIGNED)
}

export interface FloatDouble extends FloatSingle {
  /** The upper word. */
  readonly u: Single
}

/** VLDR of a double word. */
export const loadPair: Meaning<FloatDouble> = (b, o) => {
  b.requireFloat()
  const address = o.offset ? b.add(b.read(o.n), b.read(o.offset)) : b.read(o.n)
  b.probe(address, b.constant(8), 'read')
  const low = b.load(address, 4, false, PROBED)
  const high = b.load(b.add(address, 4), 4, false, PROBED)
  b.write(o.t, low)
  b.write(o.u, high)
}

export const storePair: Meaning<FloatDouble> = (b, o) => {
  b.requireFloat()
  const address = o.offset ? b.add(b.read(o.n), b.read(o.offset)) : b.read(o.n)
  b.probe(address, b.constant(8), 'write')
  b.store(address, 4, b.read(o.t), PROBED)
  b.store(b.add(address, 4), 4, b.read(o.u), PROBED)
}

export interface FloatSeveral {
  readonly n: Register
  /** A bit for each of s0 to s31. */
  readonly singles: Immediate
  /** That the base register moves by, or lies above the lowest word. */
  readonly bytes: Immediate
  readonly direction: 'up' | 'down'
  readonly writeBack: boolean
  readonly isLoad: boolean
}

/** VLDM, VSTM, VPUSH, VPOP, and the obsolete FLDMX and FSTMX, whose last word is not touched. */
export const transferSeveral: Meaning<FloatSeveral> = (b, o) => {
  b.requireFloat()
  const base = b.read(o.n)
  const bytes = b.read(o.bytes)
  const end = o.direction === 'up' ? b.add(base, bytes) : b.sub(base, bytes)
  if (o.writeBack) b.checkBase(o.n, end)
  const start = o.direction === 'up' ? base : end
  b.probe(start, bytes, o.isLoad ? 'read' : 'write')
  if (o.isLoad) b.loadList(start, o.singles, 'single')
  else b.storeList(start, o.singles, 'single')
  if (o.writeBack) b.write(o.n, end, true)
}
