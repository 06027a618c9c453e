/*
 * Flash written by software as ST's driver does it: unlock, erase a page, program quad-words and a
 * burst, by polling and by interrupt, run what was programmed, and meet the errors.
 */
#include <stdint.h>

#define REG(address) (*(volatile uint32_t *)(address))
#define NSKEYR REG(0x40022008)
#define NSSR REG(0x40022020)
#define NSCR REG(0x40022028)
#define NVIC_ISER0 REG(0xe000e100)

enum { PG = 1, PER = 2, BWR = 1 << 14, STRT = 1 << 16, EOPIE = 1 << 24, LOCK = 1 << 31 };
enum { EOP = 1, ERRORS = 0x20fa, BUSY = 3 << 16 };
enum { PAGE = 0x080e0000, NUMBER = 0xe0000 / 0x2000 };

extern uint32_t stack_top;
int main(void);

__attribute__((section(".bss.result"))) volatile uint32_t results[16];

static void stuck(void)
{
	for (;;)
		;
}

static void flash_interrupt(void)
{
	NSSR = EOP;
	results[8]++;
}

__attribute__((section(".vectors"), used)) void *const vectors[16 + 126] = {
	[0] = &stack_top, [1] = main, [2 ... 15] = stuck, [16 + 6] = flash_interrupt,
};

/* The errors of what was under way, cleared. */
static uint32_t wait(void)
{
	while (NSSR & BUSY)
		;
	uint32_t errors = NSSR & ERRORS;
	NSSR = errors | EOP;
	return errors;
}

static uint32_t erase(void)
{
	uint32_t before = wait();
	NSCR = (NSCR & ~(0x7fu << 3)) | NUMBER << 3 | PER | STRT;
	uint32_t errors = before | wait();
	NSCR &= ~(0x7fu << 3 | PER);
	return errors;
}

static uint32_t program(uint32_t at, const uint32_t *words, int count)
{
	uint32_t mode = count == 32 ? PG | BWR : PG;
	NSCR |= mode;
	for (int n = 0; n < count; n++)
		REG(at + 4 * n) = words[n];
	uint32_t errors = wait();
	NSCR &= ~mode;
	return errors;
}

/* movs r0, #42; bx lr */
static const uint32_t answers_42[4] = {0x4770202a, 0x4770202a, 0x4770202a, 0x4770202a};
static uint32_t burst[32];

int main(void)
{
	int (*code)(void) = (int (*)(void))(PAGE | 1);
	for (int n = 0; n < 16; n++)
		results[n] = 0;
	NSKEYR = 0x45670123;
	NSKEYR = 0xcdef89ab;
	results[1] = NSCR & LOCK;
	results[2] = erase();
	results[3] = program(PAGE, answers_42, 4);
	results[4] = REG(PAGE + 4) == answers_42[1];
	results[5] = code();
	/* The page again, with other code behind the same address. */
	NVIC_ISER0 = 1 << 6;
	NSCR |= EOPIE;
	erase();
	for (int n = 0; n < 32; n++)
		burst[n] = 0x4770202b;
	program(PAGE, burst, 32);
	results[6] = code();
	results[7] = program(PAGE, answers_42, 4);
	NSCR |= LOCK;
	results[9] = ~NSCR & LOCK;
	results[0] = 0x600d;
	stuck();
	return 0;
}
