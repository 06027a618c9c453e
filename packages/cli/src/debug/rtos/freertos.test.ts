/** Lists and control blocks of FreeRTOS as each configuration lays them out, laid out by hand. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FreeRtos, type Task } from './freertos.ts'

interface Configuration {
  /** configUSE_LIST_DATA_INTEGRITY_CHECK_BYTES. */
  readonly checks?: boolean
  /** configUSE_MINI_LIST_ITEM=0. */
  readonly wholeEnds?: boolean
  /** xMPU_SETTINGS, in words. */
  readonly mpuWords?: number
  /** configTICK_TYPE_WIDTH_IN_BITS. */
  readonly shortTicks?: boolean
  /** Before 10.5: the check of a list's end is never set. */
  readonly isOlder?: boolean
}

const BASE = 0x2000_0000
const INTEGRITY = { words: 0x5a5a_5a5a, halves: 0x5a5a } as const
const PRIORITIES = 5
const NAMES = ['xDelayedTaskList1', 'xDelayedTaskList2', 'xPendingReadyList', 'xSuspendedTaskList']

/** The kernel's memory: words that are laid out one after another. */
class Memory {
  readonly words: number[] = []
  readonly symbols = new Map<string, number>()
  readonly #configuration: Configuration

  constructor(configuration: Configuration) {
    this.#configuration = configuration
    this.symbols.set('pxReadyTasksLists', this.here)
    for (let priority = 0; priority < PRIORITIES; priority++) this.list()
    for (const name of [...NAMES, 'xTasksWaitingTermination']) {
      this.symbols.set(name, this.here)
      this.list()
    }
    for (const name of ['pxCurrentTCB', 'uxCurrentNumberOfTasks', 'xSchedulerRunning']) {
      this.symbols.set(name, this.here)
      this.words.push(0)
    }
  }

  get here(): number {
    return BASE + 4 * this.words.length
  }

  set(address: number | string, value: number): void {
    const at = typeof address === 'string' ? this.symbols.get(address)! : address
    this.words[(at - BASE) / 4] = value
  }

  at(address: number): number {
    return this.words[(address - BASE) / 4]!
  }

  /** Those that have a word of their own: behind items, and on both sides of lists. */
  get #checks(): number[] {
    const { checks, shortTicks } = this.#configuration
    return checks === true ? [shortTicks === true ? INTEGRITY.halves : INTEGRITY.words] : []
  }

  /** Checks are as wide as ticks: before an item's value one of 16 bits has no word of its own. */
  get #isPacked(): boolean {
    return this.#configuration.checks === true && this.#configuration.shortTicks === true
  }

  get #checksAhead(): number[] {
    return this.#isPacked ? [] : this.#checks
  }

  /** What stands where an item or the end of a list is, from its value on. */
  #item(value: number, owner: number, isMini: boolean, isChecked = true): void {
    const word = this.#isPacked ? (value << 16) | (isChecked ? INTEGRITY.halves : 0) : value
    this.words.push(...this.#checksAhead.map((check) => (isChecked ? check : 0)), word >>> 0, 0, 0)
    if (!isMini) this.words.push(owner, 0, ...this.#checks)
  }

  /** An empty one; items are put in by `link`. */
  list(): number {
    const address = this.here
    this.words.push(...this.#checks, 0, 0)
    const end = this.here
    const { shortTicks, wholeEnds, isOlder } = this.#configuration
    this.#item(shortTicks === true ? 0xffff : 0xffff_ffff, 0, wholeEnds !== true, isOlder !== true)
    this.words.push(...this.#checks)
    const [next] = this.#fields(end)
    this.set(next!, end)
    this.set(next! + 4, end)
    return address
  }

  /** Of an item: addresses of next, owner, list. */
  #fields(item: number): number[] {
    const value = item + 4 * this.#checksAhead.length
    return [value + 4, value + 12, value + 16]
  }

  /** Puts the item at the end. */
  link(list: number, item: number): void {
    const check = 4 * this.#checks.length
    const end = list + check + 8
    let last = end
    while (this.at(this.#fields(last)[0]!) !== end) last = this.at(this.#fields(last)[0]!)
    this.set(this.#fields(last)[0]!, item)
    this.set(this.#fields(item)[0]!, end)
    this.set(this.#fields(item)[2]!, list)
    this.set(list + check, this.at(list + check) + 1)
  }

  task(name: string, priority: number): { tcb: number; state: number; event: number } {
    const tcb = this.here
    this.words.push(tcb - 64, ...Array<number>(this.#configuration.mpuWords ?? 0).fill(7))
    const state = this.here
    this.#item(0, tcb, false)
    const event = this.here
    this.#item(PRIORITIES - priority, tcb, false)
    this.words.push(priority, tcb - 256)
    const bytes = Buffer.alloc(16)
    bytes.write(name)
    for (let at = 0; at < 16; at += 4) this.words.push(bytes.readUInt32LE(at))
    // What follows depends on the configuration: numbers, notifications.
    this.words.push(0, 0, 0, 0)
    return { tcb, state, event }
  }

  kernel(): FreeRtos {
    const bytes = Buffer.from(Uint32Array.from(this.words).buffer)
    const kernel = new FreeRtos(async (address, length) =>
      bytes.subarray(Math.max(0, address - BASE), Math.max(0, address - BASE + length)),
    )
    for (const [name, address] of this.symbols) kernel.learn(name, address)
    return kernel
  }
}

/** A task in each state that tasks can be in. */
function everyState(configuration: Configuration): Memory {
  const memory = new Memory(configuration)
  const listOf = (name: string) => memory.symbols.get(name)!
  const ready = (priority: number) => listOf('pxReadyTasksLists') + priority * listBytes
  const listBytes = (listOf('xDelayedTaskList1') - listOf('pxReadyTasksLists')) / PRIORITIES
  const events = memory.list()
  const queue = memory.list()
  const put = (name: string, priority: number, list: number, event?: number) => {
    const task = memory.task(name, priority)
    memory.link(list, task.state)
    if (event !== undefined) memory.link(event, task.event)
    return task.tcb
  }
  put('IDLE', 0, ready(0))
  memory.set('pxCurrentTCB', put('worker', 2, ready(2)))
  put('other', 2, ready(2))
  put('top', 4, ready(4))
  put('sleeper', 1, listOf('xDelayedTaskList1'))
  put('timed', 3, listOf('xDelayedTaskList1'), queue)
  put('overflowed', 1, listOf('xDelayedTaskList2'))
  put('forever', 3, listOf('xSuspendedTaskList'), events)
  put('parked', 3, listOf('xSuspendedTaskList'))
  put('woken', 3, listOf('xSuspendedTaskList'), listOf('xPendingReadyList'))
  put('gone', 1, listOf('xTasksWaitingTermination'))
  memory.set('uxCurrentNumberOfTasks', 11)
  memory.set('xSchedulerRunning', 1)
  return memory
}

const STATES = {
  ...{ IDLE: 'ready 0', worker: 'running 2', other: 'ready 2', top: 'ready 4' },
  ...{ sleeper: 'blocked 1', timed: 'blocked 3', overflowed: 'blocked 1' },
  ...{ forever: 'blocked 3', parked: 'suspended 3', woken: 'ready 3', gone: 'deleted 1' },
}

const shown = (tasks: readonly Task[] | undefined) =>
  Object.fromEntries(
    tasks?.map(({ name, state, priority }) => [name, `${state} ${priority}`]) ?? [],
  )

const configurations: Readonly<Record<string, Configuration>> = {
  'as FreeRTOS comes': {},
  'integrity checks': { checks: true },
  'ends that are whole items': { wholeEnds: true },
  'checks and whole ends': { checks: true, wholeEnds: true },
  'the MPU, 8 regions': { mpuWords: 9 },
  'the MPU with contexts and stacks for system calls in the block': { mpuWords: 9 + 54 + 133 },
  'ticks of 16 bits': { shortTicks: true },
  'checks and ticks of 16 bits': { checks: true, shortTicks: true },
  'checks before 10.5': { checks: true, isOlder: true },
  'checks and ticks of 16 bits before 10.5': { checks: true, shortTicks: true, isOlder: true },
  everything: { checks: true, wholeEnds: true, mpuWords: 200, shortTicks: true },
}

for (const [name, configuration] of Object.entries(configurations)) {
  test(`a task in each state: ${name}`, async () => {
    const kernel = everyState(configuration).kernel()
    assert.deepEqual(shown(await kernel.tasks()), STATES)
    assert.equal(kernel.isUnknown, false)
  })
}

test('a program without lists for suspended and deleted tasks has the others', async () => {
  const memory = everyState({})
  for (const name of ['xSuspendedTaskList', 'xTasksWaitingTermination']) memory.symbols.delete(name)
  memory.set('uxCurrentNumberOfTasks', 8)
  const { forever, parked, gone, ...others } = STATES
  assert.deepEqual(shown(await memory.kernel().tasks()), others, `${forever} ${parked} ${gone}`)
})

test('a task that is on its way from one list to another is there, if it is the one that runs', async () => {
  const memory = everyState({})
  const { tcb } = memory.task('between', 1)
  memory.set('pxCurrentTCB', tcb)
  memory.set('uxCurrentNumberOfTasks', 12)
  const tasks = shown(await memory.kernel().tasks())
  assert.deepEqual(tasks, { ...STATES, worker: 'ready 2', between: 'running 1' })
})

test('before the scheduler runs, and where the memory is cut off, there are no tasks', async () => {
  const memory = everyState({})
  memory.set('xSchedulerRunning', 0)
  const waiting = memory.kernel()
  assert.equal(await waiting.tasks(), undefined)
  assert.equal(waiting.isUnknown, false)
})

test('what is laid out as in no version has no tasks, and that is known', async () => {
  for (const spoil of [
    (memory: Memory) => memory.set('pxReadyTasksLists', 1000),
    (memory: Memory) => memory.set(memory.symbols.get('pxReadyTasksLists')! + 8, 3),
    (memory: Memory) => memory.set('pxCurrentTCB', BASE),
  ]) {
    const memory = everyState({})
    spoil(memory)
    const kernel = memory.kernel()
    assert.equal(await kernel.tasks(), undefined)
    assert.equal(kernel.isUnknown, true)
  }
})
