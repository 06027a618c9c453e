/* Tasks as a debugger of FreeRTOS finds them: a scheduler of our own, with the names and the layout of
 * its lists (list.h), control blocks (tasks.c) and switched-out contexts (portable/GCC/ARM_CM33_NTZ). */
#include <stddef.h>
#include <stdint.h>

/* With configUSE_LIST_DATA_INTEGRITY_CHECK_BYTES, without configUSE_MINI_LIST_ITEM, with the MPU. */
#ifdef LAID_OUT_OTHERWISE
#define CHECK(number) uint32_t check##number;
#define MPU_SETTINGS uint32_t settings[9];
typedef struct item EndItem_t;
#else
#define CHECK(number)
#define MPU_SETTINGS
typedef struct end EndItem_t;
#endif

typedef struct item {
    CHECK(1)
    uint32_t xItemValue;
    struct item *pxNext, *pxPrevious;
    void *pvOwner;
    struct list *pxContainer;
    CHECK(2)
} ListItem_t;

struct end {
    CHECK(1)
    uint32_t xItemValue;
    ListItem_t *pxNext, *pxPrevious;
};

typedef struct list {
    CHECK(1)
    uint32_t uxNumberOfItems;
    ListItem_t *pxIndex;
    EndItem_t xListEnd;
    CHECK(2)
} List_t;

typedef struct {
    uint32_t *pxTopOfStack;
    MPU_SETTINGS
    ListItem_t xStateListItem, xEventListItem;
    uint32_t uxPriority;
    uint32_t *pxStack;
    char pcTaskName[16];
} TCB_t;

enum { PRIORITIES = 3, STACK_WORDS = 128, TASKS = 6 };

TCB_t *volatile pxCurrentTCB;
static List_t pxReadyTasksLists[PRIORITIES], xDelayedTaskList1, xSuspendedTaskList;
static volatile uint32_t uxCurrentNumberOfTasks, xSchedulerRunning;
static TCB_t blocks[TASKS];
static uint32_t stacks[TASKS][STACK_WORDS] __attribute__((aligned(8)));
static List_t event_list;
volatile uint32_t turns[TASKS];

#define END(list) ((ListItem_t *)&(list)->xListEnd)

static void list_begin(List_t *list)
{
    list->pxIndex = list->xListEnd.pxNext = list->xListEnd.pxPrevious = END(list);
    list->xListEnd.xItemValue = 0xffffffffu;
}

static void list_add(List_t *list, ListItem_t *item)
{
    ListItem_t *last = list->xListEnd.pxPrevious;
    item->pxNext = END(list);
    item->pxPrevious = last;
    last->pxNext = list->xListEnd.pxPrevious = item;
    item->pxContainer = list;
    list->uxNumberOfItems++;
}

static void list_remove(ListItem_t *item)
{
    List_t *list = item->pxContainer;
    item->pxNext->pxPrevious = item->pxPrevious;
    item->pxPrevious->pxNext = item->pxNext;
    if (list->pxIndex == item)
        list->pxIndex = item->pxPrevious;
    item->pxContainer = NULL;
    list->uxNumberOfItems--;
}

static TCB_t *task_create(void (*code)(uint32_t), const char *name, uint32_t priority)
{
    uint32_t number = uxCurrentNumberOfTasks++;
    TCB_t *task = &blocks[number];
    uint32_t *top = &stacks[number][STACK_WORDS];
    *--top = 0x01000000u;
    *--top = (uint32_t)code & ~1u;
    top -= 6;
    top[0] = number;
    top -= 10;
    top[0] = (uint32_t)stacks[number];
    top[1] = 0xffffffbcu;
    task->pxTopOfStack = top;
    task->pxStack = stacks[number];
    task->uxPriority = priority;
    for (uint32_t i = 0; name[i]; i++)
        task->pcTaskName[i] = name[i];
    task->xStateListItem.pvOwner = task->xEventListItem.pvOwner = task;
    list_add(&pxReadyTasksLists[priority], &task->xStateListItem);
    return task;
}

__attribute__((used)) void vTaskSwitchContext(void)
{
    uint32_t priority = PRIORITIES - 1;
    while (pxReadyTasksLists[priority].uxNumberOfItems == 0)
        priority--;
    List_t *list = &pxReadyTasksLists[priority];
    do {
        list->pxIndex = list->pxIndex->pxNext;
    } while (list->pxIndex == END(list));
    pxCurrentTCB = list->pxIndex->pvOwner;
}

__attribute__((naked)) static void pend_sv(void)
{
    __asm volatile("mrs r0, psp\n"
                   "tst lr, #0x10\n"
                   "it eq\n"
                   "vstmdbeq r0!, {s16-s31}\n"
                   "mrs r2, psplim\n"
                   "mov r3, lr\n"
                   "stmdb r0!, {r2-r11}\n"
                   "ldr r2, =pxCurrentTCB\n"
                   "ldr r1, [r2]\n"
                   "str r0, [r1]\n"
                   "bl vTaskSwitchContext\n"
                   "ldr r2, =pxCurrentTCB\n"
                   "ldr r1, [r2]\n"
                   "ldr r0, [r1]\n"
                   "ldmia r0!, {r2-r11}\n"
                   "tst r3, #0x10\n"
                   "it eq\n"
                   "vldmiaeq r0!, {s16-s31}\n"
                   "msr psplim, r2\n"
                   "msr psp, r0\n"
                   "bx r3\n");
}

/* The first task begins here. */
__attribute__((naked)) static void sv_call(void)
{
    __asm volatile("ldr r2, =pxCurrentTCB\n"
                   "ldr r1, [r2]\n"
                   "ldr r0, [r1]\n"
                   "ldmia r0!, {r2-r11}\n"
                   "msr psplim, r2\n"
                   "msr psp, r0\n"
                   "bx r3\n");
}

static void switch_tasks(void)
{
    *(volatile uint32_t *)0xe000ed04u = 1u << 28;
    __asm volatile("dsb\nisb");
}

/* Off the ready list, for good. */
static void wait_in(List_t *list)
{
    __asm volatile("cpsid i");
    list_remove(&pxCurrentTCB->xStateListItem);
    list_add(list, &pxCurrentTCB->xStateListItem);
    __asm volatile("cpsie i");
    switch_tasks();
}

/* Uses floating point, in high and low registers. */
__attribute__((noinline)) void floating(uint32_t number)
{
    __asm volatile("vmov.f32 s3, #3.0\nvmov.f32 s17, #17.0\nvmov.f32 s31, #31.0");
    for (;;)
        turns[number]++;
}

__attribute__((noinline)) void whole(uint32_t number)
{
    uint32_t by = 2;
    for (;;)
        turns[number] += by;
}

static void asleep(uint32_t number)
{
    turns[number] = 1;
    wait_in(&xDelayedTaskList1);
}

static void parked(uint32_t number)
{
    turns[number] = 1;
    wait_in(&xSuspendedTaskList);
}

/* Without a time limit: on the list of the suspended, and on that of what it waits for. */
static void waiting(uint32_t number)
{
    turns[number] = 1;
    list_add(&event_list, &pxCurrentTCB->xEventListItem);
    wait_in(&xSuspendedTaskList);
}

static void idle(uint32_t number)
{
    for (;;)
        turns[number] += 1;
}

int main(void)
{
    *(volatile uint32_t *)0xe000ed88u |= 0xfu << 20;
    for (uint32_t i = 0; i < PRIORITIES; i++)
        list_begin(&pxReadyTasksLists[i]);
    list_begin(&xDelayedTaskList1);
    list_begin(&xSuspendedTaskList);
    list_begin(&event_list);
    task_create(idle, "IDLE", 0);
    task_create(floating, "floating", 1);
    task_create(whole, "whole", 1);
    task_create(asleep, "asleep", 2);
    task_create(parked, "parked", 2);
    task_create(waiting, "waiting", 2);
    *(volatile uint32_t *)0xe000ed20u = 0xf0f00000u; /* PendSV and SysTick last */
    *(volatile uint32_t *)0xe000e014u = 20000u;
    *(volatile uint32_t *)0xe000e010u = 7u;
    vTaskSwitchContext();
    xSchedulerRunning = 1;
    __asm volatile("svc 0");
    return 0;
}

extern uint32_t stack_top[];

static void reset(void)
{
    main();
    for (;;)
        ;
}

static void stuck(void)
{
    for (;;)
        ;
}

static void tick(void)
{
    switch_tasks();
}

__attribute__((section(".vectors"), used)) static void (*const vectors[16])(void) = {
    (void (*)(void))stack_top, reset, stuck, stuck, stuck, stuck, stuck, stuck,
    stuck, stuck, stuck, sv_call, stuck, stuck, pend_sv, tick,
};
