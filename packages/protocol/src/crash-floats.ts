/**
 * Floating-point state in a crash report, in its order: s0 to s31, FPSCR, and what tells whether an
 * exception's frame on the stack has been given s0 to s15 yet (lazy state preservation): FPCCR and FPCAR.
 * Devices of older versions send no more than FPSCR.
 */
export const crashFloats = [
  ...Array.from({ length: 32 }, (_, index) => `s${index}`),
  ...['fpscr', 'fpccr', 'fpcar'],
] as const

/** Names with the words that came; of more words than names, the first. */
export function crashFloatsByName(words: readonly number[]): Record<string, number> {
  const named = crashFloats.slice(0, words.length).map((name, index) => [name, words[index]!])
  return Object.fromEntries(named) as Record<string, number>
}
