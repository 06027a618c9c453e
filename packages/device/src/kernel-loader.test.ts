import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import type { BootRecord, Hardware } from '@microvisor/microvisor'
import { buildKernelBundle, bundleKernel } from './kernel-image.ts'
import { loadKernel } from './kernel-loader.ts'
import { temporaryFolder } from './testing/temporary-folder.ts'

/** Runs `body` as a kernel's start function and gives what it traces. */
function run(body: string): unknown[] {
  const lines: unknown[] = []
  const hardware = { trace: (line: unknown) => lines.push(line) } as unknown as Hardware
  const image = `var kernel = { start(hardware) { ${body} } }`
  loadKernel(new TextEncoder().encode(image))(hardware, {} as BootRecord)
  return lines
}

test('a kernel finds the language and nothing else', () => {
  const body = 'for (const name of Object.getOwnPropertyNames(globalThis)) hardware.trace(name)'
  const names = new Set(run(body))
  const forbidden = [
    ...['Date', 'WebAssembly', 'Intl', 'console', 'process', 'require', 'setTimeout', 'fetch'],
    ...['queueMicrotask', 'performance', 'crypto', 'Buffer', 'SharedArrayBuffer', 'Atomics'],
    ...['WeakRef', 'FinalizationRegistry', 'eval', 'structuredClone', 'module', 'exports'],
  ]
  for (const name of forbidden) assert.equal(names.has(name), false, name)
  for (const name of ['Uint8Array', 'Map', 'BigInt']) assert.equal(names.has(name), true, name)
})

test('a kernel has no randomness and makes no code', () => {
  assert.deepEqual(run('hardware.trace(typeof Math.random)'), ['undefined'])
  assert.throws(() => run('Function("return 1")()'), /Code generation from strings disallowed/)
  assert.throws(() => run('new Function("return 1")'), /Code generation from strings disallowed/)
})

test('what kernels leave behind does not reach the next one or the host', () => {
  run('Object.prototype.stain = 1; globalThis.stain = 1')
  assert.deepEqual(run('hardware.trace(typeof stain); hardware.trace({}.stain)'), [
    'undefined',
    undefined,
  ])
  assert.equal('stain' in {}, false)
})

test('what is no kernel is refused', () => {
  const load = (text: string) => () => loadKernel(new TextEncoder().encode(text))
  assert.throws(load(''), /exports no `start`/)
  assert.throws(load('var kernel = 1'), /exports no `start`/)
  assert.throws(load('var kernel = {'), { name: 'SyntaxError' })
  assert.throws(() => loadKernel(Uint8Array.of(0xff, 0xfe)), TypeError)
})

test('the same sources give the same kernel, wherever they lie', async (context) => {
  assert.deepEqual(await buildKernelBundle(), await buildKernelBundle())
  const images = []
  for (let i = 0; i < 2; i++) {
    const path = join(temporaryFolder(context), 'main.ts')
    writeFileSync(path, 'export const start = (hardware: unknown): unknown => hardware')
    images.push(await bundleKernel(path))
  }
  assert.deepEqual(images[0], images[1])
})
