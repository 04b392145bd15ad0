/* SPDX-License-Identifier: MIT */
/*
 * A client that sends each request in two parts with a pause between, and stamps them with the
 * clock that the probe uses: truth_client PORT CONNECTIONS REQUESTS INTERVAL_US PAUSE_US
 *
 * Each connection has a thread and sends its share of the requests, one at each interval. In the
 * end it prints requests, and least and most of the time from the arrival of the first part to that
 * of the second: on loopback a packet arrives within the call that sends it.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "tests/servers/shared/serving.h"
#include "tests/servers/shared/work.h"

static const char first_part[] = "GET / HTTP/1.1\r\nHost: 127";
static const char second_part[] = ".0.0.1\r\n\r\n";

static struct {
	uint16_t port;
	unsigned int requests;
	int64_t interval_ns, pause_ns;
} asked;

struct connection {
	pthread_t thread;
	unsigned int index;
	unsigned int answered;
	int64_t least_ns, most_ns; /* sums */
};

static int connect_to_server(void)
{
	struct sockaddr_in server = {.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
		.sin_port = htons(asked.port)};
	int on = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || connect(fd, (struct sockaddr *)&server, sizeof(server)))
		serving_fail("cannot connect");
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	return fd;
}

/* Around a send. */
struct sending {
	int64_t from_ns, until_ns;
};

static void send_part(int fd, const char *bytes, struct sending *sending)
{
	size_t count = strlen(bytes);

	sending->from_ns = (int64_t)clock_now_ns();
	if (send(fd, bytes, count, MSG_NOSIGNAL) != (ssize_t)count)
		serving_fail("cannot send");
	sending->until_ns = (int64_t)clock_now_ns();
}

/* A response is complete with its body of 64 bytes. */
static void await_response(int fd)
{
	char bytes[1024];
	size_t used = 0;
	const char *body = NULL;
	ssize_t got;

	while (!body || used - (size_t)(body - bytes) < 64) {
		got = recv(fd, bytes + used, sizeof(bytes) - used, 0);
		if (got <= 0)
			serving_fail("no response");
		used += (size_t)got;
		body = memmem(bytes, used, "\r\n\r\n", 4);
		body = body ? body + 4 : NULL;
	}
}

static void *drive(void *context)
{
	struct connection *connection = context;
	struct sending first, second;
	int64_t now_ns, next_ns = (int64_t)clock_now_ns();
	int fd = connect_to_server();

	/* Not all at the same moment. */
	next_ns += asked.interval_ns * connection->index / 8;
	while (connection->answered < asked.requests) {
		now_ns = (int64_t)clock_now_ns();
		if (now_ns < next_ns)
			work_sleep(next_ns - now_ns);
		send_part(fd, first_part, &first);
		work_sleep(asked.pause_ns);
		send_part(fd, second_part, &second);
		await_response(fd);
		connection->least_ns += second.from_ns - first.until_ns;
		connection->most_ns += second.until_ns - first.from_ns;
		connection->answered++;
		next_ns += asked.interval_ns;
	}
	close(fd);
	return NULL;
}

int main(int argc, char **argv)
{
	struct connection connections[64] = {0};
	unsigned int count, requests = 0;
	double least = 0, most = 0;

	count = argc == 6 ? (unsigned int)atoi(argv[2]) : 0;
	if (!count || count > 64) {
		fprintf(stderr,
			"usage: truth_client PORT CONNECTIONS REQUESTS INTERVAL_US PAUSE_US\n");
		return 2;
	}
	asked.port = (uint16_t)atoi(argv[1]);
	asked.requests = (unsigned int)atoi(argv[3]) / count;
	asked.interval_ns = atoll(argv[4]) * 1000;
	asked.pause_ns = atoll(argv[5]) * 1000;
	for (unsigned int i = 0; i < count; i++) {
		connections[i].index = i;
		if (pthread_create(&connections[i].thread, NULL, drive, &connections[i]))
			serving_fail("cannot start a thread");
	}
	for (unsigned int i = 0; i < count; i++) {
		pthread_join(connections[i].thread, NULL);
		requests += connections[i].answered;
		least += (double)connections[i].least_ns;
		most += (double)connections[i].most_ns;
	}
	printf("{\"requests\": %u, \"apart\": {\"least_ns\": %.1f, \"most_ns\": %.1f}}\n", requests,
		requests ? least / requests : 0, requests ? most / requests : 0);
	return 0;
}
