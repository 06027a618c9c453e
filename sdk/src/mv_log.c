/* Logging as printf: see mv_log.h. */
#include "mv_log.h"

#include <stdarg.h>
#include <stdio.h>

void mv_log(const char *format, ...) {
    static unsigned lost;
    char line[256];
    va_list arguments;
    int start = lost == 0 ? 0 : snprintf(line, sizeof line, "(%u lines lost) ", lost);
    va_start(arguments, format);
    int length = vsnprintf(line + start, sizeof line - (size_t)start, format, arguments);
    va_end(arguments);
    if (length < 0) __builtin_trap();
    length += start;
    if (length >= (int)sizeof line) length = sizeof line - 1;

    enum MvStatus status = mvServerLog((const uint8_t *)line, (uint16_t)length);
    if (status == MV_STATUS_INVALIDBUFFERSIZE || status == MV_STATUS_LOGGINGDISABLEDBYSERVER) {
        lost++;
        return;
    }
    mv_expect(status);
    lost = 0;
}
