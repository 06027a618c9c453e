/*
 * What goes wrong with floating-point state, as software sees it: stacks that cannot be written or
 * read, access that is refused, limits; each lazily and at once. Prints what does not depend on
 * the security state.
 */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define REGISTER(address) (*(volatile uint32_t *)(address))
#define VTOR REGISTER(0xe000ed08)
#define SHPR1 REGISTER(0xe000ed18)
#define SHPR2 REGISTER(0xe000ed1c)
#define SHCSR REGISTER(0xe000ed24)
#define CFSR REGISTER(0xe000ed28)
#define CPACR REGISTER(0xe000ed88)
#define MPU_CTRL REGISTER(0xe000ed94)
#define MPU_RNR REGISTER(0xe000ed98)
#define MPU_RBAR REGISTER(0xe000ed9c)
#define MPU_RLAR REGISTER(0xe000eda0)
#define FPCCR REGISTER(0xe000ef34)
#define FPCAR REGISTER(0xe000ef38)

#define LSPEN (1u << 30)
#define ASPEN (1u << 31)
#ifdef SECURE
#define SHOWN 0xffffffffu
#define CONTROL_SHOWN 15u
#define RETURN_SHOWN 0xffffffffu
#else
#define SHOWN 0xc000062bu
#define CONTROL_SHOWN 7u
#define RETURN_SHOWN 0x1cu
#endif
#define MSTKERR (1u << 4)
#define STKOF (1u << 20)
#define FLOAT_ACCESS (0xfu << 20)
#define FLOAT_PRIVILEGED (0x5u << 20)

enum { STACK_WORDS = 256 };
static uint32_t stack[STACK_WORDS] __attribute__((aligned(32)));
#define TOP (&stack[STACK_WORDS])
static uint32_t table[16] __attribute__((aligned(128)));

static void barrier(void) { __asm__ volatile("dsb\n\tisb" ::: "memory"); }

/* The scenario under way, and what was seen of it. */
static struct {
  const char *name;
  uint32_t fpccr;
  uint32_t access_in_handler;
  int wants_float, breaks_stack, breaks_before, is_unprivileged, is_late;
  uint32_t limit;
} now;

static struct {
  uint32_t svc_return, svc_fpccr, after_fpccr, control, first;
  uint32_t faults, fault_return[4], fault_status[4], fault_fpccr[4], fault_number[4];
} seen;

/* The last 256 bytes of the thread's stack become read-only, or closed to unprivileged code. */
static void break_stack(void) {
  MPU_RNR = 0;
  MPU_RBAR = (uint32_t)(TOP - 64) | (now.is_unprivileged ? 0u << 1 : 2u << 1) | 1;
  MPU_RLAR = (uint32_t)(TOP - 1) | 1;
  MPU_CTRL = 5;
  barrier();
}

static void repair(void) {
  MPU_CTRL = 0;
  CPACR |= FLOAT_ACCESS;
  barrier();
}

void __attribute__((used)) supervisor(uint32_t exc_return) {
  seen.svc_return = exc_return & RETURN_SHOWN;
  seen.svc_fpccr = FPCCR & SHOWN;
  if (now.breaks_stack) break_stack();
  if (now.access_in_handler != FLOAT_ACCESS) {
    CPACR = (CPACR & ~FLOAT_ACCESS) | now.access_in_handler;
    barrier();
  }
  if (now.wants_float) __asm__ volatile("vmov s0, %0\n\tvmov s15, %0" ::"r"(0x77777777) : "s0", "s15");
  seen.after_fpccr = FPCCR & SHOWN;
}

void __attribute__((naked)) supervisor_entry(void) {
  __asm__ volatile("mov r0, lr\n\tpush {r4, lr}\n\tbl supervisor\n\tpop {r4, pc}");
}

void __attribute__((used)) fault(uint32_t exc_return, uint32_t number) {
  uint32_t at = seen.faults++ & 3;
  seen.fault_return[at] = exc_return & RETURN_SHOWN;
  seen.fault_status[at] = CFSR;
  seen.fault_fpccr[at] = FPCCR & SHOWN;
  seen.fault_number[at] = number;
  CFSR = CFSR;
  repair();
  uint32_t none = 0;
  __asm__ volatile("msr psplim, %0" ::"r"(none));
  if (seen.fault_status[at] & (STKOF | MSTKERR)) {
    /* The frame was not written: the thread goes on from one made here. */
    extern void resume_here(void);
    uint32_t *frame = TOP - 48;
    memset(frame, 0, 104);
    frame[6] = (uint32_t)resume_here & ~1u;
    frame[7] = 1u << 24;
    __asm__ volatile("msr psp, %0" ::"r"(frame));
  }
}

void __attribute__((naked)) fault_entry(void) {
  __asm__ volatile("mov r0, lr\n\tmrs r1, ipsr\n\tpush {r4, lr}\n\tbl fault\n\tpop {r4, pc}");
}

/*
 * Runs on the process stack: s0 to s31 hold 0x40000000 and so on, then SVC, then the registers go
 * to `words`. r4 to r11 keep what main needs.
 */
static uint32_t values[32], words[33];
extern void thread(uint32_t *from, uint32_t *to, uint32_t control_inside, uint32_t top);
__asm__(
    ".text\n.thumb\n.syntax unified\n.thumb_func\n.global thread\n"
    "thread:\n\tpush {r4-r11, lr}\n\tvpush {s16-s31}\n\tmov r4, r1\n\tldr r5, =saved_stack\n\t"
    "str sp, [r5]\n\tvldmia r0, {s0-s31}\n\tmov r6, #0x90000000\n\tvmsr fpscr, r6\n\t"
    "msr psp, r3\n\tmrs r6, control\n\tand r6, r6, #12\n\torr r2, r2, r6\n\tmsr control, r2\n\tisb\n\t"
    "svc 0\n"
    ".thumb_func\n.global resume_here\nresume_here:\n\t"
    "svc 1\n\tldr r4, =words\n\tvstmia r4, {s0-s31}\n\tvmrs r6, fpscr\n\tstr r6, [r4, #128]\n\t"
    "mrs r6, control\n\tbic r6, r6, #3\n\tmsr control, r6\n\tisb\n\tldr r5, =saved_stack\n\t"
    "ldr sp, [r5]\n\tvpop {s16-s31}\n\tpop {r4-r11, pc}\n\t.ltorg\n");
uint32_t saved_stack;

/* SVC 1: privilege again, and everything repaired. */
void __attribute__((used)) leave(void) {
  repair();
  FPCCR = now.fpccr;
  uint32_t inside;
  __asm__ volatile("mrs %0, control" : "=r"(inside));
  seen.control = inside & CONTROL_SHOWN;
  inside &= ~1u;
  __asm__ volatile("msr control, %0\n\tisb" ::"r"(inside));
}

void __attribute__((naked)) call_entry(void) {
  __asm__ volatile(
      "ldr r0, =in_thread\n\tldr r1, [r0]\n\tadds r2, r1, #1\n\tstr r2, [r0]\n\tcmp r1, #0\n\t"
      "beq supervisor_entry\n\tpush {r4, lr}\n\tbl leave\n\tpop {r4, pc}\n\t.ltorg");
}
uint32_t in_thread;

static void run(void) {
  memset(&seen, 0, sizeof seen);
  memset(stack, 0, sizeof stack);
  memset(words, 0, sizeof words);
  for (int i = 0; i < 32; i++) values[i] = 0x40000000u + (uint32_t)i;
  in_thread = 0;
  FPCCR = now.fpccr;
  SHPR1 = 0;
  /* Faults go before SVC, or wait for its end. */
  SHPR2 = now.is_late ? 0 : 0x80u << 24;
  SHPR1 = now.is_late ? 0x00808080 : 0;
  uint32_t limit = now.limit;
  __asm__ volatile("msr psplim, %0" ::"r"(limit));
  barrier();
  if (now.breaks_before) break_stack();
  thread(values, words, now.is_unprivileged ? 3 : 2, (uint32_t)TOP);
  uint32_t none = 0;
  __asm__ volatile("msr psplim, %0" ::"r"(none));
  repair();
  printf("%s: svc %lx fpccr %08lx %08lx\n", now.name, (unsigned long)seen.svc_return,
         (unsigned long)seen.svc_fpccr, (unsigned long)seen.after_fpccr);
  for (uint32_t i = 0; i < seen.faults; i++) {
    printf("  fault %lu return %lx cfsr %08lx fpccr %08lx\n", (unsigned long)seen.fault_number[i],
           (unsigned long)seen.fault_return[i], (unsigned long)seen.fault_status[i],
           (unsigned long)seen.fault_fpccr[i]);
  }
  printf("  control %lx fpscr %08lx", (unsigned long)seen.control, (unsigned long)words[32]);
  for (int i = 0; i < 32; i++) printf(" %lx", (unsigned long)words[i]);
  printf("\n");
}

int main(void) {
  VTOR = (uint32_t)table;
  table[4] = table[5] = table[6] = (uint32_t)fault_entry;
  table[11] = (uint32_t)call_entry;
  SHCSR |= 7u << 16;
  barrier();
  const uint32_t lazy = ASPEN | LSPEN, at_once = ASPEN, full = FLOAT_ACCESS;
  const struct {
    const char *name;
    uint32_t fpccr, access;
    int wants, breaks, before, unprivileged, late;
    uint32_t limit;
  } scenarios[] = {
      {"well, lazily", lazy, full, 1, 0, 0, 0, 0, 0},
      {"well, without privilege", lazy, full, 1, 0, 0, 1, 0, 0},
      {"no stack when wanted", lazy, full, 1, 1, 0, 0, 0, 0},
      {"no stack when wanted, fault waits", lazy, full, 1, 1, 0, 0, 1, 0},
      {"no stack when wanted, without privilege", lazy, full, 1, 1, 0, 1, 0, 0},
      {"no stack, not wanted", lazy, full, 0, 1, 0, 0, 0, 0},
      {"no stack on return, without privilege", lazy, full, 0, 1, 0, 1, 0, 0},
      {"no stack at once, on return", at_once, full, 0, 1, 0, 0, 0, 0},
      {"no stack at once, without privilege", at_once, full, 0, 1, 0, 1, 0, 0},
      {"no stack before, lazily", lazy, full, 1, 0, 1, 0, 0, 0},
      {"no stack before, at once", at_once, full, 1, 0, 1, 0, 0, 0},
      {"refused in the handler, lazily", lazy, 0, 1, 0, 0, 0, 0, 0},
      {"refused on return, lazily", lazy, 0, 0, 0, 0, 0, 0, 0},
      {"refused on return, at once", at_once, 0, 0, 0, 0, 0, 0, 0},
      {"privileged only, lazily", lazy, FLOAT_PRIVILEGED, 1, 0, 0, 1, 0, 0},
      {"privileged only, on return", at_once, FLOAT_PRIVILEGED, 0, 0, 0, 1, 0, 0},
      {"limit below the frame", lazy, full, 1, 0, 0, 0, 0, 104},
      {"limit inside the frame, lazily", lazy, full, 1, 0, 0, 0, 0, 96},
      {"limit inside the frame, at once", at_once, full, 1, 0, 0, 0, 0, 96},
      {"limit inside the basic frame", lazy, full, 1, 0, 0, 0, 0, 16},
  };
  for (unsigned i = 0; i < sizeof scenarios / sizeof *scenarios; i++) {
    memset(&now, 0, sizeof now);
    now.name = scenarios[i].name;
    now.fpccr = scenarios[i].fpccr;
    now.access_in_handler = scenarios[i].access;
    now.wants_float = scenarios[i].wants;
    now.breaks_stack = scenarios[i].breaks;
    now.breaks_before = scenarios[i].before;
    now.is_unprivileged = scenarios[i].unprivileged;
    now.is_late = scenarios[i].late;
    now.limit = scenarios[i].limit ? (uint32_t)TOP - scenarios[i].limit : 0;
    run();
  }
  return 0;
}
