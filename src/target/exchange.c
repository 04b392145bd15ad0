/* SPDX-License-Identifier: MIT */
#include "target/exchange.h"

#include <stdlib.h>
#include <string.h>

#define SLAB_EXCHANGES 256

struct exchange_slab {
	struct exchange_slab *next;
	struct exchange exchanges[SLAB_EXCHANGES];
};

static void push(struct exchange_pool *pool, struct exchange *exchange)
{
	exchange->next = pool->free;
	pool->free = exchange;
}

struct exchange *exchange_new(struct exchange_pool *pool)
{
	struct exchange *exchange;

	if (!pool->free) {
		struct exchange_slab *slab = malloc(sizeof(*slab));

		if (!slab)
			return NULL;
		slab->next = pool->slabs;
		pool->slabs = slab;
		for (size_t i = 0; i < SLAB_EXCHANGES; i++)
			push(pool, &slab->exchanges[i]);
	}
	exchange = pool->free;
	pool->free = exchange->next;
	memset(exchange, 0, sizeof(*exchange));
	return exchange;
}

void exchange_free(struct exchange_pool *pool, struct exchange *exchange)
{
	reply_free(exchange->own);
	push(pool, exchange);
}

void exchange_pool_release(struct exchange_pool *pool)
{
	struct exchange_slab *slab, *next;

	for (slab = pool->slabs; slab; slab = next) {
		next = slab->next;
		free(slab);
	}
	memset(pool, 0, sizeof(*pool));
}
