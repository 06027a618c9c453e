/** Branches as the Armv8-M ARM encodes them: the harness's own, and targets that tests choose. */

/** B.W, encoding T4; with `link` BL, encoding T1. */
export function encodeBranch(address: number, target: number, link = false): number {
  const offset = (target - address - 4) | 0
  const sign = (offset >>> 24) & 1
  const j1 = ((offset >>> 23) & 1) ^ sign ^ 1
  const j2 = ((offset >>> 22) & 1) ^ sign ^ 1
  const high = 0xf000 | (sign << 10) | ((offset >>> 12) & 0x3ff)
  const low = (link ? 0xd000 : 0x9000) | (j1 << 13) | (j2 << 11) | ((offset >>> 1) & 0x7ff)
  return ((high << 16) | low) >>> 0
}

/** B<c>.W, encoding T3: within 1 MiB. */
export function encodeConditionalBranch(
  address: number,
  target: number,
  condition: number,
): number {
  const offset = (target - address - 4) | 0
  const sign = (offset >>> 20) & 1
  const high = 0xf000 | (sign << 10) | (condition << 6) | ((offset >>> 12) & 0x3f)
  const j2 = (offset >>> 19) & 1
  const j1 = (offset >>> 18) & 1
  const low = 0x8000 | (j1 << 13) | (j2 << 11) | ((offset >>> 1) & 0x7ff)
  return ((high << 16) | low) >>> 0
}

export function halfwordsOf(word: number, length: 2 | 4): number[] {
  return length === 2 ? [word] : [word >>> 16, word & 0xffff]
}
