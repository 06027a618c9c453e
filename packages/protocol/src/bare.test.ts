/** The package in a context that has nothing but ECMAScript, as the kernel's has. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { createContext, runInContext } from 'node:vm'
import { build } from 'esbuild'
import type * as Protocol from './index.ts'
import { sha256, wholeFlash } from './testing/fixtures.ts'

const { outputFiles } = await build({
  entryPoints: [join(import.meta.dirname, 'index.ts')],
  bundle: true,
  write: false,
  format: 'iife',
  globalName: 'protocol',
  platform: 'neutral',
  mainFields: ['module', 'main'],
})

const context = createContext({}, { codeGeneration: { strings: false, wasm: false } })
const protocol: typeof Protocol = runInContext(`${outputFiles[0]!.text}\nprotocol`, context)

test('the context has no text encoding of its own', () => {
  assert.equal(
    runInContext('typeof TextEncoder + typeof TextDecoder', context),
    'undefinedundefined',
  )
})

test('frames with text go out and come in', () => {
  const detail = 'grüße, 世界 🙂'
  const bytes = protocol.encodeFrame({ case: 'goodbye', value: { reason: 1, detail } })
  const { frames } = new protocol.FrameDecoder().push(bytes)
  assert.equal(frames[0]?.case === 'goodbye' && frames[0].value.detail, detail)
})

test('text that is not UTF-8 ends the stream', () => {
  const { error } = new protocol.FrameDecoder().push(Uint8Array.of(5, 0x1a, 3, 0x12, 1, 0xff))
  assert.equal(error?.code, 'FRAME_MALFORMED')
})

test('bundles and manifests are built and parsed', () => {
  const layers = [{ region: wholeFlash, content: Uint8Array.of(1, 2, 3) }]
  const file = protocol.buildBundle(layers, protocol.plainPolicies, sha256)
  const { manifestBytes } = protocol.parseBundle(file, sha256)
  assert.equal(protocol.parseAppManifest(manifestBytes).layers.length, 1)
})
