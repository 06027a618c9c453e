/**
 * Releases of Node that a server should not run on: on these, each TLS connection with a client's
 * certificate leaves 4 KB that are never given back, because the first reading of the certificate takes
 * it off OpenSSL's list without freeing it (nodejs/node issue 65579, measured: decision 56).
 */
const LOSE_MEMORY: readonly string[] = ['v24.21.0', 'v26.8.0', 'v26.8.1', 'v26.8.2']

/** What is wrong with this release, and what to do; undefined if nothing is known. */
export function faultOfNode(version: string): string | undefined {
  if (!LOSE_MEMORY.includes(version)) return undefined
  return `Node ${version} loses 4 KB of memory with each device that connects. Use 24.20 or 26.9 and later.`
}
