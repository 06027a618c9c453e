/**
 * How FreeRTOS's structures lie in memory, which is settled when it is compiled and stands nowhere in
 * the program. list.h and tasks.c, V9 to V11, one core:
 *
 *   (1) configUSE_LIST_DATA_INTEGRITY_CHECK_BYTES puts a word before and one behind each item and list.
 *   (2) configUSE_MINI_LIST_ITEM=0 makes the end of a list a whole item.
 *   (3) With the MPU the control block has settings between the top of the stack and the first item.
 *   (4) With 16-bit ticks the end's value is 0xffff.
 *
 * (1) and (3) show in a control block: both items of it have its address for their owner. (2) shows where
 * the second ready list begins.
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
  const checkBytes = (second - first - WORD * ITEM_WORDS) / 2
  if (checkBytes !== 0 && checkBytes !== WORD) return undefined
  const stateItem = first - checkBytes - WORD * OWNER
  const listBytes = listSize(checkBytes, inLists)
  if (stateItem < WORD || listBytes === undefined) return undefined
  return layout(stateItem, checkBytes, listBytes)
}

function layout(stateItem: number, check: number, listBytes: number): Layout {
  const itemBytes = WORD * ITEM_WORDS + 2 * check
  const afterItems = stateItem + 2 * itemBytes
  return {
    ...{ stateItem, eventItem: stateItem + itemBytes },
    // The priority, where the stack begins, the name.
    ...{ priority: afterItems, name: afterItems + 2 * WORD },
    item: { next: check + WORD, owner: check + WORD * OWNER, list: check + WORD * (OWNER + 1) },
    itemBytes,
    list: { items: check, endValue: endValueAt(check), first: endValueAt(check) + WORD },
    listBytes,
  }
}

function listSize(check: number, inLists: WordAt): number | undefined {
  const mini = 2 * check + WORD * LIST_HEAD_WORDS + check + WORD * MINI_END_WORDS
  const whole = 2 * check + WORD * LIST_HEAD_WORDS + 2 * check + WORD * ITEM_WORDS
  return [mini, whole].find((bytes) => isEndValue(inLists(bytes + endValueAt(check))))
}

function endValueAt(check: number): number {
  return check + WORD * LIST_HEAD_WORDS + check
}

/** portMAX_DELAY. */
export function isEndValue(value: number): boolean {
  return value === 0xffff_ffff || value === 0xffff
}
