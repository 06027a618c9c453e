/** Random memory as code, a sample of `npm run fuzz -- cpu`: it never raises an exception of the host. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { run } from '../../../../fuzz/cpu.ts'
import { sampled, seed } from '../../../../tools/sampling.ts'

const INSTRUCTIONS = sampled(2_000_000, 100_000_000)

test(`${INSTRUCTIONS} instructions of random memory, both states (seed ${seed})`, () => {
  const [host, code] = run({ seed, count: INSTRUCTIONS })
  for (const end of ['secure-exception (Non-secure)', 'secure-call (Secure)', 'cycle (Non-secure)'])
    assert.ok(host!.ends.get(end)! > 0, end)
  for (const end of ['lockup (Secure)', 'cycle (Secure)', 'halt (Secure)', 'cycle (Non-secure)'])
    assert.ok(code!.ends.get(end)! > 0, end)
})
