/*
 * One half of a test image that runs in both worlds, on QEMU and on `mcu`: compiled once for the
 * Secure state (with -DSECURE -mcmse) and once for the Non-secure one.
 *
 * Both halves take their orders from one script: a list of steps that go on wherever execution is,
 * in thread code, in a function called from the other world, or in an exception handler. Every
 * exception is printed with what can be seen of it. Addresses come from layout.ts.
 */
#include <stdint.h>

struct step {
  uint32_t operation, a, b;
};

/* In Non-secure memory: both worlds read and write it. */
struct control {
  uint32_t at, count;
  /* Where a handler sends code that faults on purpose; 0 for none. */
  uint32_t resume;
  /* What the handler that is about to return changes. */
  uint32_t flip_return, flip_frame_word, flip_frame;
};

#define CONTROL ((volatile struct control *)CONTROL_ADDRESS)
#define SCRIPTS ((const volatile uint32_t *)SCRIPTS_ADDRESS)
#define REGISTER(address) (*(volatile uint32_t *)(address))
/* Scripts done since power-on, beyond the one that the image begins with. */
#define PROGRESS REGISTER(PROGRESS_ADDRESS)

enum {
  CFSR = 0xe000ed28,
  HFSR = 0xe000ed2c,
  MMFAR = 0xe000ed34,
  BFAR = 0xe000ed38,
  SFSR = 0xe000ede4,
  SFAR = 0xe000ede8,
  AIRCR = 0xe000ed0c,
};

void handler(void);
void start(void);
void level(void);

#ifdef SECURE
#define WORLD 'S'
#define STACK SECURE_STACK
#else
#define WORLD 'N'
#define STACK NON_SECURE_STACK
#endif

#define FOUR handler, handler, handler, handler
#define SIXTEEN FOUR, FOUR, FOUR, FOUR
__attribute__((section(".vectors"), used)) void (*const vectors[16 * 9])(void) = {
    (void (*)(void))STACK, start, handler, handler, FOUR, FOUR, FOUR,
    SIXTEEN, SIXTEEN, SIXTEEN, SIXTEEN, SIXTEEN, SIXTEEN, SIXTEEN, SIXTEEN,
};

/* Output */

static void semihost(int operation, const void *argument) {
  register int r0 __asm__("r0") = operation;
  register const void *r1 __asm__("r1") = argument;
  /* What the host leaves in r0 differs. */
  __asm__ volatile("bkpt 0xab\n movs r0, #0" : "+r"(r0) : "r"(r1) : "memory", "cc");
}

static char *hex(char *to, const char *name, uint32_t value) {
  *to++ = ' ';
  while (*name) *to++ = *name++;
  *to++ = '=';
  int shift = 28;
  while (shift > 0 && (value >> shift) == 0) shift -= 4;
  for (; shift >= 0; shift -= 4) *to++ = "0123456789abcdef"[(value >> shift) & 15];
  return to;
}

static void say(const char *text) { semihost(4, text); }

#define READ(name)                                        \
  ({                                                      \
    uint32_t value;                                       \
    __asm__ volatile("mrs %0, " #name : "=r"(value));     \
    value;                                                \
  })

/* The script is done: on to the next one through a reset, or out where that is not allowed. */
static void finish(void) {
  say("end\n");
  if ((READ(control) & 1) == 0 || READ(ipsr) != 0) {
    PROGRESS = PROGRESS + 1;
    __asm__ volatile("cpsid i\n dsb");
    REGISTER(AIRCR) = 0x05fa0004;
  } else
    semihost(0x18, (void *)0x20026);
  for (;;) continue;
}

/* Exceptions */

static int is_fault(uint32_t exception) { return exception >= 3 && exception <= 7; }

/* The frame that the exception will return to, or 0 where this world cannot tell. */
static uint32_t *frame_of(uint32_t exc_return, uint32_t sp) {
  int is_thread = (exc_return & 8) != 0;
#ifdef SECURE
  if ((exc_return & 0x40) == 0) {
    uint32_t control, psp, msp;
    __asm__ volatile("mrs %0, control_ns" : "=r"(control));
    __asm__ volatile("mrs %0, psp_ns" : "=r"(psp));
    __asm__ volatile("mrs %0, msp_ns" : "=r"(msp));
    return (uint32_t *)(is_thread && (control & 2) ? psp : msp);
  }
  uint32_t frame = is_thread && (exc_return & 4) ? READ(psp) : sp;
  return (uint32_t *)((exc_return & 0x20) == 0 ? frame + 0x28 : frame);
#else
  if ((exc_return & 0x40) != 0) return 0;
  return (uint32_t *)(is_thread && (exc_return & 4) ? READ(psp) : sp);
#endif
}

static char *describe_faults(char *to) {
  uint32_t cfsr = REGISTER(CFSR);
  if (cfsr) to = hex(to, "cfsr", cfsr);
  if (cfsr & 0x80) to = hex(to, "mmfar", REGISTER(MMFAR));
  if (cfsr & 0x8000) to = hex(to, "bfar", REGISTER(BFAR));
  REGISTER(CFSR) = cfsr;
  uint32_t hfsr = REGISTER(HFSR);
  if (hfsr) to = hex(to, "hfsr", hfsr);
  REGISTER(HFSR) = hfsr;
#ifdef SECURE
  uint32_t sfsr = REGISTER(SFSR);
  if (sfsr) to = hex(to, "sfsr", sfsr);
  if (sfsr & 0x40) to = hex(to, "sfar", REGISTER(SFAR));
  REGISTER(SFSR) = sfsr;
#endif
  return to;
}

static int is_readable(uint32_t address) {
#ifdef SECURE
  if (address - SECURE_CODE < 0x1ff000) return 1;
#endif
  return address - NON_SECURE_CODE < 0x1ff000;
}

/* r0 to r12 and EXC_RETURN, as the handler found and will leave them. */
__attribute__((used)) void handle(uint32_t *saved) {
  char line[200], *to = line;
  uint32_t exception = READ(ipsr), sp = (uint32_t)(saved + 14);
  uint32_t *frame = frame_of(saved[13], sp);
  if (!is_readable((uint32_t)frame)) frame = 0;
  uint32_t resume = CONTROL->resume, registers = 0;
  for (int at = 0; at < 13; at++) registers = (registers << 5 | registers >> 27) ^ saved[at];
  *to++ = WORLD;
  to = hex(to, "exception", exception);
  to = hex(to, "lr", saved[13]);
  to = hex(to, "sp", sp);
  to = hex(to, "registers", registers);
  to = describe_faults(to);
  if (frame) {
    to = hex(to, "frame", (uint32_t)frame);
    to = hex(to, "pc", frame[6]);
    to = hex(to, "xpsr", frame[7]);
    if (is_fault(exception) && resume) {
      frame[6] = resume & ~1u;
      frame[7] = (frame[7] | 1 << 24) & ~0x0600fc00u;
    }
  }
  *to++ = '\n';
  *to = 0;
  say(line);
  CONTROL->resume = 0;
  level();
  CONTROL->resume = resume;
  if (frame) frame[(int)CONTROL->flip_frame_word] ^= CONTROL->flip_frame;
  saved[13] ^= CONTROL->flip_return;
  CONTROL->flip_return = CONTROL->flip_frame = CONTROL->flip_frame_word = 0;
}

__attribute__((naked)) void handler(void) {
  __asm__("push {r0-r12, lr}\n mov r0, sp\n bl handle\n pop {r0-r12, pc}");
}

/* Steps */

#define WRITE_SPECIAL(name) \
  case __COUNTER__ - FIRST_SPECIAL: \
    __asm__ volatile("msr " #name ", %0\n isb" ::"r"(value)); \
    break;

static void write_special(uint32_t number, uint32_t value) {
  enum { FIRST_SPECIAL = __COUNTER__ + 1 };
  switch (number) {
    WRITE_SPECIAL(primask)
    WRITE_SPECIAL(basepri)
    WRITE_SPECIAL(faultmask)
    WRITE_SPECIAL(psplim)
#ifdef SECURE
    WRITE_SPECIAL(primask_ns)
    WRITE_SPECIAL(basepri_ns)
    WRITE_SPECIAL(faultmask_ns)
    WRITE_SPECIAL(msplim_ns)
    WRITE_SPECIAL(psplim_ns)
    WRITE_SPECIAL(control_ns)
#endif
  }
}

/* Runs code that may fault; handlers go on behind it. */
#define RISK(code)                                                                     \
  __asm__ volatile("adr r3, 1f\n str r3, [%2]\n .balign 4\n" code "\n .balign 4\n 1:" \
                   ::"r"(a), "r"(b), "r"(&CONTROL->resume)                             \
                   : "r0", "r1", "r3", "r12", "lr", "memory", "cc")

static void perform(uint32_t operation, uint32_t a, uint32_t b) {
  register uint32_t *sp __asm__("sp");
  switch (operation) {
    case WRITE: RISK("str %1, [%0]\n dsb\n isb"); break;
    case SVC: RISK("svc 0"); break;
    /* A supervisor call of thread code whose stack is elsewhere. */
    case STACK_AT: RISK("msr psp, %0\n svc 0"); break;
    case UNDEFINED: RISK("udf #0"); break;
    case LOAD: RISK("ldr r0, [%0]"); break;
    case BRANCH: RISK("bx %0"); break;
    case DIVIDE: RISK("movs r0, #0\n udiv r1, r0, r0"); break;
    case UNALIGNED: RISK("ldm %0, {r0, r1}"); break;
    case SPECIAL: write_special(a, b); break;
    /* Thread mode goes over to PSP, with or without privilege. */
    case PROCESS:
      if (READ(ipsr) == 0 && (READ(control) & 3) == 0) {
        __asm__ volatile("msr psp, %0\n msr control, %1\n isb" ::"r"(sp), "r"(a));
      }
      break;
    case LIMIT: __asm__ volatile("msr msplim, %0" ::"r"((uint32_t)sp - a)); break;
    case FLIP_RETURN: CONTROL->flip_return = a; break;
    case FLIP_FRAME:
      CONTROL->flip_frame_word = a;
      CONTROL->flip_frame = b;
      break;
#ifdef SECURE
    case CALL:
      __asm__ volatile("push {r4-r11}\n blxns %0\n pop {r4-r11}" ::"r"(
                           REGISTER(NON_SECURE_CODE + 4) & ~1u)
                       : "r0", "r1", "r2", "r3", "r12", "lr", "memory", "cc");
      break;
#else
    case CALL: ((void (*)(void))(VENEERS + 1))(); break;
#endif
  }
  CONTROL->resume = 0;
}

/* Steps of the script until one says to go back. */
void level(void) {
  for (;;) {
    uint32_t at = CONTROL->at;
    if (at >= CONTROL->count) finish();
    CONTROL->at = at + 1;
    const volatile struct step *step =
        (const volatile struct step *)(SCRIPTS_ADDRESS + REGISTER(SCRIPT_POINTER)) + at;
    if (step->operation == RETURN) return;
    perform(step->operation, step->a, step->b);
  }
}

#ifdef SECURE
__attribute__((cmse_nonsecure_entry, used)) void called(void) { level(); }

/* Memory of AN505 is one range for each world; all but that of the other world is Secure. */
static void attribute(uint32_t region, uint32_t first, uint32_t last, uint32_t flags) {
  REGISTER(0xe000edd8) = region;
  REGISTER(0xe000eddc) = first;
  REGISTER(0xe000ede0) = (last & ~31u) | flags;
}

void start(void) {
  attribute(0, NON_SECURE_CODE, NON_SECURE_END, 1);
  attribute(1, VENEERS, VENEERS + 0xff, 3);
  REGISTER(0xe000edd0) = 1;
  __asm__ volatile("dsb\n isb");
  uint32_t number = SCRIPTS[0] + PROGRESS;
  if (number >= SCRIPTS[1]) semihost(0x18, (void *)0x20026);
  uint32_t offset = SCRIPTS[2 + number];
  REGISTER(SCRIPT_POINTER) = offset + 4;
  CONTROL->at = CONTROL->resume = 0;
  CONTROL->flip_return = CONTROL->flip_frame = CONTROL->flip_frame_word = 0;
  CONTROL->count = REGISTER(SCRIPTS_ADDRESS + offset);
  REGISTER(0xe002ed08) = NON_SECURE_CODE;
  __asm__ volatile("msr msp_ns, %0" ::"r"(REGISTER(NON_SECURE_CODE)));
  for (int bank = 0; bank < 4; bank++) REGISTER(0xe000e380 + bank * 4) = 0xaaaaaaaa;
  char line[40];
  *hex(line, "script", number) = 0;
  say(line);
  say("\n");
  level();
  finish();
}
#else
void start(void) { level(); }
#endif
