/**
 * Runs a kernel image: evaluates the bytes that the bootrom has verified, in a context of their own
 * that has the language and nothing else: no clock, randomness, console, timers, modules, or ways
 * to make code from text. A discipline, not a sandbox: only verified bytes ever get here.
 */
import { createContext, runInContext } from 'node:vm'
import type { StartKernel } from '@microvisor/microvisor'

/** What an image defines (kernel-image.ts). */
export const KERNEL_GLOBAL = 'kernel'

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
  const source = new TextDecoder('utf-8', { fatal: true }).decode(image)
  const context = createContext(Object.create(null), {
    codeGeneration: { strings: false, wasm: false },
  })
  runInContext(STRIP, context)
  runInContext(source, context, { filename: 'kernel.js' })
  const start: unknown = context[KERNEL_GLOBAL]?.start
  if (typeof start !== 'function') throw new TypeError('The kernel image exports no `start`.')
  return start as StartKernel
}
