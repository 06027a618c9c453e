/**
 * Runs the images of the secure side, preboot with bootrom and the kernel: evaluates bytes that were
 * verified, in a context of their own that has the language and nothing else: no clock, randomness,
 * console, timers, modules, or ways to make code from text. A discipline, not a sandbox: only verified
 * bytes ever get here.
 */
import { createContext, runInContext } from 'node:vm'
import type { boot, StartKernel } from '@microvisor/microvisor'

/** What an image defines (kernel-image.ts). */
export const KERNEL_GLOBAL = 'kernel'
export const BOOT_GLOBAL = 'rom'

/** The language's own globals, as far as they are the same in every run. */
const LANGUAGE = [
  ...['globalThis', 'undefined', 'NaN', 'Infinity', 'isNaN', 'isFinite', 'parseInt', 'parseFloat'],
  ...['encodeURIComponent', 'decodeURIComponent', 'encodeURI', 'decodeURI'],
  ...['Object', 'Function', 'Boolean', 'Symbol', 'Number', 'BigInt', 'Math', 'String', 'RegExp'],
  ...[
    'Array',
    'Map',
    'Set',
    'WeakMap',
    'WeakSet',
    'Iterator',
    'JSON',
    'Reflect',
    'Proxy',
    'Promise',
  ],
  ...['ArrayBuffer', 'DataView', 'Int8Array', 'Uint8Array', 'Uint8ClampedArray', 'Int16Array'],
  ...['Uint16Array', 'Int32Array', 'Uint32Array', 'BigInt64Array', 'BigUint64Array'],
  ...['Float32Array', 'Float64Array'],
  ...['Error', 'EvalError', 'RangeError', 'ReferenceError', 'SyntaxError', 'TypeError', 'URIError'],
  'AggregateError',
]

const STRIP = `for (const name of Object.getOwnPropertyNames(globalThis))
  if (!${JSON.stringify(LANGUAGE)}.includes(name)) delete globalThis[name]
delete Math.random`

/** Throws whatever the image throws while it loads, or TypeError if it is no kernel. */
export function loadKernel(image: Uint8Array): StartKernel {
  return load(image, KERNEL_GLOBAL, 'start') as StartKernel
}

/** As `loadKernel`, for preboot and bootrom. */
export function loadBoot(image: Uint8Array): typeof boot {
  return load(image, BOOT_GLOBAL, 'boot') as typeof boot
}

function load(image: Uint8Array, global: string, name: string): unknown {
  const source = new TextDecoder('utf-8', { fatal: true }).decode(image)
  const context = createContext(Object.create(null), {
    codeGeneration: { strings: false, wasm: false },
  })
  runInContext(STRIP, context)
  runInContext(source, context, { filename: `${global}.js` })
  const exported: unknown = context[global]?.[name]
  if (typeof exported !== 'function')
    throw new TypeError(`The ${global} image exports no \`${name}\`.`)
  return exported
}
