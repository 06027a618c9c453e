/**
 * The tasks of FreeRTOS, found by the symbols of its kernel in the application's memory. Layouts are
 * those of list.h and tasks.c (V9 to V11) for one core, without the MPU and without
 * configUSE_LIST_DATA_INTEGRITY_CHECK_BYTES; anything else is noticed and shows no tasks.
 *
 * Nothing tells how many priorities there are: the ready lists are walked until all tasks are found.
 */

export type TaskState = 'running' | 'ready' | 'blocked' | 'suspended' | 'deleted'

export interface Task {
  /** Address of its TCB_t. */
  readonly tcb: number
  readonly name: string
  readonly state: TaskState
  readonly priority: number
  readonly topOfStack: number
}

/** Memory of the application that is halted; shorter where it ends. */
type Read = (address: number, length: number) => Promise<Uint8Array>

const needed = ['pxCurrentTCB', 'uxCurrentNumberOfTasks', 'pxReadyTasksLists'] as const
const RUNNING = 'xSchedulerRunning'
/** A task that is in two of them is in the state of the first. */
const lists: readonly { readonly symbol: string; readonly state: TaskState }[] = [
  { symbol: 'xPendingReadyList', state: 'ready' },
  { symbol: 'xDelayedTaskList1', state: 'blocked' },
  { symbol: 'xDelayedTaskList2', state: 'blocked' },
  { symbol: 'xSuspendedTaskList', state: 'suspended' },
  { symbol: 'xTasksWaitingTermination', state: 'deleted' },
]

/** List_t: number of items, index, and the end as an item: value, next, previous. */
const LIST = { bytes: 20, items: 0, endValue: 8, first: 12 } as const
/** ListItem_t: value, next, previous, owner, list. */
const ITEM = { bytes: 20, next: 4, owner: 12, list: 16 } as const
const TCB = { bytes: 68, topOfStack: 0, stateItem: 4, eventItem: 24, priority: 44, name: 52 }
/** portMAX_DELAY: what the end of a list has for a value. */
const END_VALUE = 0xffff_ffff
const PRIORITIES_MAX = 256
const TASKS_MAX = 256

export class FreeRtos {
  readonly #read: Read
  readonly #symbols = new Map<string, number>()

  constructor(read: Read) {
    this.#read = read
  }

  /** Names to be looked up; those that the program does not have are left out. */
  static readonly symbolNames: readonly string[] = [
    ...needed,
    RUNNING,
    ...lists.map(({ symbol }) => symbol),
  ]

  learn(name: string, address: number): void {
    this.#symbols.set(name, address)
  }

  get hasFirst(): boolean {
    return this.#symbols.has(needed[0])
  }

  /** The program is one of FreeRTOS's. */
  get isThere(): boolean {
    return needed.every((name) => this.#symbols.has(name))
  }

  /** TCB of the task that the processor runs; 0 before the scheduler does. */
  async current(): Promise<number> {
    const isRunning = this.#symbols.has(RUNNING) ? await this.#wordOf(RUNNING) : 1
    return isRunning === 0 ? 0 : this.#wordOf('pxCurrentTCB')
  }

  /** Undefined if what is there is no list of tasks, or not yet. */
  async tasks(): Promise<Task[] | undefined> {
    const current = await this.current()
    const count = await this.#wordOf('uxCurrentNumberOfTasks')
    if (current === 0 || count === 0 || count > TASKS_MAX) return undefined
    const found = new Map<number, Task>()
    for (const { symbol, state } of lists) {
      const list = this.#symbols.get(symbol)
      if (list !== undefined && !(await this.#walk(list, state, current, found))) return undefined
    }
    const ready = this.#symbols.get('pxReadyTasksLists')!
    for (let priority = 0; priority < PRIORITIES_MAX && found.size < count; priority++) {
      const isList = await this.#walk(ready + priority * LIST.bytes, 'ready', current, found)
      if (!isList) return undefined
    }
    return found.has(current) ? [...found.values()] : undefined
  }

  /** False if there is no list. */
  async #walk(list: number, state: TaskState, current: number, found: Map<number, Task>) {
    const head = wordAt(await this.#read(list, LIST.bytes))
    const items = head(LIST.items)
    if (head(LIST.endValue) !== END_VALUE || items > TASKS_MAX) return false
    let item = head(LIST.first)
    for (let index = 0; index < items; index++) {
      const word = wordAt(await this.#read(item, ITEM.bytes))
      const tcb = word(ITEM.owner)
      if (item !== tcb + TCB.stateItem && item !== tcb + TCB.eventItem) return false
      if (!found.has(tcb))
        found.set(tcb, await this.#task(tcb, tcb === current ? 'running' : state))
      item = word(ITEM.next)
    }
    return true
  }

  /** One that waits for an event without a time limit stands among the suspended ones. */
  async #task(tcb: number, listed: TaskState): Promise<Task> {
    const bytes = await this.#read(tcb, TCB.bytes)
    const word = wordAt(bytes)
    const waits = listed === 'suspended' && word(TCB.eventItem + ITEM.list) !== 0
    const name = Buffer.from(bytes.subarray(TCB.name)).toString('latin1').split('\0')[0] ?? ''
    return {
      ...{ tcb, name, state: waits ? 'blocked' : listed },
      ...{ priority: word(TCB.priority), topOfStack: word(TCB.topOfStack) },
    }
  }

  async #wordOf(symbol: string): Promise<number> {
    return wordAt(await this.#read(this.#symbols.get(symbol)!, 4))(0)
  }
}

/** Words of it; 0 where there are none. */
function wordAt(bytes: Uint8Array): (offset: number) => number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  return (offset) => (offset + 4 <= bytes.length ? view.getUint32(offset, true) : 0)
}
