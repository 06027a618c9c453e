/**
 * How much a randomised test does, and from which seed. `npm test` samples, `npm run test:slow` does
 * the whole; `MICROVISOR_SEED=N` repeats a run. A test that uses these prints its seed.
 */

/** True in `npm run test:slow`. */
export const isComplete = process.env.MICROVISOR_SLOW_TESTS === '1'

/** From 1 to 2^31 - 2; another one for each process unless it is given. */
export const seed = givenSeed() ?? 1 + Math.floor(Math.random() * 0x7fff_fffe)

/** How many of something: `few` in a sample, `many` in the whole. */
export function sampled(few: number, many: number): number {
  return isComplete ? many : few
}

function givenSeed(): number | undefined {
  const text = process.env.MICROVISOR_SEED
  if (text === undefined) return undefined
  const given = Number(text)
  if (Number.isSafeInteger(given) && given > 0) return given
  throw new Error(`MICROVISOR_SEED is ${text}: it has to be a whole number above 0.`)
}
