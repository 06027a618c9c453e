/* What the programs share: results in the order of the test, transfers by GPDMA, waiting. */
#include "chip.h"

volatile uint32_t result[128];
static int results;

void note(uint32_t value)
{
	result[1 + results++] = value;
}

/* Bytes between memory and a data register; `width` is 0, 1, 2 for bytes, half-words, words. */
void dma(int n, int request, int to_peripheral, reg *data, void *memory, int bytes, int width)
{
	struct channel *c = GPDMA1(n);
	c->TR1 = (uint32_t)(width | width << 16 | (to_peripheral ? 1 << 3 : 1 << 19));
	c->TR2 = (uint32_t)(request | (to_peripheral ? 1 << 10 : 0));
	c->BR1 = (uint32_t)bytes;
	c->SAR = to_peripheral ? (uint32_t)memory : (uint32_t)data;
	c->DAR = to_peripheral ? (uint32_t)data : (uint32_t)memory;
	c->LLR = 0;
	c->CR = 1;
}

int dma_finish(int n)
{
	int done = wait(&GPDMA1(n)->SR, 1 << 8);
	GPDMA1(n)->FCR = 0x7f00;
	return done;
}

void enable_interrupt(int number)
{
	NVIC_ISER(number >> 5) = 1u << (number & 31);
}

/* An interrupt has counted this up: true, or it did not come for long. */
int until(volatile int *done)
{
	for (int patience = 100000; !*done && patience > 0; patience--)
		;
	return *done;
}

/* Somebody outside does this, and says so by taking the number away. */
void ask(uint32_t number)
{
	result[100] = number;
	while (result[100])
		;
}
