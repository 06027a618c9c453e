/** The chip's crypto engines in the form in which protocol's rules take them. */
import { type Digest, type GcmEngines, HASH_BYTES, type Verify } from '@microvisor/protocol'
import type { Engines } from './hardware.ts'

export function chipDigest(engines: Engines): Digest {
  return (parts) => {
    const hash = engines.sha256()
    for (const part of parts) hash.update(part)
    const digest = new Uint8Array(HASH_BYTES)
    hash.finish(digest)
    return digest
  }
}

export function chipVerify(engines: Engines): Verify {
  return (publicKey, message, signature) => engines.verifyP256(publicKey, message, signature)
}

export function chipGcm(engines: Engines): GcmEngines {
  return {
    digest: chipDigest(engines),
    seal: (key, nonce, aad, plain) => engines.seal(key, nonce, aad, plain),
    open: (key, nonce, aad, sealed) => engines.open(key, nonce, aad, sealed),
  }
}
