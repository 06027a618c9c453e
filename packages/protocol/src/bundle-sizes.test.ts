/** How large layers may be that are not an application's plain ones: encrypted layers, and a kernel's. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { buildBundle, packBundle, parseBundle, parseKernelBundle } from './bundle.ts'
import { toHex } from './hex.ts'
import { encodeKernelBody, type KernelMeta } from './kernel-manifest.ts'
import { KERNEL_LAYER_BYTES_MAX } from './limits.ts'
import { encodeManifest, plainPolicies, unsigned } from './manifest.ts'
import { sha256, wholeFlash } from './testing/fixtures.ts'

const content = new Uint8Array(5000)
const kernelMeta: KernelMeta = {
  ...{ securityRatchet: 2, deviceType: 'Imp201c' },
  ...{ versionText: '0.7.0', versionNumber: 700 },
}

test('an encrypted layer is a nonce and content that fits its region', () => {
  const region = { ...wholeFlash, size: 8192 }
  const carrying = (bytes: number) => {
    const encrypted = { keyId: 5n, carried: new Uint8Array(bytes) }
    return buildBundle([{ region, content, encrypted }], plainPolicies, sha256)
  }
  for (const bytes of [13, 8192 + 12])
    assert.equal(parseBundle(carrying(bytes), sha256).layers.size, 1, `${bytes} bytes`)
  for (const bytes of [0, 12, 8192 + 13])
    assert.throws(() => parseBundle(carrying(bytes), sha256), {
      code: 'LAYER_CIPHERTEXT',
      message: /nonce of 12 .*8192/,
    })
})

test('a kernel of more than fits its slot is refused', () => {
  const large = new Uint8Array(KERNEL_LAYER_BYTES_MAX + 1)
  const parse = (kernel: Uint8Array) => {
    const layer = { region: 'Kernel', encryptedWithKeyId: 0n, fetchHash: sha256([kernel]) } as const
    const manifest = encodeManifest(unsigned(encodeKernelBody([layer], kernelMeta)))
    return parseKernelBundle(
      packBundle(manifest, new Map([[toHex(layer.fetchHash), kernel]])),
      sha256,
    )
  }
  assert.equal(parse(large.subarray(1)).layers.size, 1)
  assert.throws(() => parse(large), {
    code: 'BUNDLE_ENTRY_TOO_LARGE',
    message: /1048577 bytes; at most 1048576/,
  })
})
