/* SPDX-License-Identifier: MIT */
/*
 * A server whose behaviour is known: one io_uring, run by one thread; with --sqpoll a thread of the
 * kernel reads and sends.
 */
#include <errno.h>
#include <liburing.h>

#include "tests/servers/shared/exchange.h"
#include "tests/servers/shared/serving.h"

#define ENTRIES 256

static struct io_uring ring;

static struct io_uring_sqe *entry(void)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(&ring);

	if (!sqe)
		serving_fail("submission queue is full");
	return sqe;
}

/* Completions of a send carry the lowest bit, those of a read do not; accept's are empty. */
static void prepare_accept(struct serving *serving)
{
	struct io_uring_sqe *sqe = entry();

	io_uring_prep_accept(sqe, serving->listener, NULL, NULL, SOCK_CLOEXEC);
	io_uring_sqe_set_data64(sqe, 0);
}

static void prepare_read(struct exchange *exchange)
{
	struct io_uring_sqe *sqe = entry();

	exchange_before_read(exchange);
	io_uring_prep_recvmsg(sqe, exchange->fd, &exchange->message, 0);
	io_uring_sqe_set_data64(sqe, (uintptr_t)exchange);
}

/* Submitted at once: the send happens in this call, unless a thread of the kernel does it. */
static void answer(struct exchange *exchange, struct serving *serving)
{
	struct io_uring_sqe *sqe = entry();

	exchange_before_send(exchange, serving);
	io_uring_prep_send(sqe, exchange->fd, exchange->response, exchange->response_bytes,
		MSG_NOSIGNAL | MSG_WAITALL);
	io_uring_sqe_set_data64(sqe, (uintptr_t)exchange | 1);
	io_uring_submit(&ring);
	if (!serving->sqpoll)
		exchange_after_send(exchange, serving);
}

static void accepted(struct serving *serving, int fd)
{
	if (fd >= 0)
		prepare_read(exchange_new(fd));
	prepare_accept(serving);
}

static void completed(struct serving *serving, uint64_t data, int result)
{
	struct exchange *exchange = (struct exchange *)(uintptr_t)(data & ~1ULL);

	if (!exchange) {
		accepted(serving, result);
		return;
	}
	if (data & 1) {
		if (serving->sqpoll)
			exchange_after_send(exchange, serving);
		prepare_read(exchange);
		return;
	}
	switch (exchange_after_read(exchange, result)) {
	case EXCHANGE_COMPLETE:
		answer(exchange, serving);
		break;
	case EXCHANGE_CLOSED:
		exchange_close(exchange);
		break;
	default:
		prepare_read(exchange);
		break;
	}
}

static void *worker(void *context)
{
	struct serving *serving = context;
	struct io_uring_params params = {0};
	struct io_uring_cqe *cqe;
	uint64_t data;
	int result;

	if (serving->sqpoll) {
		params.flags = IORING_SETUP_SQPOLL;
		params.sq_thread_idle = 1000;
	}
	errno = -io_uring_queue_init_params(ENTRIES, &ring, &params);
	if (errno)
		serving_fail("no io_uring");
	prepare_accept(serving);
	for (;;) {
		io_uring_submit(&ring);
		if (io_uring_wait_cqe(&ring, &cqe))
			continue;
		data = io_uring_cqe_get_data64(cqe);
		result = cqe->res;
		io_uring_cqe_seen(&ring, cqe);
		completed(serving, data, result);
	}
	return NULL;
}

int main(int argc, char **argv)
{
	static struct serving serving;

	serving_open(&serving, argc, argv);
	serving_start(&serving, worker);
	return serving_wait(&serving);
}
