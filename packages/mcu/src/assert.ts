/**
 * What must not happen. A failed assertion is a defect of this package or of its caller, never of
 * the guest; nothing here catches one.
 */

export function assert(condition: boolean, sentence: string): asserts condition {
  if (!condition) throw new Error(sentence)
}
