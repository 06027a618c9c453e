/*
 * What the C library asks of a system. There are no files and no processes; there is memory, between
 * the end of the variables and the stack.
 */
#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

extern uint8_t mv_heap_start[], mv_heap_end[];

void *_sbrk(ptrdiff_t increment) {
    static uint8_t *heap_end = mv_heap_start;
    if (increment > mv_heap_end - heap_end || increment < mv_heap_start - heap_end) {
        errno = ENOMEM;
        return (void *)-1;
    }
    uint8_t *before = heap_end;
    heap_end += increment;
    return before;
}

static int refuse(void) {
    errno = EBADF;
    return -1;
}

int _close(int file) {
    (void)file;
    return refuse();
}

int _fstat(int file, struct stat *status) {
    (void)file, (void)status;
    return refuse();
}

int _isatty(int file) {
    (void)file;
    return 0;
}

int _lseek(int file, int offset, int whence) {
    (void)file, (void)offset, (void)whence;
    return refuse();
}

int _read(int file, char *buffer, int length) {
    (void)file, (void)buffer, (void)length;
    return refuse();
}

int _write(int file, const char *buffer, int length) {
    (void)file, (void)buffer, (void)length;
    return refuse();
}

int _getpid(void) {
    return 1;
}

int _kill(int process, int signal) {
    (void)process, (void)signal;
    return refuse();
}

/* Also where abort() and a failed assert() end: an undefined instruction, which the microvisor
 * reports as a crash. */
void _exit(int status) {
    (void)status;
    for (;;) __asm volatile("udf #1");
}

void _init(void) {}
void _fini(void) {}
