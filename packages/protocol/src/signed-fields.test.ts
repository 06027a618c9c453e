/** Every field that the schema of a signed message has is under its signature, or is the signature. */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { BundleError } from './bundle-errors.ts'
import { encodeKernelBody, parseKernelManifest } from './kernel-manifest.ts'
import { describeLayer } from './layers.ts'
import {
  encodeAppBody,
  encodeManifest,
  parseAppManifest,
  plainPolicies,
  signBody,
  verifySignature,
} from './manifest.ts'
import { encodeKeyChange, parseNewKeys, wrapLayerKey } from './new-keys.ts'
import {
  agreeOnce,
  gcmEngines,
  makeKey,
  makeReceiver,
  sha256,
  verifyP256,
} from './testing/fixtures.ts'
import { mutatedFields } from './testing/mutated-fields.ts'

const key = makeKey()
const signed = (body: Uint8Array) => encodeManifest(signBody(body, key, sha256))

const region = { start: 0, size: 0x8000 }
const inside = describeLayer({ place: 'internal', ...region }, randomBytes(9), sha256)
const outside = describeLayer({ place: 'external', ...region }, randomBytes(9), sha256)
const kernelLayer = { encryptedWithKeyId: 7n, fetchHash: sha256([]) }

const messages = {
  application: {
    parse: parseAppManifest,
    bytes: signed(
      encodeAppBody([inside, { ...outside, encryptedWithKeyId: 5n }], {
        debugKey: makeKey().publicKey,
        crash: {
          ...plainPolicies.crash,
          ...{ minimumRestartMs: 1, maximumRestartMs: 2, includeStackBytes: 64 },
          reportKey: makeKey().publicKey,
        },
        update: { maximumPolitenessSeconds: 3, minimumKernelVersion: 4 },
        connectivity: { connectionGraceSeconds: 5, minimumCheckInSeconds: 6 },
      }),
    ),
  },
  kernel: {
    parse: parseKernelManifest,
    bytes: signed(
      encodeKernelBody(
        (['Kernel', 'NSC', 'Boot'] as const).map((name) => ({ region: name, ...kernelLayer })),
        { securityRatchet: 1, deviceType: 'Imp201c', versionText: '1.2.3', versionNumber: 1 },
      ),
    ),
  },
  keys: {
    parse: parseNewKeys,
    bytes: signed(
      encodeKeyChange({
        ...{ deleteSigners: [1n, 2n], deleteLayerKeys: [3n], addSigners: [makeKey().publicKey] },
        addLayerKeys: [
          wrapLayerKey(gcmEngines, agreeOnce(makeReceiver().publicKey), randomBytes(32)),
        ],
      }),
    ),
  },
} as const

for (const [kind, { parse, bytes }] of Object.entries(messages)) {
  test(`${kind}: a change of any field is found out`, (t) => {
    const accept = (message: Uint8Array) =>
      verifySignature(parse(message), [key.publicKey], { digest: sha256, verify: verifyP256 })
    accept(bytes)
    const mutations = mutatedFields(kind as keyof typeof messages, bytes)
    t.diagnostic(`${mutations.length} fields`)
    for (const { path, bytes: mutated } of mutations) {
      // Of the two places that a layer may lie in it names one.
      if (mutated === undefined) assert.match(path, /Flash$/)
      else assert.throws(() => accept(mutated), BundleError, path)
    }
  })
}
