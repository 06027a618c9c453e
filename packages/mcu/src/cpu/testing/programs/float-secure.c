/*
 * What Secure code has of its own in floating point: FPCCR.TS and frames with all registers,
 * VLSTM and VLLDM in every mode, their faults. For the Secure state only.
 */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define REGISTER(address) (*(volatile uint32_t *)(address))
#define VTOR REGISTER(0xe000ed08)
#define SHCSR REGISTER(0xe000ed24)
#define CFSR REGISTER(0xe000ed28)
#define CPACR REGISTER(0xe000ed88)
#define SFSR REGISTER(0xe000ede4)
#define FPCCR REGISTER(0xe000ef34)
#define FPCAR REGISTER(0xe000ef38)
#define FPDSCR REGISTER(0xe000ef3c)

#define S (1u << 2)
#define TS (1u << 26)
#define LSPEN (1u << 30)
#define ASPEN (1u << 31)
#define FLOAT_ACCESS (0xfu << 20)

static uint32_t table[16] __attribute__((aligned(128)));
static uint32_t values[32], words[33];
static uint32_t area[40] __attribute__((aligned(8)));
static uint32_t frame_words[42], exc_return, svc_fpccr, late_fpccr;
static int wants_float;
static uint32_t fault_return, fault_status, fault_secure, fault_fpccr;

static void barrier(void) { __asm__ volatile("dsb\n\tisb" ::: "memory"); }

static void __attribute__((naked, noinline)) load(uint32_t *from __attribute__((unused))) {
  __asm__ volatile("vldmia r0, {s0-s31}\n\tbx lr");
}

static void __attribute__((naked, noinline)) store(uint32_t *to __attribute__((unused))) {
  __asm__ volatile("vstmia r0, {s0-s31}\n\tvmrs r1, fpscr\n\tstr r1, [r0, #128]\n\tbx lr");
}

static void __attribute__((naked, noinline)) save_lazily(uint32_t *to __attribute__((unused))) {
  __asm__ volatile("vlstm r0\n\tbx lr");
}

static void __attribute__((naked, noinline)) load_lazily(uint32_t *from __attribute__((unused))) {
  __asm__ volatile("vlldm r0\n\tbx lr");
}

static void fill(uint32_t base) {
  for (int i = 0; i < 32; i++) values[i] = base + (uint32_t)i;
  load(values);
}

static uint32_t control(void) {
  uint32_t value;
  __asm__ volatile("mrs %0, control" : "=r"(value));
  return value;
}

static void set_control(uint32_t value) { __asm__ volatile("msr control, %0\n\tisb" ::"r"(value)); }

static void print_words(const char *name, const uint32_t *from, int count) {
  printf("  %s", name);
  for (int i = 0; i < count; i++) printf(" %lx", (unsigned long)from[i]);
  printf("\n");
}

void __attribute__((used)) supervisor(uint32_t value, uint32_t *frame) {
  exc_return = value;
  svc_fpccr = FPCCR;
  if (wants_float) fill(0x70000000);
  late_fpccr = FPCCR;
  memcpy(frame_words, frame, sizeof frame_words);
}

void __attribute__((naked)) supervisor_entry(void) {
  __asm__ volatile("mov r0, lr\n\tmov r1, sp\n\tpush {r4, lr}\n\tbl supervisor\n\tpop {r4, pc}");
}

void __attribute__((used)) fault(uint32_t value) {
  fault_return = value;
  fault_status = CFSR;
  fault_secure = SFSR;
  fault_fpccr = FPCCR;
  CFSR = fault_status;
  SFSR = fault_secure;
  CPACR |= FLOAT_ACCESS;
  barrier();
}

/* Returns behind the instruction, which takes four bytes. */
void __attribute__((naked)) fault_entry(void) {
  __asm__ volatile(
      "ldr r0, [sp, #24]\n\tadds r0, #4\n\tstr r0, [sp, #24]\n\tmov r0, lr\n\tpush {r4, lr}\n\t"
      "bl fault\n\tpop {r4, pc}");
}

static void exception(const char *name, uint32_t fpccr, int wants) {
  FPCCR = fpccr;
  wants_float = wants;
  memset(frame_words, 0, sizeof frame_words);
  __asm__ volatile("vmsr fpscr, %0" ::"r"(0xa0000000));
  fill(0x40000000);
  __asm__ volatile("svc 0" ::: "memory", "r0", "r1", "r2", "r3", "r12");
  store(words);
  printf("%s: return %08lx fpccr %08lx %08lx control %lx\n", name, (unsigned long)exc_return,
         (unsigned long)svc_fpccr, (unsigned long)late_fpccr, (unsigned long)control());
  if (!(late_fpccr & 1)) print_words("frame", frame_words + 8, fpccr & TS ? 34 : 17);
  print_words("after", words, 33);
}

static void lazily(const char *name, uint32_t fpccr, int inactive, int uses, int off, int misaligned) {
  FPCCR = fpccr;
  memset(area, 0x55, sizeof area);
  fault_return = fault_status = fault_secure = fault_fpccr = 0;
  __asm__ volatile("vmsr fpscr, %0" ::"r"(0xa0000000));
  fill(0x40000000);
  uint32_t before = control();
  if (inactive) set_control(before & ~8u);
  if (off) {
    CPACR &= ~FLOAT_ACCESS;
    barrier();
  }
  save_lazily(area + misaligned);
  uint32_t saved = control(), saved_fpccr = FPCCR, fpcar = FPCAR - (uint32_t)area;
  CPACR |= FLOAT_ACCESS;
  barrier();
  if (uses) fill(0x60000000);
  uint32_t used = control(), used_fpccr = FPCCR;
  uint32_t copy[40];
  memcpy(copy, area, sizeof copy);
  if (uses < 2) load_lazily(area);
  uint32_t loaded = control(), loaded_fpccr = FPCCR;
  store(words);
  printf("%s: control %lx %lx %lx %lx fpccr %08lx %08lx %08lx fpcar %lx\n", name,
         (unsigned long)before, (unsigned long)saved, (unsigned long)used, (unsigned long)loaded,
         (unsigned long)saved_fpccr, (unsigned long)used_fpccr, (unsigned long)loaded_fpccr,
         (unsigned long)(saved_fpccr & 1 ? fpcar : 0));
  printf("  fault %08lx cfsr %08lx sfsr %lx fpccr %08lx\n", (unsigned long)fault_return,
         (unsigned long)fault_status, (unsigned long)fault_secure, (unsigned long)fault_fpccr);
  print_words("area", copy, 36);
  print_words("after", words, 33);
  set_control(before);
}

int main(void) {
  VTOR = (uint32_t)table;
  table[4] = table[5] = table[6] = table[7] = (uint32_t)fault_entry;
  table[11] = (uint32_t)supervisor_entry;
  SHCSR |= 15u << 16;
  barrier();
  printf("mvfr %08lx %08lx %08lx fpccr %08lx\n", (unsigned long)REGISTER(0xe000ef40),
         (unsigned long)REGISTER(0xe000ef44), (unsigned long)REGISTER(0xe000ef48),
         (unsigned long)FPCCR);
  const uint32_t lazy = ASPEN | LSPEN | S, at_once = ASPEN | S;
  exception("all registers, lazily, not wanted", lazy | TS, 0);
  exception("all registers, lazily", lazy | TS, 1);
  exception("all registers, at once", at_once | TS, 0);
  exception("all registers, at once, wanted", at_once | TS, 1);
  exception("some registers, lazily", lazy, 1);
  lazily("saved and loaded", lazy, 0, 0, 0, 0);
  lazily("saved, used and loaded", lazy, 0, 1, 0, 0);
  lazily("all saved, used and loaded", lazy | TS, 0, 1, 0, 0);
  lazily("saved at once", at_once, 0, 0, 0, 0);
  lazily("all saved at once", at_once | TS, 0, 1, 0, 0);
  FPDSCR = 0x01400000;
  lazily("saved and used", lazy, 0, 2, 0, 0);
  FPDSCR = 0;
  lazily("nothing to save", lazy, 1, 0, 0, 0);
  lazily("not automatic", LSPEN | S, 0, 1, 0, 0);
  lazily("refused", lazy, 0, 1, 1, 0);
  lazily("misaligned", lazy, 0, 1, 0, 1);
  return 0;
}
