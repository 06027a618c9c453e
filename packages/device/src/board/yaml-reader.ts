/**
 * YAML read with positions: every value knows where it stands, and a complaint about it says so.
 * Complaints are collected; the file is refused at the end, with all of them.
 *
 * Bounded: size of the file, depth and number of values, no aliases.
 */
import { nearest } from '@microvisor/protocol/nearest'
import { isMap, isScalar, isSeq, LineCounter, type Node, parseDocument } from 'yaml'
import {
  DescriptionError,
  type DescriptionErrorCode,
  type FileProblem,
  PROBLEMS_MAX,
} from './problems.ts'

const DESCRIPTION_BYTES_MAX = 1_048_576
const DESCRIPTION_VALUES_MAX = 20_000
const DEPTH_MAX = 16

export interface Entry {
  readonly key: string
  readonly keyNode: Located
  readonly value: Located
}

/** A value and where it stands. */
export class Located {
  readonly #file: DescriptionFile
  readonly #node: Node | null

  constructor(file: DescriptionFile, node: Node | null) {
    this.#file = file
    this.#node = node
  }

  /** Adds a complaint about this value. */
  refuse(message: string): undefined {
    this.#file.refuse(this.#node, message)
    return undefined
  }

  /** The file that it stands in. */
  get fileName(): string {
    return this.#file.name
  }

  /** From 1. */
  get line(): number {
    return this.#file.lineOf(this.#node)
  }

  get isMap(): boolean {
    return isMap(this.#node)
  }

  get isList(): boolean {
    return isSeq(this.#node)
  }

  /** What the file says here, as a value of YAML's core schema; undefined for maps and lists. */
  get scalar(): string | number | boolean | null | undefined {
    if (!isScalar(this.#node)) return undefined
    const { value } = this.#node
    if (value === null || ['string', 'number', 'boolean'].includes(typeof value)) {
      return value as string | number | boolean | null
    }
    return typeof value === 'bigint' ? Number(value) : String(value)
  }

  /** As it was written: `0x18` stays `0x18`. */
  get text(): string {
    if (!isScalar(this.#node)) return isMap(this.#node) ? 'a mapping' : 'a list'
    return this.#node.source ?? String(this.#node.value ?? '')
  }

  /** The entries of a mapping; complains if it is none. */
  entries(what: string): readonly Entry[] {
    if (!isMap(this.#node)) {
      this.refuse(`${what} has to be a mapping (\`key: value\`), not ${describe(this)}.`)
      return []
    }
    return this.#node.items.flatMap(({ key, value }) => {
      const keyNode = new Located(this.#file, key as Node)
      if (!isScalar(key)) {
        keyNode.refuse(`A key of ${what} has to be a word.`)
        return []
      }
      return [{ key: keyNode.text, keyNode, value: new Located(this.#file, value as Node | null) }]
    })
  }

  items(what: string): readonly Located[] {
    if (!isSeq(this.#node)) {
      this.refuse(`${what} has to be a list (\`- …\`), not ${describe(this)}.`)
      return []
    }
    return this.#node.items.map((item) => new Located(this.#file, item as Node))
  }
}

/** `'x'`, `5`, a list. */
export function describe(value: Located): string {
  if (value.isMap) return 'a mapping'
  if (value.isList) return 'a list'
  return value.text === '' ? 'nothing' : `\`${value.text}\``
}

export class DescriptionFile {
  readonly name: string
  readonly #lines = new LineCounter()
  readonly #problems: FileProblem[] = []
  readonly #code: DescriptionErrorCode
  readonly root: Located

  constructor(name: string, text: string, code: DescriptionErrorCode) {
    this.name = name
    this.#code = code
    if (text.length > DESCRIPTION_BYTES_MAX) {
      this.#add(1, 1, `The file has ${text.length} characters; at most ${DESCRIPTION_BYTES_MAX}.`)
      this.check()
    }
    const document = parseDocument(text, {
      lineCounter: this.#lines,
      ...{ prettyErrors: false, uniqueKeys: true, merge: false, schema: 'core' },
    })
    for (const { pos, message } of document.errors) this.#addAt(pos[0], message)
    this.check()
    this.root = new Located(this, document.contents as Node | null)
    this.#bound(document.contents as Node | null, 0, { count: 0 })
    this.check()
  }

  refuse(node: Node | null, message: string): void {
    this.#addAt(node?.range?.[0] ?? 0, message)
  }

  lineOf(node: Node | null): number {
    return Math.max(1, this.#lines.linePos(node?.range?.[0] ?? 0).line)
  }

  /** Throws if anything was refused. */
  check(): void {
    if (this.#problems.length > 0) throw new DescriptionError(this.#code, this.#problems)
  }

  #bound(node: unknown, depth: number, seen: { count: number }): void {
    const isAlias = typeof node === 'object' && node !== null && 'source' in node && !isScalar(node)
    if (isAlias) this.refuse(node as unknown as Node, 'Aliases (`*name`) are not allowed here.')
    if (++seen.count > DESCRIPTION_VALUES_MAX || depth > DEPTH_MAX) {
      this.refuse(node as Node, 'There is more in this file than it may hold.')
      this.check()
    }
    if (isMap(node)) {
      for (const { key, value } of node.items) {
        this.#bound(key, depth + 1, seen)
        this.#bound(value, depth + 1, seen)
      }
    } else if (isSeq(node)) for (const item of node.items) this.#bound(item, depth + 1, seen)
  }

  #addAt(offset: number, message: string): void {
    const { line, col } = this.#lines.linePos(offset)
    this.#add(Math.max(1, line), Math.max(1, col), message)
  }

  #add(line: number, column: number, message: string): void {
    if (this.#problems.length >= PROBLEMS_MAX) return
    this.#problems.push({ file: this.name, line, column, message })
  }
}

/** Complains about a word that is none of `known`, with the nearest. */
export function refuseUnknown(what: string, word: Located, known: readonly string[]): undefined {
  const near = nearest(word.text, known)
  const hint =
    near.length > 0
      ? ` Did you mean ${near.map((name) => `\`${name}\``).join(' or ')}?`
      : ` Known: ${known.join(', ')}.`
  return word.refuse(`There is no ${what} ${describe(word)}.${hint}`)
}
