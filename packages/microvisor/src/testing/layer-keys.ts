/** A layer key for the device on the bench, wrapped and signed as the cloud would send it. */
import { createCipheriv, randomBytes } from 'node:crypto'
import {
  encodeKeyChange,
  encodeManifest,
  encryptLayer,
  keyIdOf,
  signBody,
  wrapLayerKey,
} from '@microvisor/protocol'
import { ownSecret, TestEngines } from './test-engines.ts'
import { applicationSigner, digest } from './trust.ts'

export function sendLayerKey(signer: Uint8Array, deviceSecret: Uint8Array = ownSecret) {
  const engines = new TestEngines(1)
  const receiver = new Uint8Array(65)
  new TestEngines(1, deviceSecret).devicePublicKey(receiver)
  const [sender, shared] = [new Uint8Array(65), new Uint8Array(32)]
  engines.agreeOnce(receiver, sender, shared)
  const gcm = {
    digest,
    seal: (...given: Parameters<TestEngines['seal']>) => engines.seal(...given),
    open: (...given: Parameters<TestEngines['open']>) => engines.open(...given),
  }
  const key = randomBytes(32)
  const wrapped = wrapLayerKey(gcm, { shared, sender, receiver }, key)
  const change = {
    ...{ deleteSigners: [], deleteLayerKeys: [] },
    ...{ addSigners: [signer], addLayerKeys: [wrapped] },
  }
  const cipher = (secret: Uint8Array, counter: Uint8Array, bytes: Uint8Array) =>
    bytes.set(createCipheriv('aes-256-ctr', secret, counter).update(bytes))
  return {
    change,
    signed: encodeManifest(signBody(encodeKeyChange(change), applicationSigner, digest)),
    encrypt: (content: Uint8Array) => ({
      keyId: keyIdOf('layer', key, digest),
      carried: encryptLayer(cipher, key, randomBytes(12), content),
    }),
  }
}
