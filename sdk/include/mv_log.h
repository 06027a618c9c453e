/*
 * Logging as printf, and what to do with a status that nothing can be done about. Conveniences on top
 * of mv_syscalls.h; an application may as well do without.
 */
#ifndef MV_LOG_H
#define MV_LOG_H

#include "mv_syscalls.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What cannot go on stops here: the microvisor reports the crash and starts the application anew. */
static inline void mv_expect(enum MvStatus status) {
    if (status != MV_STATUS_OKAY) __builtin_trap();
}

/*
 * Logs a line, of which at most 255 bytes are kept. Call mvServerLoggingInit first, and not from
 * interrupt handlers. A line for which there is no room just now, or which the server does not want,
 * is lost; the next one that is not says how many were.
 */
void mv_log(const char *format, ...) __attribute__((format(printf, 1, 2)));

#ifdef __cplusplus
}
#endif

#endif
