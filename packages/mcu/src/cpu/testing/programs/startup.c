/* Vectors, C run-time start and newlib's system calls over semihosting: for CPU and QEMU alike. */
extern void (*init_start[])(void), (*init_end[])(void);
extern unsigned stack_top, data_load, data_start, data_end, bss_start, bss_end, heap_start;
int main(void);
void start(void);

__attribute__((section(".vectors"), used)) void *const vectors[16] = {&stack_top, (void *)start};

static int semihost(int operation, const void *argument) {
  register int r0 __asm__("r0") = operation;
  register const void *r1 __asm__("r1") = argument;
  __asm__ volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
  return r0;
}

void _exit(int code) {
  (void)code;
  for (;;) semihost(0x18, (void *)0x20026);
}

void start(void) {
#ifndef __SOFTFP__
  *(volatile unsigned *)0xe000ed88 |= 0xf << 20; /* CPACR: CP10 and CP11 */
  __asm__ volatile("dsb\n\tisb");
#endif
  unsigned *from = &data_load;
  for (unsigned *to = &data_start; to < &data_end;) *to++ = *from++;
  for (unsigned *to = &bss_start; to < &bss_end;) *to++ = 0;
  for (void (**each)(void) = init_start; each < init_end; each++) (*each)();
  main();
  _exit(0);
}

int _write(int file, const char *text, int length) {
  (void)file;
  for (int at = 0; at < length; at++) semihost(3, text + at);
  return length;
}

void *_sbrk(int bytes) {
  static char *end = (char *)&heap_start;
  char *block = end;
  end += bytes;
  return block;
}

int _fstat(int file, void *status) {
  (void)file;
  ((int *)status)[1] = 0x2000;
  return 0;
}

int _close(int file) { return file - file - 1; }
int _isatty(int file) { return file >= 0; }
int _lseek(int file, int offset, int whence) { return (file + offset + whence) * 0; }
int _read(int file, char *text, int length) { return (file + length) * 0 * (text != 0); }
int _kill(int process, int signal) { return (process + signal) * 0 - 1; }
int _getpid(void) { return 1; }
void *__dso_handle; /* C++: which module the destructors of globals belong to. */
void _init(void) {}
void _fini(void) {}
