/**
 * The tasks of FreeRTOS, found by the symbols of its kernel in the application's memory, V9 to V11, one core.
 * How its structures lie there is worked out from them (layout.ts); where that fails there are no tasks,
 * and `isUnknown`.
 *
 * Nothing tells how many priorities there are: the ready lists are walked until all tasks are found, or
 * until there is no list any more.
 *
 * A task that waits for a notification without a time limit stands as `suspended`: what tells it apart lies
 * in its control block behind what depends on the configuration.
 */
import { BLOCK_BYTES, isEndValue, type Layout, LISTS_BYTES, layoutOf } from './layout.ts'

export type TaskState = 'running' | 'ready' | 'blocked' | 'suspended' | 'deleted'

export interface Task {
  /** Address of its TCB_t. */
  readonly tcb: number
  readonly name: string
  readonly state: TaskState
  readonly priority: number
  readonly topOfStack: number
  /** The MPU's port keeps the context in the control block, not on the stack. */
  readonly isInBlock: boolean
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

const PRIORITIES_MAX = 256
const TASKS_MAX = 256
/** configMAX_TASK_NAME_LEN is 16 unless somebody wants it longer. */
const NAME_BYTES = 32

export class FreeRtos {
  readonly #read: Read
  readonly #symbols = new Map<string, number>()
  #layout: Layout | undefined
  #isUnknown = false

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

  /** It runs, and its structures are none that are known. */
  get isUnknown(): boolean {
    return this.#isUnknown
  }

  /** Undefined if what is there is no list of tasks, or not yet. */
  async tasks(): Promise<Task[] | undefined> {
    const current = await this.current()
    const count = await this.#wordOf('uxCurrentNumberOfTasks')
    if (current === 0 || count === 0 || count > TASKS_MAX) return undefined
    const layout = await this.#layoutBy(current)
    const found = new Map<number, TaskState>()
    const isRead = layout !== undefined && (await this.#find(layout, count, found))
    this.#isUnknown = !isRead
    if (!isRead) return undefined
    // Also if it is on its way from one list to another.
    found.set(current, 'running')
    const tasks = [...found].map(([tcb, state]) => this.#task(layout, tcb, state))
    return Promise.all(tasks)
  }

  /** Once known it stays: it was compiled in. */
  async #layoutBy(block: number): Promise<Layout | undefined> {
    if (this.#layout !== undefined) return this.#layout
    const lists = wordAt(await this.#read(this.#symbols.get('pxReadyTasksLists')!, LISTS_BYTES))
    for (const bytes of [BLOCK_BYTES.plain, BLOCK_BYTES.most]) {
      this.#layout ??= layoutOf(block, wordAt(await this.#read(block, bytes)), bytes, lists)
    }
    return this.#layout
  }

  /** False if one of them is no list. */
  async #find(layout: Layout, count: number, found: Map<number, TaskState>): Promise<boolean> {
    for (const { symbol, state } of lists) {
      const list = this.#symbols.get(symbol)
      if (list !== undefined && !(await this.#walk(layout, list, state, found))) return false
    }
    const ready = this.#symbols.get('pxReadyTasksLists')!
    for (let priority = 0; priority < PRIORITIES_MAX && found.size < count; priority++) {
      const isList = await this.#walk(layout, ready + priority * layout.listBytes, 'ready', found)
      if (!isList) return priority > 0
    }
    return true
  }

  /** False if there is no list. */
  async #walk(
    { list, listBytes, item, itemBytes, stateItem, eventItem }: Layout,
    address: number,
    state: TaskState,
    found: Map<number, TaskState>,
  ): Promise<boolean> {
    const head = wordAt(await this.#read(address, listBytes))
    const items = head(list.items)
    if (!isEndValue(head(list.endValue)) || items > TASKS_MAX) return false
    let at = head(list.first)
    for (let index = 0; index < items; index++) {
      const word = wordAt(await this.#read(at, itemBytes))
      const tcb = word(item.owner)
      if (at !== tcb + stateItem && at !== tcb + eventItem) return false
      if (!found.has(tcb)) found.set(tcb, state)
      at = word(item.next)
    }
    return true
  }

  /** One that waits for an event without a time limit stands among the suspended ones. */
  async #task(layout: Layout, tcb: number, listed: TaskState): Promise<Task> {
    const bytes = await this.#read(tcb, layout.name + NAME_BYTES)
    const word = wordAt(bytes)
    const waits = listed === 'suspended' && word(layout.eventItem + layout.item.list) !== 0
    const name = Buffer.from(bytes.subarray(layout.name)).toString('latin1').split('\0')[0] ?? ''
    const topOfStack = word(0)
    return {
      ...{ tcb, name, state: waits ? 'blocked' : listed, priority: word(layout.priority) },
      ...{ topOfStack, isInBlock: topOfStack > tcb && topOfStack <= tcb + layout.stateItem },
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
