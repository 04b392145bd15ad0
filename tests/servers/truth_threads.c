/* SPDX-License-Identifier: MIT */
/* A server whose behaviour is known: a thread for each connection, asleep in its read. */
#include <pthread.h>

#include "tests/servers/shared/exchange.h"
#include "tests/servers/shared/serving.h"

static struct serving serving;

static void *serve(void *context)
{
	struct exchange *exchange = context;
	enum exchange_state state;

	while ((state = exchange_read(exchange, 0)) != EXCHANGE_CLOSED)
		if (state == EXCHANGE_COMPLETE)
			exchange_answer(exchange, &serving);
	exchange_close(exchange);
	return NULL;
}

static void *accept_all(void *context)
{
	struct exchange *exchange;
	pthread_t thread;

	for (;;) {
		exchange = exchange_accept(context, 0);
		if (!exchange)
			continue;
		if (pthread_create(&thread, NULL, serve, exchange))
			serving_fail("cannot start a thread");
		pthread_detach(thread);
	}
	return NULL;
}

int main(int argc, char **argv)
{
	serving_open(&serving, argc, argv);
	serving_start(&serving, accept_all);
	return serving_wait(&serving);
}
