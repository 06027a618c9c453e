/* What programs ask of a C library: sorting, memory, text, jumps. */
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint32_t seed = 777;
static uint32_t next(void) { return seed = seed * 1664525u + 1013904223u; }

static uint32_t crc32(const void *data, int length) {
  const uint8_t *byte = data;
  uint32_t crc = ~0u;
  while (length--) {
    crc ^= *byte++;
    for (int bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >> 1) ^ 0xedb88320u : crc >> 1;
  }
  return ~crc;
}

static int ascending(const void *a, const void *b) {
  int x = *(const int *)a, y = *(const int *)b;
  return x < y ? -1 : x > y;
}

static void sorting(void) {
  static int values[500];
  for (int i = 0; i < 500; i++) values[i] = (int)next();
  qsort(values, 500, sizeof *values, ascending);
  int *found = bsearch(&values[123], values, 500, sizeof *values, ascending);
  printf("%08lx %d\n", (unsigned long)crc32(values, sizeof values), (int)(found - values));
}

static void memory(void) {
  void *blocks[64];
  uint32_t sum = 0;
  for (int i = 0; i < 64; i++) memset(blocks[i] = malloc(next() % 500 + 1), i, 1);
  for (int i = 0; i < 64; i += 2) free(blocks[i]);
  for (int i = 0; i < 64; i += 2) blocks[i] = calloc(1, next() % 900 + 1);
  for (int i = 0; i < 64; i++) sum += *(uint8_t *)blocks[i];
  static char area[300];
  for (int i = 0; i < 300; i++) area[i] = (char)i;
  for (int i = 0; i < 40; i++) memmove(area + next() % 100, area + next() % 100, next() % 200);
  printf("%lu %08lx\n", (unsigned long)sum, (unsigned long)crc32(area, sizeof area));
}

static void text(void) {
  char line[200] = "hello", word[24];
  for (int i = 0; i < 8; i++) {
    sprintf(word, "-%d/%lx", (int)(next() >> 20), (unsigned long)next());
    strcat(line, word);
  }
  int a = 0;
  float b = 0;
  sscanf("42 2.75", "%d %f", &a, &b);
  printf("%s %d %d %s\n", line, strcmp(line, "hello"), (int)strlen(line), strstr(line, "/"));
  printf("%5.3f|%-10s|%+d|%#x|%e|%d|%g\n", 2.5, "ab", 5, 255, 123456.789, a, (double)b);
  printf("%g %ld %lu\n", strtod("3.14159e-5", 0), strtol("-7fff", 0, 16), strtoul("777", 0, 8));
}

static jmp_buf away;
static void deeper(int depth) {
  if (depth == 0) longjmp(away, 7);
  deeper(depth - 1);
}

static const char *choose(unsigned n) {
  switch (n % 8) {
    case 0: return "zero";
    case 1: return "one";
    case 2: return "two";
    case 3: return "three";
    case 4: return "four";
    case 5: return "five";
    case 6: return "six";
    default: return "seven";
  }
}

int main(void) {
  sorting();
  memory();
  text();
  int value = setjmp(away);
  printf("jumped with %d\n", value);
  if (value == 0) deeper(20);
  for (int i = 0; i < 20; i++) printf("%s ", choose(next() >> 5));
  puts("");
  return 0;
}
