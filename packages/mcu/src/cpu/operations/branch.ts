/** Branches, calls, compare-and-branch, table branch, IT. */
import type { Immediate, Register, Source, Target } from '../ir/nodes.ts'
import type { Meaning } from '../table/row.ts'

export const branch: Meaning<{ readonly target: Target }> = (b, o) => b.jump(o.target)

export interface ConditionalBranch {
  readonly target: Target
  readonly condition: number
}

export const branchIf: Meaning<ConditionalBranch> = (b, o) => {
  b.when(b.condition(o.condition), () => b.jump(o.target))
}

export interface CompareAndBranch {
  readonly n: Register
  readonly target: Target
  readonly ifZero: boolean
}

export const compareAndBranch: Meaning<CompareAndBranch> = (b, o) => {
  const n = b.read(o.n)
  b.when(o.ifZero ? b.isZero(n) : n, () => b.jump(o.target))
}

/** `link` is the return address with bit 0 set. */
export const branchWithLink: Meaning<{ readonly target: Target; readonly link: Immediate }> = (
  b,
  o,
) => {
  b.writeWord('LR', b.read(o.link))
  b.jump(o.target)
}

export const branchExchange: Meaning<{ readonly m: Source }> = (b, o) => {
  b.go(b.aim(b.read(o.m)))
}

export const branchLinkExchange: Meaning<{ readonly m: Source; readonly link: Immediate }> = (
  b,
  o,
) => {
  const to = b.aim(b.read(o.m))
  b.writeWord('LR', b.read(o.link))
  b.go(to, true)
}

/** A branch to a register or sum that does not change the instruction set: MOV PC, ADD PC. */
export const branchPlain: Meaning<{ readonly m: Source; readonly n?: Source }> = (b, o) => {
  const to = o.n ? b.add(b.read(o.n), b.read(o.m)) : b.read(o.m)
  b.go(b.aim(b.or(to, 1)))
}

export interface TableBranch {
  readonly n: Source
  readonly m: Register
  readonly pc: Immediate
  readonly width: 1 | 2
}

export const tableBranch: Meaning<TableBranch> = (b, o) => {
  const index = o.width === 1 ? b.read(o.m) : b.shl(b.read(o.m), 1)
  const entry = b.load(b.add(b.read(o.n), index), o.width, false)
  b.go(b.aim(b.or(b.add(b.read(o.pc), b.shl(entry, 1)), 1)))
}

/** `state` is ITSTATE of the first instruction in the block, marked with IT_FIRST. */
export const ifThen: Meaning<{ readonly state: Immediate }> = (b, o) => b.startIt(b.read(o.state))

export const noOperation: Meaning<Record<never, never>> = () => {}
