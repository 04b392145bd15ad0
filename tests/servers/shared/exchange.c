/* SPDX-License-Identifier: MIT */
#include "tests/servers/shared/exchange.h"

#include <errno.h>
#include <linux/errqueue.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* As long as the most requests that fit the buffer. */
#define HEADS_LIMIT 64
#define RESPONSE                                        \
	"HTTP/1.1 200 OK\r\nContent-Length: 64\r\n\r\n" \
	"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

struct exchange *exchange_new(int fd)
{
	struct exchange *exchange = calloc(1, sizeof(*exchange));
	struct sockaddr_in peer;
	socklen_t bytes = sizeof(peer);
	int on = 1;

	if (!exchange)
		serving_fail("no memory");
	if (getpeername(fd, (struct sockaddr *)&peer, &bytes) == 0)
		exchange->request.client_port = ntohs(peer.sin_port);
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	exchange->fd = fd;
	return exchange;
}

struct exchange *exchange_accept(struct serving *serving, int flags)
{
	int fd = accept4(serving->listener, NULL, NULL, SOCK_CLOEXEC | flags);

	if (fd >= 0)
		return exchange_new(fd);
	if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED)
		serving_fail("cannot accept");
	return NULL;
}

void exchange_close(struct exchange *exchange)
{
	close(exchange->fd);
	free(exchange);
}

void exchange_before_read(struct exchange *exchange)
{
	exchange->vector.iov_base = exchange->bytes + exchange->used;
	exchange->vector.iov_len = sizeof(exchange->bytes) - exchange->used;
	exchange->message = (struct msghdr){
		.msg_iov = &exchange->vector,
		.msg_iovlen = 1,
		.msg_control = exchange->control,
		.msg_controllen = sizeof(exchange->control),
	};
	stamps_before(&exchange->request.before_read);
}

/* When the kernel took the packet of the last bytes in; 0: it did not say. */
static int64_t received_real_ns(struct msghdr *message)
{
	struct scm_timestamping stamps;
	struct cmsghdr *control;

	for (control = CMSG_FIRSTHDR(message); control; control = CMSG_NXTHDR(message, control)) {
		if (control->cmsg_level != SOL_SOCKET || control->cmsg_type != SCM_TIMESTAMPING)
			continue;
		memcpy(&stamps, CMSG_DATA(control), sizeof(stamps));
		return (int64_t)stamps.ts[0].tv_sec * 1000000000 + stamps.ts[0].tv_nsec;
	}
	return 0;
}

enum exchange_state exchange_after_read(struct exchange *exchange, ssize_t bytes)
{
	const char *end, *from = exchange->bytes;

	if (bytes <= 0)
		return EXCHANGE_CLOSED;
	stamps_after(&exchange->request.read);
	exchange->received_real_ns = received_real_ns(&exchange->message);
	exchange->request.reads++;
	exchange->used += (size_t)bytes;
	exchange->heads = 0;
	while ((end = memmem(
			from, exchange->used - (size_t)(from - exchange->bytes), "\r\n\r\n", 4))) {
		exchange->heads++;
		from = end + 4;
	}
	if (exchange->heads && from == exchange->bytes + exchange->used)
		return exchange->heads <= HEADS_LIMIT ? EXCHANGE_COMPLETE : EXCHANGE_CLOSED;
	return exchange->used < sizeof(exchange->bytes) ? EXCHANGE_MORE : EXCHANGE_CLOSED;
}

enum exchange_state exchange_read(struct exchange *exchange, int flags)
{
	ssize_t bytes;

	exchange_before_read(exchange);
	bytes = recvmsg(exchange->fd, &exchange->message, flags);
	if (bytes < 0 && (errno == EAGAIN || errno == EINTR))
		return EXCHANGE_MORE;
	return exchange_after_read(exchange, bytes);
}

void exchange_before_send(struct exchange *exchange, struct serving *serving)
{
	static const char responses[HEADS_LIMIT][sizeof(RESPONSE) - 1] = {
		[0 ... HEADS_LIMIT - 1] = RESPONSE};

	exchange->response = responses[0];
	exchange->response_bytes = exchange->heads * sizeof(responses[0]);
	exchange->request.asked_ns = work_do(&serving->work);
	stamps_before(&exchange->request.send);
}

/* The request has its answer; the next one begins behind it. */
static void finish(struct exchange *exchange, struct serving *serving)
{
	struct stamps_request *request = &exchange->request;

	request->offset_bytes = exchange->received_bytes;
	request->received_ns = 0;
	if (exchange->received_real_ns)
		request->received_ns = exchange->received_real_ns - stamps_realtime_offset();
	stamps_add(&serving->stamps, request);
	exchange->received_bytes += exchange->used;
	exchange->used = 0;
	exchange->request = (struct stamps_request){.client_port = request->client_port};
}

void exchange_after_send(struct exchange *exchange, struct serving *serving)
{
	stamps_after(&exchange->request.sent);
	exchange->request.sends++;
	finish(exchange, serving);
}

static void send_all(struct exchange *exchange, const char *bytes, size_t count)
{
	ssize_t sent;

	while (count) {
		sent = send(exchange->fd, bytes, count, MSG_NOSIGNAL);
		if (sent < 0 && errno != EINTR)
			return; /* the read to come tells */
		bytes += sent > 0 ? sent : 0;
		count -= sent > 0 ? (size_t)sent : 0;
	}
}

void exchange_answer(struct exchange *exchange, struct serving *serving)
{
	struct stamps_request *request = &exchange->request;
	struct stamps_moment moment;
	size_t step, from = 0;

	exchange_before_send(exchange, serving);
	step = exchange->response_bytes / serving->parts;
	send_all(
		exchange, exchange->response, serving->parts > 1 ? step : exchange->response_bytes);
	if (serving->parts == 1) {
		exchange_after_send(exchange, serving);
		return;
	}
	stamps_after(&request->sent);
	for (request->sends = 1; request->sends < serving->parts; request->sends++) {
		from += step;
		work_sleep(serving->pause_ns);
		stamps_before(&moment);
		request->last_send_ns = moment.ns;
		send_all(exchange, exchange->response + from,
			request->sends + 1 < serving->parts ? step
							    : exchange->response_bytes - from);
		stamps_after(&moment);
		request->last_sent_ns = moment.ns;
	}
	finish(exchange, serving);
}
