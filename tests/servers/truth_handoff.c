/* SPDX-License-Identifier: MIT */
/* A server whose behaviour is known: one thread reads, and hands each request to another, which
 * works on it and sends. */
#include <pthread.h>
#include <sys/epoll.h>

#include "tests/servers/shared/exchange.h"
#include "tests/servers/shared/serving.h"

/* More than anybody has connections here. */
#define QUEUE 4096

static struct {
	pthread_mutex_t lock;
	pthread_cond_t filled;
	struct exchange *waiting[QUEUE];
	size_t first, count;
} queue = {.lock = PTHREAD_MUTEX_INITIALIZER, .filled = PTHREAD_COND_INITIALIZER};

static pthread_mutex_t leaving = PTHREAD_MUTEX_INITIALIZER;
static struct serving serving;
static int epoll;

static void hand_over(struct exchange *exchange)
{
	pthread_mutex_lock(&queue.lock);
	if (queue.count == QUEUE)
		serving_fail("too many connections");
	queue.waiting[(queue.first + queue.count++) % QUEUE] = exchange;
	pthread_cond_signal(&queue.filled);
	pthread_mutex_unlock(&queue.lock);
}

static struct exchange *take_over(void)
{
	struct exchange *exchange;

	pthread_mutex_lock(&queue.lock);
	while (!queue.count)
		pthread_cond_wait(&queue.filled, &queue.lock);
	exchange = queue.waiting[queue.first];
	queue.first = (queue.first + 1) % QUEUE;
	queue.count--;
	pthread_mutex_unlock(&queue.lock);
	return exchange;
}

/* A connection is watched for one event: it belongs to either thread, never to both. */
static void watch(struct exchange *exchange, int operation)
{
	struct epoll_event event = {.events = EPOLLIN | EPOLLONESHOT, .data.ptr = exchange};

	pthread_mutex_lock(&leaving);
	if (epoll_ctl(epoll, operation, exchange->fd, &event))
		serving_fail("cannot watch a socket");
	pthread_mutex_unlock(&leaving);
}

static void *answer(void *context)
{
	struct exchange *exchange;

	for (;;) {
		exchange = take_over();
		exchange->request.handoff = true;
		exchange_answer(exchange, context);
		watch(exchange, EPOLL_CTL_MOD);
	}
	return NULL;
}

static void read_from(struct exchange *exchange)
{
	/* Who left it to this thread is done with it. */
	pthread_mutex_lock(&leaving);
	pthread_mutex_unlock(&leaving);
	switch (exchange_read(exchange, MSG_DONTWAIT)) {
	case EXCHANGE_COMPLETE:
		hand_over(exchange);
		break;
	case EXCHANGE_CLOSED:
		exchange_close(exchange);
		break;
	default:
		watch(exchange, EPOLL_CTL_MOD);
		break;
	}
}

static void *accept_all(void *context)
{
	struct exchange *exchange;

	for (;;) {
		exchange = exchange_accept(context, 0);
		if (exchange)
			watch(exchange, EPOLL_CTL_ADD);
	}
	return NULL;
}

static void *read_all(void *context)
{
	struct epoll_event event;

	(void)context;
	for (;;)
		if (epoll_wait(epoll, &event, 1, -1) == 1)
			read_from(event.data.ptr);
	return NULL;
}

int main(int argc, char **argv)
{
	serving_open(&serving, argc, argv);
	epoll = epoll_create1(EPOLL_CLOEXEC);
	if (epoll < 0)
		serving_fail("no epoll");
	serving_start(&serving, answer);
	serving.threads = 1;
	serving_start(&serving, read_all);
	serving_start(&serving, accept_all);
	return serving_wait(&serving);
}
