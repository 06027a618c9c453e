/**
 * What an instruction means, as data: immutable value nodes and an ordered list of statements.
 * `Builder` makes it, `printer.ts` turns it into WebAssembly, for the interpreter now and for a
 * translator later. Values are evaluated where they were built; nothing here knows the back end.
 */
import type { Word } from '../layout.ts'
import type { Opcode } from './wasm.ts'

/** A register operand. Which one is known when code is predecoded, not when meaning is written. */
export interface Register {
  /** `stack-pointer` is r13 as a destination: bits [1:0] are dropped and the limit is checked. */
  readonly kind: 'register' | 'stack-pointer'
}

/** A single-precision register operand, s0 to s31. */
export interface Single {
  readonly kind: 'single'
}

/** A number fixed when code is predecoded. */
export interface Immediate {
  readonly kind: 'immediate'
}

/** The address that a direct branch goes to. `far` is outside the branch's own code window. */
export interface Target {
  readonly kind: 'near' | 'far'
}

/** Anything that can be read as a value: PC as an operand is an immediate. */
export type Source = Register | Single | Immediate

export type AccessWidth = 1 | 2 | 4

/** A 32-bit value. */
export interface Value {
  readonly type: 'i32'
}

/** A 64-bit value. */
export interface Wide {
  readonly type: 'i64'
}

/** A single-precision number. */
export interface Float {
  readonly type: 'f32'
}

/** A double-precision number, for what single precision has to be computed from. */
export interface Real {
  readonly type: 'f64'
}

export type ValueKind = (Value | Wide | Float | Real)['type']

export type Flag = 'N' | 'Z' | 'C' | 'V'

export interface Access {
  readonly width: AccessWidth
  /** Alignment is required whatever CCR.UNALIGN_TRP says. */
  readonly aligned: boolean
  /** An earlier `probe` covers this access. */
  readonly probed: boolean
  /** LDRT and relatives: made as unprivileged code would. */
  readonly unprivileged: boolean
}

/** The registers that a list names: r0 to r14, or s0 to s31. */
export type RegisterFile = 'core' | 'single'

export type NodeKind =
  | { readonly kind: 'operation'; readonly opcode: Opcode }
  | { readonly kind: 'constant'; readonly value: number }
  | { readonly kind: 'real'; readonly value: number }
  | { readonly kind: 'operand'; readonly operand: Source }
  | { readonly kind: 'flag'; readonly flag: Flag }
  | { readonly kind: 'word'; readonly word: Word }
  | { readonly kind: 'load'; readonly access: Access; readonly isSigned: boolean }
  | { readonly kind: 'effect'; readonly effect: number }

/** One value. `uses` decides whether it needs a local; `local` is the printer's. */
export class Node {
  readonly type: ValueKind
  readonly form: NodeKind
  readonly inputs: readonly Node[]
  uses = 0
  local = -1

  constructor(form: NodeKind, inputs: readonly Node[], type: ValueKind = 'i32') {
    this.form = form
    this.inputs = inputs
    this.type = type
    for (const input of inputs) input.uses++
  }

  /** Must be evaluated where it stands: reads state that may change, or has an effect. */
  get isOrdered(): boolean {
    const { kind } = this.form
    return kind !== 'operation' && kind !== 'constant' && kind !== 'real'
  }
}

export type Statement =
  | { readonly kind: 'value'; readonly node: Node }
  | { readonly kind: 'write'; readonly register: Register | Single; readonly value: Node }
  | { readonly kind: 'writeFlag'; readonly flag: Flag; readonly value: Node }
  | { readonly kind: 'writeWord'; readonly word: Word; readonly value: Node }
  | {
      readonly kind: 'store'
      readonly access: Access
      readonly address: Node
      readonly value: Node
    }
  | {
      readonly kind: 'probe'
      readonly address: Node
      readonly bytes: Node
      readonly access: 'read' | 'write'
    }
  | {
      readonly kind: 'transferList'
      readonly direction: 'load' | 'store'
      readonly file: RegisterFile
      readonly address: Node
      readonly list: Node
    }
  | { readonly kind: 'checkStackLimit'; readonly value: Node }
  | { readonly kind: 'requireFloat' }
  | {
      readonly kind: 'when'
      readonly condition: Node
      readonly body: readonly Statement[]
      readonly otherwise: readonly Statement[]
    }
  | { readonly kind: 'jump'; readonly target: Target }
  | { readonly kind: 'aim'; readonly value: Node }
  | { readonly kind: 'go'; readonly value: Node; readonly link: boolean }
  | { readonly kind: 'startIt'; readonly state: Node }
  | { readonly kind: 'raise'; readonly fault: number }
