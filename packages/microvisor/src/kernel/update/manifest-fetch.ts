/** Fetches a manifest, of an application or of a kernel, into memory. */
import { joinBytes, MANIFEST_BYTES_MAX, UpdateError } from '@microvisor/protocol'
import type { Link } from '../link/link.ts'
import { Fetch } from './fetch.ts'
import type { UpdateProblem } from './update-problem.ts'

interface ManifestUser {
  /** All of it, which may be other bytes than those that were asked for. */
  take(bytes: Uint8Array): void
  fail(problem: UpdateProblem): void
}

/** @param hash SHA-256 of the manifest, by which the cloud finds it. */
export function fetchManifest(link: Link, hash: Uint8Array, user: ManifestUser): Fetch {
  const chunks: Uint8Array[] = []
  let received = 0
  return new Fetch(link, hash, {
    data: (bytes) => {
      chunks.push(bytes)
      received += bytes.length
      if (received <= MANIFEST_BYTES_MAX) return true
      const detail = `The manifest has more than ${MANIFEST_BYTES_MAX} bytes.`
      user.fail({ error: UpdateError.MANIFEST_MALFORMED, detail })
      return false
    },
    done: () => user.take(joinBytes(chunks)),
    unavailable: (detail) => user.fail({ error: UpdateError.MANIFEST_UNAVAILABLE, detail }),
  })
}
