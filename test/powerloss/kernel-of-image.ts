/**
 * The kernel as a device runs it: one script, evaluated where there is nothing but the language.
 */
import { createRequire } from 'node:module'
import { createContext, runInContext } from 'node:vm'
import type { StartKernel } from '@microvisor/microvisor'
import { build } from 'esbuild'

const entry = createRequire(import.meta.url)
  .resolve('@microvisor/microvisor')
  .replace(/index\.ts$/, 'kernel/main.ts')

export async function kernelOfImage(): Promise<StartKernel> {
  const { outputFiles } = await build({
    entryPoints: [entry],
    ...{ bundle: true, write: false, format: 'iife', globalName: 'kernel', logLevel: 'silent' },
    ...{ platform: 'neutral', mainFields: ['module', 'main'] },
  })
  const context = createContext(Object.create(null))
  runInContext(outputFiles[0]!.text, context)
  return context.kernel.start
}
