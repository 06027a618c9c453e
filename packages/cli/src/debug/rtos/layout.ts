/**
 * How FreeRTOS's structures lie in memory, which is settled when it is compiled and stands nowhere in
 * the program. list.h and tasks.c, V9 to V11, one core:
 *
 *   (1) configUSE_LIST_DATA_INTEGRITY_CHECK_BYTES puts a word before and one behind each item and list.
 *   (2) configUSE_MINI_LIST_ITEM=0 makes the end of a list a whole item.
 *   (3) With the MPU the control block has settings between the top of the stack and the first item.
 *   (4) With 16-bit ticks the end's value is 0xffff. Checks are of the type of ticks: then the one before
 *       an item shares a word with the item's value, and the others have half of theirs.
 *
 * (1), (3) and (4) show in a control block: both items of it have its address for their owner. (2) shows
 * where the second ready list begins.
 */

export interface Layout {
  /** Of the control block, from its beginning. */
  readonly stateItem: number
  readonly eventItem: number
  readonly priority: number
  readonly name: number
  /** Of an item. */
  readonly item: { readonly next: number; readonly owner: number; readonly list: number }
  readonly itemBytes: number
  /** Of a list: number of items; its end's value and next item. */
  readonly list: { readonly items: number; readonly endValue: number; readonly first: number }
  readonly listBytes: number
}

type WordAt = (offset: number) => number

/** Enough for a control block without settings of the MPU, and with them. */
export const BLOCK_BYTES = { plain: 96, most: 2048 } as const
/** From the beginning of the ready lists: enough for two ends, however laid out. */
export const LISTS_BYTES = 96

const WORD = 4
/** value, next, previous, owner, list. */
const ITEM_WORDS = 5
const OWNER = 3
/** number of items, index. */
const LIST_HEAD_WORDS = 2
const MINI_END_WORDS = 3

/** Bytes that checks take before the word of an item's value, and behind an item; lists have the latter on both sides. */
interface Checks {
  readonly ahead: number
  readonly behind: number
}

const checksOf: readonly Checks[] = [
  { ahead: 0, behind: 0 },
  { ahead: WORD, behind: WORD },
  // With 16-bit ticks.
  { ahead: 0, behind: WORD },
]

/** portMAX_DELAY; with 16-bit ticks and checks above the check, which is not set before 10.5. */
const endValues: readonly number[] = [0xffff_ffff, 0xffff, 0xffff_5a5a, 0xffff_0000]

/**
 * From a control block, and from where the ready lists begin. Undefined if it is none that is known, or one
 * of which not enough was read.
 */
export function layoutOf(block: number, inBlock: WordAt, bytes: number, inLists: WordAt) {
  const owners: number[] = []
  for (let at = WORD; at < bytes && owners.length < 2; at += WORD) {
    if (inBlock(at) === block) owners.push(at)
  }
  const [first, second] = owners
  if (first === undefined || second === undefined) return undefined
  const more = second - first - WORD * ITEM_WORDS
  const checks = checksOf.find(({ ahead, behind }) => ahead + behind === more)
  if (checks === undefined) return undefined
  const stateItem = first - checks.ahead - WORD * OWNER
  const listBytes = listSize(checks, inLists)
  if (stateItem < WORD || listBytes === undefined) return undefined
  return layout(stateItem, checks, listBytes)
}

function layout(stateItem: number, checks: Checks, listBytes: number): Layout {
  const { ahead, behind } = checks
  const itemBytes = ahead + WORD * ITEM_WORDS + behind
  const afterItems = stateItem + 2 * itemBytes
  const endValue = endValueAt(checks)
  return {
    ...{ stateItem, eventItem: stateItem + itemBytes },
    // The priority, where the stack begins, the name.
    ...{ priority: afterItems, name: afterItems + 2 * WORD },
    item: { next: ahead + WORD, owner: ahead + WORD * OWNER, list: ahead + WORD * (OWNER + 1) },
    itemBytes,
    list: { items: behind, endValue, first: endValue + WORD },
    listBytes,
  }
}

function listSize(checks: Checks, inLists: WordAt): number | undefined {
  const endValue = endValueAt(checks)
  const mini = endValue + WORD * MINI_END_WORDS + checks.behind
  const whole = endValue + WORD * ITEM_WORDS + 2 * checks.behind
  return [mini, whole].find((bytes) => isEndValue(inLists(bytes + endValue)))
}

function endValueAt({ ahead, behind }: Checks): number {
  return behind + WORD * LIST_HEAD_WORDS + ahead
}

export function isEndValue(value: number): boolean {
  return endValues.includes(value)
}
