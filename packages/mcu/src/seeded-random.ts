/**
 * Repeatable random words from a seed: xorshift32 (G. Marsaglia, "Xorshift RNGs", 2003) behind a
 * multiplicative scramble, so that neighbouring seeds give unrelated sequences. Not for secrets.
 */
export function seededRandom(seed: number): () => number {
  let state = (Math.imul(seed ^ 0x9e37_79b9, 0x85eb_ca6b) >>> 0) | 1
  return () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return state >>> 0
  }
}
