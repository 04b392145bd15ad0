/* SPDX-License-Identifier: MIT */
/* A server whose behaviour is known: each thread waits for its connections with epoll. */
#include <errno.h>
#include <sys/epoll.h>

#include "tests/servers/shared/exchange.h"
#include "tests/servers/shared/serving.h"

#define EVENTS 64

static int epolls[SERVING_THREAD_LIMIT];
static unsigned int workers, accepted;

static void watch(int epoll, int fd, void *pointer)
{
	struct epoll_event event = {.events = EPOLLIN, .data.ptr = pointer};

	if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event))
		serving_fail("cannot watch a socket");
}

static void serve(struct exchange *exchange, struct serving *serving)
{
	switch (exchange_read(exchange, MSG_DONTWAIT)) {
	case EXCHANGE_COMPLETE:
		exchange_answer(exchange, serving);
		break;
	case EXCHANGE_CLOSED:
		exchange_close(exchange);
		break;
	default:
		break;
	}
}

/* The first worker accepts, and every worker gets as many connections as any other. */
static void accept_one(struct serving *serving)
{
	struct exchange *exchange = exchange_accept(serving, 0);

	if (exchange)
		watch(epolls[accepted++ % serving->threads], exchange->fd, exchange);
}

static void *worker(void *context)
{
	struct serving *serving = context;
	int count, epoll = epolls[__atomic_fetch_add(&workers, 1, __ATOMIC_RELAXED)];
	struct epoll_event events[EVENTS];

	for (;;) {
		count = epoll_wait(epoll, events, EVENTS, -1);
		if (count < 0 && errno != EINTR)
			serving_fail("cannot wait");
		for (int i = 0; i < count; i++) {
			if (events[i].data.ptr)
				serve(events[i].data.ptr, serving);
			else
				accept_one(serving);
		}
	}
	return NULL;
}

int main(int argc, char **argv)
{
	static struct serving serving;

	serving_open(&serving, argc, argv);
	for (unsigned int i = 0; i < serving.threads; i++) {
		epolls[i] = epoll_create1(EPOLL_CLOEXEC);
		if (epolls[i] < 0)
			serving_fail("no epoll");
	}
	watch(epolls[0], serving.listener, NULL);
	serving_start(&serving, worker);
	return serving_wait(&serving);
}
