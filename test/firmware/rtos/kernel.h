/*
 * A preemptive kernel: fixed priorities, round robin among equals, a tick of 1 ms. Mutexes lend
 * their owner the priority of who waits; queues and semaphores can be used from interrupts, too.
 *
 * Invariants:
 *   (1) The running task has the highest priority of those that are ready.
 *   (2) A task is in the list of at most one object that it waits for.
 *   (3) Kernel data changes only with interrupts off.
 */
#ifndef KERNEL_H
#define KERNEL_H

#include <stddef.h>
#include <stdint.h>

enum { TASKS_MAX = 10, IDLE_PRIORITY = 0, PRIORITY_MAX = 7 };
#define FOREVER 0xFFFFFFFFu

struct task;

/* Whatever tasks wait for: highest priority first, then the one that came first. */
struct waiters {
    struct task *first;
};

struct mutex {
    struct task *owner;
    struct waiters waiters;
    uint32_t depth;
};

struct semaphore {
    uint32_t count;
    struct waiters waiters;
};

struct queue {
    uint8_t *bytes;
    uint32_t item_bytes, capacity, count, head;
    struct waiters senders, receivers;
};

void task_create(const char *name, void (*entry)(void *), void *argument, uint32_t priority,
                 uint32_t *stack, uint32_t stack_words);
/* Starts the first task; does not return. */
void kernel_start(uint32_t cpu_hz);
void task_sleep(uint32_t milliseconds);
/* Sleeps until a moment that is `period` after the last one: no drift. */
void task_sleep_until(uint32_t *moment, uint32_t period);
uint32_t kernel_ticks(void);
uint32_t task_switches(void);
/* As lent by a mutex. */
uint32_t task_priority(void);

void mutex_lock(struct mutex *mutex);
void mutex_unlock(struct mutex *mutex);

/* 0: the time was over before. From interrupts only with a time of 0. */
int semaphore_take(struct semaphore *semaphore, uint32_t milliseconds);
void semaphore_give(struct semaphore *semaphore);

int queue_send(struct queue *queue, const void *item, uint32_t milliseconds);
int queue_receive(struct queue *queue, void *item, uint32_t milliseconds);

#define QUEUE(name, type, length)                                                                  \
    static uint8_t name##_bytes[sizeof(type) * (length)];                                          \
    static struct queue name = {.bytes = name##_bytes, .item_bytes = sizeof(type), .capacity = length}

#endif
