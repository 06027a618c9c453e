/** A firmware of about 94 KiB with much of newlib in it, and the same with one more function: raw images. */
import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

export function buildFirmwarePair(folder: string): { base: string; fresh: string } {
  const main = join(folder, 'main.c')
  writeFileSync(main, source)
  const build = (name: string, defines: readonly string[]) => {
    const elf = join(folder, `${name}.elf`)
    const target = ['-mcpu=cortex-m33', '-mthumb', '-Os', '-ffunction-sections']
    const words = [...target, '--specs=nosys.specs', ...defines, main, '-lm', '-o', elf]
    execFileSync('arm-none-eabi-gcc', words, { stdio: 'ignore' })
    execFileSync('arm-none-eabi-objcopy', ['-O', 'binary', elf, `${elf}.bin`])
    return `${elf}.bin`
  }
  return { base: build('base', []), fresh: build('fresh', ['-DEXTRA']) }
}

const tasks = Array.from({ length: 24 }, (_, i) => i + 3)
const source = `#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
static char text[512];
volatile double out;
${tasks
  .map(
    (n) => `static int task${n}(int a, const char *s) {
  int r = snprintf(text, sizeof text, "task ${n} of %s gives %d at %f\\n", s, a * ${n}, a / ${n}.0);
  for (int i = 0; i < a % ${n}; i++) r = (r ^ text[i]) % 7 == ${n % 7} ? r * 31 + (int)strlen(s) : r;
  out = sin(a * ${n}) + pow(a, ${n}) + fmod(a, ${n});
  return r;
}`,
  )
  .join('\n')}
#ifdef EXTRA
static int extra(int a) {
  int r = 0;
  for (int i = 0; i < a; i++) r = r > 1000 ? r - 17 : r + i * a;
  return r + printf("new feature %d\\n", r);
}
#endif
int main(void) {
  int a = 0;
  char s[40];
  sscanf("12 abc 5.5", "%d %39s %lf", &a, s, (double *)&out);
#ifdef EXTRA
  a += extra(a);
#endif
  struct tm t = {0};
  time_t now = mktime(&t);
  strftime(text, sizeof text, "%c", gmtime(&now));
  ${tasks.map((n) => `a += task${n}(a, s);`).join(' ')}
  out = strtod("1.5e3", 0) + exp(a) + log(a) + atan2(a, 3) + tgamma(a) + cbrt(a);
  printf("%s %lld %g\\n", text, (long long)a, (double)out);
  return 0;
}
`
