/* SPDX-License-Identifier: MIT */
/* A server whose behaviour is known: each thread waits for its connections with epoll. */
#include <errno.h>
#include <fcntl.h>
#include <sys/epoll.h>

#include "tests/servers/shared/exchange.h"
#include "tests/servers/shared/serving.h"

#define EVENTS 64

static void watch(int epoll, int fd, uint32_t events, void *pointer)
{
	struct epoll_event event = {.events = events, .data.ptr = pointer};

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

static void *worker(void *context)
{
	struct serving *serving = context;
	struct epoll_event events[EVENTS];
	struct exchange *exchange;
	int count, epoll = epoll_create1(EPOLL_CLOEXEC);

	if (epoll < 0)
		serving_fail("no epoll");
	watch(epoll, serving->listener, EPOLLIN | EPOLLEXCLUSIVE, NULL);
	for (;;) {
		count = epoll_wait(epoll, events, EVENTS, -1);
		if (count < 0 && errno != EINTR)
			serving_fail("cannot wait");
		for (int i = 0; i < count; i++) {
			exchange = events[i].data.ptr;
			if (exchange) {
				serve(exchange, serving);
				continue;
			}
			exchange = exchange_accept(serving, 0);
			if (exchange)
				watch(epoll, exchange->fd, EPOLLIN, exchange);
		}
	}
	return NULL;
}

int main(int argc, char **argv)
{
	static struct serving serving;

	serving_open(&serving, argc, argv);
	/* Another worker may have been faster. */
	if (fcntl(serving.listener, F_SETFL, O_NONBLOCK))
		serving_fail("cannot make the listener non-blocking");
	serving_start(&serving, worker);
	return serving_wait(&serving);
}
