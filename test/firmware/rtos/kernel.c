/* The kernel: tasks, time, mutexes, semaphores, queues. See kernel.h. */
#include "kernel.h"

#include <string.h>

#include "../common/chip.h"

enum state { READY, WAITING, SLEEPING };

struct task {
    uint32_t *stack_pointer; /* First: the context switch knows. */
    uint32_t *stack_limit;   /* Second: likewise. */
    const char *name;
    uint32_t priority, own_priority;
    enum state state;
    uint32_t wake_at;
    int has_deadline, timed_out;
    struct waiters *waits_in;
    struct mutex *wants;
    struct task *next_waiter;
    uint32_t turn;
};

static struct task tasks[TASKS_MAX];
static uint32_t task_count;
static uint32_t ticks, switches, turns;
struct task *running;
static uint32_t idle_stack[128];

static uint32_t lock(void)
{
    uint32_t primask;
    __asm volatile("mrs %0, primask\n cpsid i" : "=r"(primask)::"memory");
    return primask;
}

static void unlock(uint32_t primask)
{
    __asm volatile("msr primask, %0" ::"r"(primask) : "memory");
}

static void ask_for_switch(void)
{
    SCB_ICSR = BIT(28);
    __asm volatile("dsb\n isb" ::: "memory");
}

static struct task *best(void)
{
    struct task *found = NULL;
    for (uint32_t i = 0; i < task_count; i++) {
        struct task *task = &tasks[i];
        if (task->state != READY) continue;
        int is_better = !found || task->priority > found->priority ||
                        (task->priority == found->priority && (int32_t)(task->turn - found->turn) < 0);
        if (is_better) found = task;
    }
    return found;
}

/* Called by PendSV with interrupts off. */
void kernel_choose(void)
{
    struct task *next = best();
    if (next == running) return;
    running->turn = ++turns;
    running = next;
    switches++;
}

static void make_ready(struct task *task)
{
    task->state = READY;
    task->has_deadline = 0;
    task->turn = ++turns;
    if (running && task->priority > running->priority) ask_for_switch();
}

static void enlist(struct waiters *list, struct task *task)
{
    struct task **at = &list->first;
    while (*at && (*at)->priority >= task->priority) at = &(*at)->next_waiter;
    task->next_waiter = *at;
    *at = task;
    task->waits_in = list;
}

static void delist(struct task *task)
{
    if (!task->waits_in) return;
    struct task **at = &task->waits_in->first;
    while (*at != task) at = &(*at)->next_waiter;
    *at = task->next_waiter;
    task->waits_in = NULL;
}

static struct task *take_first(struct waiters *list)
{
    struct task *task = list->first;
    if (task) delist(task);
    return task;
}

/* With interrupts off; they are on while it waits. 0: the time was over. */
static int wait_in(struct waiters *list, uint32_t milliseconds, uint32_t primask)
{
    struct task *self = running;
    self->state = WAITING;
    self->timed_out = 0;
    self->has_deadline = milliseconds != FOREVER;
    self->wake_at = ticks + milliseconds;
    if (list) enlist(list, self);
    ask_for_switch();
    unlock(primask);
    __asm volatile("" ::: "memory");
    lock();
    return !self->timed_out;
}

void SysTick_Handler(void)
{
    uint32_t primask = lock();
    ticks++;
    for (uint32_t i = 0; i < task_count; i++) {
        struct task *task = &tasks[i];
        if (task->state == READY || !task->has_deadline) continue;
        if ((int32_t)(ticks - task->wake_at) < 0) continue;
        task->timed_out = task->waits_in != NULL;
        delist(task);
        make_ready(task);
    }
    ask_for_switch();
    unlock(primask);
}

/* r4 to r11 and EXC_RETURN below what the hardware has stacked; s16 to s31 where the task used them. */
__attribute__((naked)) void PendSV_Handler(void)
{
    __asm volatile("  cpsid i\n"
                   "  mrs r0, psp\n"
                   "  tst lr, #0x10\n"
                   "  it eq\n"
                   "  vstmdbeq r0!, {s16-s31}\n"
                   "  stmdb r0!, {r4-r11, lr}\n"
                   "  ldr r4, =running\n"
                   "  ldr r1, [r4]\n"
                   "  str r0, [r1]\n"
                   "  bl kernel_choose\n"
                   "  ldr r1, [r4]\n"
                   "  ldr r0, [r1]\n"
                   "  ldr r2, [r1, #4]\n"
                   "  msr psplim, r2\n"
                   "  ldmia r0!, {r4-r11, lr}\n"
                   "  tst lr, #0x10\n"
                   "  it eq\n"
                   "  vldmiaeq r0!, {s16-s31}\n"
                   "  msr psp, r0\n"
                   "  cpsie i\n"
                   "  bx lr\n");
}

static void task_ended(void)
{
    for (;;) task_sleep(1000);
}

static void idle(void *unused)
{
    (void)unused;
    for (;;) __asm volatile("wfi");
}

void task_create(const char *name, void (*entry)(void *), void *argument, uint32_t priority,
                 uint32_t *stack, uint32_t stack_words)
{
    struct task *task = &tasks[task_count++];
    uint32_t *sp = (uint32_t *)((uintptr_t)(stack + stack_words) & ~7u);
    *--sp = 0x01000000;           /* xPSR: Thumb */
    *--sp = (uint32_t)entry & ~1u;
    *--sp = (uint32_t)task_ended;
    for (int i = 0; i < 4; i++) *--sp = 0; /* r12, r3 to r1 */
    *--sp = (uint32_t)argument;
    *--sp = 0xFFFFFFBC;           /* EXC_RETURN: thread mode, PSP, no floating-point frame */
    for (int i = 0; i < 8; i++) *--sp = 0; /* r11 to r4 */
    *task = (struct task){.stack_pointer = sp, .stack_limit = stack, .name = name};
    task->priority = task->own_priority = priority;
    task->turn = ++turns;
}

void kernel_start(uint32_t cpu_hz)
{
    task_create("idle", idle, NULL, IDLE_PRIORITY, idle_stack, 128);
    SCB_SHPR3 = 0xFFFF0000; /* PendSV and SysTick give way to every interrupt. */
    SYST_RVR = cpu_hz / 1000 - 1;
    SYST_CVR = 0;
    SYST_CSR = 7;
    /* The first switch leaves what is here now and never comes back to it. */
    static uint32_t spare_stack[64];
    static struct task here;
    __asm volatile("msr psp, %0" ::"r"(spare_stack + 64));
    running = &here;
    ask_for_switch();
    for (;;) {}
}

uint32_t kernel_ticks(void)
{
    return ticks;
}

uint32_t task_switches(void)
{
    return switches;
}

uint32_t task_priority(void)
{
    return running->priority;
}

void task_sleep(uint32_t milliseconds)
{
    uint32_t primask = lock();
    wait_in(NULL, milliseconds, primask);
    unlock(primask);
}

void task_sleep_until(uint32_t *moment, uint32_t period)
{
    *moment += period;
    int32_t left = (int32_t)(*moment - ticks);
    if (left > 0) task_sleep((uint32_t)left);
}

/* The owner, and whoever it waits for in turn, gets at least this priority. */
static void lend(struct mutex *mutex, uint32_t priority)
{
    while (mutex && mutex->owner && mutex->owner->priority < priority) {
        struct task *owner = mutex->owner;
        struct waiters *list = owner->waits_in;
        owner->priority = priority;
        if (list) {
            delist(owner);
            enlist(list, owner);
        }
        mutex = owner->wants;
    }
}

void mutex_lock(struct mutex *mutex)
{
    uint32_t primask = lock();
    if (mutex->owner == running) mutex->depth++;
    else if (!mutex->owner) {
        mutex->owner = running;
        mutex->depth = 1;
    } else {
        running->wants = mutex;
        lend(mutex, running->priority);
        /* Who unlocks hands it over. */
        wait_in(&mutex->waiters, FOREVER, primask);
        running->wants = NULL;
    }
    unlock(primask);
}

void mutex_unlock(struct mutex *mutex)
{
    uint32_t primask = lock();
    if (--mutex->depth == 0) {
        struct task *next = take_first(&mutex->waiters);
        running->priority = running->own_priority;
        mutex->owner = next;
        mutex->depth = next ? 1 : 0;
        if (next) make_ready(next);
        if (mutex->waiters.first) lend(mutex, mutex->waiters.first->priority);
        ask_for_switch();
    }
    unlock(primask);
}

int semaphore_take(struct semaphore *semaphore, uint32_t milliseconds)
{
    uint32_t primask = lock();
    int has_it = 1;
    if (semaphore->count > 0) semaphore->count--;
    else has_it = milliseconds > 0 && wait_in(&semaphore->waiters, milliseconds, primask);
    unlock(primask);
    return has_it;
}

void semaphore_give(struct semaphore *semaphore)
{
    uint32_t primask = lock();
    struct task *waiter = take_first(&semaphore->waiters);
    if (waiter) make_ready(waiter);
    else semaphore->count++;
    unlock(primask);
}

int queue_send(struct queue *queue, const void *item, uint32_t milliseconds)
{
    uint32_t primask = lock();
    while (queue->count == queue->capacity) {
        if (milliseconds == 0 || !wait_in(&queue->senders, milliseconds, primask)) {
            unlock(primask);
            return 0;
        }
    }
    uint32_t at = (queue->head + queue->count) % queue->capacity;
    memcpy(queue->bytes + at * queue->item_bytes, item, queue->item_bytes);
    queue->count++;
    struct task *waiter = take_first(&queue->receivers);
    if (waiter) make_ready(waiter);
    unlock(primask);
    return 1;
}

int queue_receive(struct queue *queue, void *item, uint32_t milliseconds)
{
    uint32_t primask = lock();
    while (queue->count == 0) {
        if (milliseconds == 0 || !wait_in(&queue->receivers, milliseconds, primask)) {
            unlock(primask);
            return 0;
        }
    }
    memcpy(item, queue->bytes + queue->head * queue->item_bytes, queue->item_bytes);
    queue->head = (queue->head + 1) % queue->capacity;
    queue->count--;
    struct task *waiter = take_first(&queue->senders);
    if (waiter) make_ready(waiter);
    unlock(primask);
    return 1;
}
