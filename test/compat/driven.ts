/**
 * Which methods the vendor's client has in its Microvisor part, and which of them were called. They are
 * found in the client itself, in every module of that part; each is wrapped by one that notes its name
 * and does the same.
 */
import { readdirSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

type Method = (this: unknown, ...args: unknown[]) => unknown
type Methods = Record<string, unknown>

const require = createRequire(import.meta.url)

export interface Watch {
  /** `DeviceInstance.update` and so on, sorted. */
  readonly methods: readonly string[]
  undriven(): string[]
}

/** Before anything of the client is used: lists are made by functions that it looks up in its modules. */
export function watchClient(name: string): Watch {
  const lib = join(dirname(require.resolve(`${name}/package.json`)), 'lib')
  const part = join(lib, 'rest', 'microvisor', 'v1')
  const seen = new Map<string, boolean>()
  const note = (method: string) => void seen.set(method, true)
  const files = readdirSync(part, { recursive: true, encoding: 'utf8' })
  for (const file of files.filter((path) => path.endsWith('.js')))
    watchModule(require(join(part, file)) as Record<string, Method>, seen, note)
  const page = (require(join(lib, 'base', 'Page.js')) as { default: Method }).default
  for (const method of ['nextPage', 'previousPage', 'getNextPageUrl', 'getPreviousPageUrl'])
    watchMethod(page.prototype as Methods, method, `Page.${method}`, seen, note)
  return {
    methods: [...seen.keys()].sort(),
    undriven: () => [...seen].filter(([, isDriven]) => !isDriven).map(([method]) => method),
  }
}

type Seen = Map<string, boolean>
type Note = (method: string) => void

function watchModule(exported: Record<string, Method>, seen: Seen, note: Note): void {
  for (const [name, thing] of Object.entries(exported)) {
    if (/^class /.test(Function.prototype.toString.call(thing))) {
      const methods = thing.prototype as Methods
      for (const method of Object.getOwnPropertyNames(methods).filter(isPublic))
        watchMethod(methods, method, `${name}.${method}`, seen, note)
    } else exported[name] = watchList(thing, name, seen, note)
  }
}

/** A list is a function with methods, made anew for each device. */
function watchList(make: Method, name: string, seen: Seen, note: Note): Method {
  // With what any version and any SID may be, to learn its methods.
  const sample = make({}, 'x') as Methods
  for (const method of methodsOf(sample)) seen.set(`${name}.${method}`, false)
  return (...args) => {
    const list = make(...args) as Methods
    for (const method of methodsOf(list)) watchMethod(list, method, `${name}.${method}`, seen, note)
    return list
  }
}

function watchMethod(owner: Methods, method: string, name: string, seen: Seen, note: Note): void {
  if (!seen.has(name)) seen.set(name, false)
  const { get, value } = Object.getOwnPropertyDescriptor(owner, method) ?? {}
  const original = (get ?? value) as Method
  function noting(this: unknown, ...args: unknown[]): unknown {
    note(name)
    return original.apply(this, args)
  }
  Object.defineProperty(owner, method, {
    configurable: true,
    ...(get ? { get: noting } : { value: noting, writable: true }),
  })
}

const methodsOf = (list: Methods) =>
  Object.keys(list).filter((name) => isPublic(name) && typeof list[name] === 'function')

const isPublic = (name: string) => name !== 'constructor' && !name.startsWith('_')
