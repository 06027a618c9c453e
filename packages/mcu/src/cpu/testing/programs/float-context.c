/*
 * Floating-point state across exceptions, as software sees it: frames, lazy saving, new contexts,
 * refusals, and threads that are switched. Prints what does not depend on the security state.
 */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define REGISTER(address) (*(volatile uint32_t *)(address))
#define ICSR REGISTER(0xe000ed04)
#define VTOR REGISTER(0xe000ed08)
#define SHPR3 REGISTER(0xe000ed20)
#define SHCSR REGISTER(0xe000ed24)
#define CFSR REGISTER(0xe000ed28)
#define CPACR REGISTER(0xe000ed88)
#define FPCCR REGISTER(0xe000ef34)
#define FPCAR REGISTER(0xe000ef38)
#define FPDSCR REGISTER(0xe000ef3c)

#define LSPACT (1u << 0)
#define CLRONRET (1u << 28)
#define LSPEN (1u << 30)
#define ASPEN (1u << 31)
/* With -DSECURE everything; else LSPACT, USER, THREAD, MMRDY, SPLIMVIOL, UFRDY, LSPEN, ASPEN: the others depend on the security state. */
#ifdef SECURE
#define SHOWN 0xffffffffu
#define CONTROL_SHOWN 15u
#define RETURN_SHOWN 0xffffffffu
#else
#define SHOWN 0xc000062bu
#define CONTROL_SHOWN 7u
#define RETURN_SHOWN 0x1cu
#endif
#define FLOAT_ACCESS (0xfu << 20)

static uint32_t table[16] __attribute__((aligned(128)));
static uint32_t basic_return;

static void barrier(void) { __asm__ volatile("dsb\n\tisb" ::: "memory"); }

static uint32_t fpscr(void) {
  uint32_t value;
  __asm__ volatile("vmrs %0, fpscr" : "=r"(value));
  return value;
}

static uint32_t control(void) {
  uint32_t value;
  __asm__ volatile("mrs %0, control" : "=r"(value));
  return value & CONTROL_SHOWN;
}

/* s0 to s31 become base, base + 1, ... */
static uint32_t values[32];
static void __attribute__((naked, noinline)) fill_registers(uint32_t *from __attribute__((unused))) {
  __asm__ volatile("vldmia r0, {s0-s31}\n\tbx lr");
}

static void fill(uint32_t base) {
  for (int i = 0; i < 32; i++) values[i] = base + (uint32_t)i;
  fill_registers(values);
}

static uint32_t words[32];
static void __attribute__((noinline)) take(void) {
  __asm__ volatile("vstmia %0, {s0-s31}" ::"r"(words) : "memory");
}

/* What the handler of SVC does and finds. */
static struct {
  int uses_float, modifies, pends;
  uint32_t exc_return, fpccr_before, fpccr_after, fpcar, control_before, control_after, fpscr;
  uint32_t before[26], after[26];
} seen;

void __attribute__((used)) supervisor(uint32_t exc_return, uint32_t *frame) {
  seen.exc_return = exc_return;
  seen.fpccr_before = FPCCR & SHOWN;
  seen.fpcar = seen.fpccr_before & LSPACT ? FPCAR - (uint32_t)frame : 0;
  seen.control_before = control();
  memcpy(seen.before, frame, exc_return & 16 ? 32 : 104);
  if (seen.uses_float) {
    seen.fpscr = fpscr();
    fill(0x70000000);
  }
  seen.fpccr_after = FPCCR & SHOWN;
  seen.control_after = control();
  memcpy(seen.after, frame, exc_return & 16 ? 32 : 104);
  if (seen.modifies) {
    frame[8] = 0x12345678;
    frame[24] = 0x60000000;
  }
  if (seen.pends) ICSR = 1u << 28;
}

void __attribute__((naked)) supervisor_entry(void) {
  __asm__ volatile(
      "mov r0, lr\n\ttst lr, #4\n\tite eq\n\tmrseq r1, msp\n\tmrsne r1, psp\n\t"
      "push {r4, lr}\n\tbl supervisor\n\tpop {r4, pc}");
}

/* UsageFault: says what it was, lets floating point in, and tries again. */
static uint32_t refused, refused_return, refused_fpccr;
void __attribute__((used)) usage(uint32_t exc_return) {
  refused = CFSR;
  refused_return = exc_return & RETURN_SHOWN;
  refused_fpccr = FPCCR & SHOWN;
  CFSR = refused;
  CPACR |= FLOAT_ACCESS;
  barrier();
}

void __attribute__((naked)) usage_entry(void) {
  __asm__ volatile("mov r0, lr\n\tpush {r4, lr}\n\tbl usage\n\tpop {r4, pc}");
}

static void call(void) { __asm__ volatile("svc 0" ::: "memory", "r0", "r1", "r2", "r3", "r12"); }

static void show(const char *name) {
  printf("%s: return %lx fpccr %08lx %08lx fpcar %lx control %lx %lx fpscr %08lx\n", name,
         (unsigned long)(seen.exc_return & RETURN_SHOWN), (unsigned long)seen.fpccr_before,
         (unsigned long)seen.fpccr_after, (unsigned long)seen.fpcar,
         (unsigned long)seen.control_before, (unsigned long)seen.control_after,
         (unsigned long)seen.fpscr);
  if (!(seen.exc_return & 16) && !(seen.fpccr_after & LSPACT)) {
    for (int i = 8; i < 25; i++) printf("%lx ", (unsigned long)seen.after[i]);
    printf("\n");
  }
}

static void after(void) {
  uint32_t status = fpscr(), now = control();
  take();
  for (int i = 0; i < 32; i++) printf("%lx ", (unsigned long)words[i]);
  printf("fpscr %08lx control %lx fpccr %08lx\n", (unsigned long)status, (unsigned long)now,
         (unsigned long)(FPCCR & SHOWN));
}

static void one(const char *name, uint32_t fpccr, int active, int uses_float, int modifies) {
  FPCCR = fpccr;
  barrier();
  memset(&seen, 0, sizeof seen);
  seen.uses_float = uses_float;
  seen.modifies = modifies;
  __asm__ volatile("vmsr fpscr, %0" ::"r"(0x90000000));
  fill(0x40000000);
  if (!active) {
    uint32_t inactive = control() & ~4u;
    __asm__ volatile("msr control, %0\n\tisb" ::"r"(inactive));
  }
  call();
  uint32_t status = fpscr();
  take();
  uint32_t kept[32];
  memcpy(kept, words, sizeof kept);
  show(name);
  for (int i = 0; i < 32; i++) printf("%lx ", (unsigned long)kept[i]);
  printf("fpscr %08lx\n", (unsigned long)status);
}

/* Threads: each keeps sums in registers over yields. */
enum { THREADS = 3, STACK_WORDS = 1500 };
static uint32_t stacks[THREADS][STACK_WORDS] __attribute__((aligned(8)));
static uint32_t *pointers[THREADS];
static volatile int running, finished, switches, extended;

void __attribute__((used)) *change(uint32_t *pointer, uint32_t exc_return) {
  pointers[running] = pointer;
  running = (running + 1) % THREADS;
  switches++;
  if (!(exc_return & 16)) extended++;
  return pointers[running];
}

void __attribute__((naked)) change_entry(void) {
  __asm__ volatile(
      "mrs r0, psp\n\ttst lr, #16\n\tit eq\n\tvstmdbeq r0!, {s16-s31}\n\t"
      "stmdb r0!, {r4-r11, lr}\n\tmov r1, lr\n\tbl change\n\t"
      "ldmia r0!, {r4-r11, lr}\n\ttst lr, #16\n\tit eq\n\tvldmiaeq r0!, {s16-s31}\n\t"
      "msr psp, r0\n\tisb\n\tbx lr");
}

static void yield(void) {
  ICSR = 1u << 28;
  barrier();
}

static volatile float results[THREADS];
static void float_thread(int number) {
  float sum = (float)number, factor = 1.0f + 0.01f * (float)number;
  for (int i = 0; i < 50; i++) {
    sum = sum * factor + 1.0f / (float)(i + 1);
    if (i % (3 + number) == 0) yield();
  }
  results[number] = sum;
  finished++;
  for (;;) yield();
}

static void integer_thread(int number) {
  uint32_t x = (uint32_t)number;
  for (int i = 0; i < 50; i++) {
    x = x * 1664525u + 1013904223u;
    yield();
  }
  results[number] = (float)(x >> 8);
  finished++;
  for (;;) yield();
}

static void prepare(int number, void (*run)(int)) {
  uint32_t *frame = &stacks[number][STACK_WORDS - 8];
  memset(frame, 0, 32);
  frame[0] = (uint32_t)number;
  frame[6] = (uint32_t)run & ~1u;
  frame[7] = 1u << 24;
  frame -= 9;
  memset(frame, 0, 32);
  frame[8] = basic_return | 4;
  pointers[number] = frame;
}

static void main_thread(void) {
  while (finished < 2) yield();
  printf("switches %d extended %d\n", switches, extended);
  for (int i = 1; i < THREADS; i++) printf("%.9g\n", (double)results[i]);
}

int main(void) {
  VTOR = (uint32_t)table;
  table[6] = (uint32_t)usage_entry;
  table[11] = (uint32_t)supervisor_entry;
  table[14] = (uint32_t)change_entry;
  SHCSR |= 7u << 16;
  SHPR3 = 0xffu << 16;
  barrier();
  printf("reset %08lx %lx\n", (unsigned long)(FPCCR & SHOWN), (unsigned long)FPDSCR);
  one("inactive", ASPEN | LSPEN, 0, 0, 0);
  basic_return = seen.exc_return | 16;
  one("lazy, not wanted", ASPEN | LSPEN, 1, 0, 0);
  one("lazy, wanted", ASPEN | LSPEN, 1, 1, 0);
  one("lazy, wanted, modified", ASPEN | LSPEN, 1, 1, 1);
  one("at once", ASPEN, 1, 0, 0);
  one("at once, wanted", ASPEN, 1, 1, 0);
  one("at once, modified", ASPEN, 1, 1, 1);
  one("not automatic", LSPEN, 1, 1, 0);
  one("cleared on return, lazy", ASPEN | LSPEN | CLRONRET, 1, 0, 0);
  one("cleared on return, wanted", ASPEN | LSPEN | CLRONRET, 1, 1, 0);
  one("cleared on return, at once", ASPEN | CLRONRET, 1, 1, 0);
  FPDSCR = 0x07c00000;
  one("new modes", ASPEN | LSPEN, 1, 1, 0);
  FPDSCR = 0;
  FPCCR = ASPEN | LSPEN;
  CPACR &= ~FLOAT_ACCESS;
  barrier();
  fill(0x50000000);
  printf("refused %08lx %lx %08lx\n", (unsigned long)refused, (unsigned long)refused_return,
         (unsigned long)refused_fpccr);
  after();
  prepare(1, float_thread);
  prepare(2, integer_thread);
  uint32_t stack = (uint32_t)&stacks[0][STACK_WORDS];
  /* The main program becomes thread 0, on a stack that main_thread alone uses. */
  __asm__ volatile(
      "msr psp, %0\n\tmov r4, %1\n\tmrs r5, control\n\torr r5, r5, #2\n\tmsr control, r5\n\tisb\n\t"
      "blx r4\n\tmrs r5, control\n\tbic r5, r5, #2\n\tmsr control, r5\n\tisb" ::"r"(stack),
      "r"(main_thread)
      : "memory", "r0", "r1", "r2", "r3", "r4", "r5", "r12", "lr", "cc", "s0", "s1", "s2", "s3", "s4",
        "s5", "s6", "s7", "s8", "s9", "s10", "s11", "s12", "s13", "s14", "s15");
  return 0;
}
