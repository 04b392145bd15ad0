/* SPDX-License-Identifier: MIT */
/*
 * A client of many short connections, one after another in each of its threads:
 *
 *   robust_client ADDRESS PORT CONNECTIONS KINDS [THREADS]
 *
 * KINDS is a word of letters that the connections take in turn, and says what becomes of each:
 *
 *   a   asks for / and takes the answer, then closes
 *   k   the same three times before it closes
 *   h   asks for /, says that it will send no more, takes the answer, then closes
 *   l   asks for /never and closes without waiting
 *   r   asks for /never and resets
 *   i   asks for nothing
 *
 * Exits 1 at the first connection that goes otherwise.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/servers/shared/serving.h"

#define THREAD_LIMIT 16

static const char wanted[] = "GET / HTTP/1.1\r\nHost: robust\r\n\r\n";
static const char unanswered[] = "GET /never HTTP/1.1\r\nHost: robust\r\n\r\n";

static struct {
	struct sockaddr_storage server;
	socklen_t server_bytes;
	unsigned int connections, threads;
	const char *kinds;
} asked;

static bool parse_server(const char *address, uint16_t port)
{
	struct sockaddr_in *four = (struct sockaddr_in *)&asked.server;
	struct sockaddr_in6 *six = (struct sockaddr_in6 *)&asked.server;

	if (inet_pton(AF_INET, address, &four->sin_addr) == 1) {
		four->sin_family = AF_INET;
		four->sin_port = htons(port);
		asked.server_bytes = sizeof(*four);
		return true;
	}
	six->sin6_family = AF_INET6;
	six->sin6_port = htons(port);
	asked.server_bytes = sizeof(*six);
	return inet_pton(AF_INET6, address, &six->sin6_addr) == 1;
}

static int connect_to_server(void)
{
	int fd = socket(asked.server.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || connect(fd, (struct sockaddr *)&asked.server, asked.server_bytes))
		serving_fail("cannot connect");
	return fd;
}

static void ask(int fd, const char *request)
{
	size_t bytes = strlen(request);

	if (send(fd, request, bytes, MSG_NOSIGNAL) != (ssize_t)bytes)
		serving_fail("cannot send");
}

/* The servers of these tests send an answer of a few hundred bytes in one piece. */
static void take_answer(int fd)
{
	char bytes[4096];
	ssize_t got = recv(fd, bytes, sizeof(bytes), 0);

	if (got > 0)
		return;
	if (got == 0)
		errno = ECONNABORTED;
	serving_fail("no answer");
}

static void converse(int fd, char kind)
{
	struct linger at_once = {.l_onoff = 1};

	if (kind == 'l' || kind == 'r')
		ask(fd, unanswered);
	if (kind == 'r')
		setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
	if (kind != 'a' && kind != 'k' && kind != 'h')
		return;
	for (unsigned int i = 0; i < (kind == 'k' ? 3 : 1); i++) {
		ask(fd, wanted);
		if (kind == 'h')
			shutdown(fd, SHUT_WR);
		take_answer(fd);
	}
}

static void *churn(void *context)
{
	unsigned int first = (unsigned int)(uintptr_t)context;
	size_t kinds = strlen(asked.kinds);

	for (unsigned int i = first; i < asked.connections; i += asked.threads) {
		int fd = connect_to_server();

		converse(fd, asked.kinds[i % kinds]);
		close(fd);
	}
	return NULL;
}

int main(int argc, char **argv)
{
	pthread_t threads[THREAD_LIMIT];

	if (argc == 5 || argc == 6) {
		asked.connections = (unsigned int)atoi(argv[3]);
		asked.kinds = argv[4];
		asked.threads = argc == 6 ? (unsigned int)atoi(argv[5]) : 1;
	}
	if (!asked.threads || asked.threads > THREAD_LIMIT ||
		asked.kinds[strspn(asked.kinds, "akhlri")] || !*asked.kinds ||
		!parse_server(argv[1], (uint16_t)atoi(argv[2]))) {
		fprintf(stderr, "usage: robust_client ADDRESS PORT CONNECTIONS KINDS [THREADS]\n");
		return 2;
	}
	for (unsigned int i = 0; i < asked.threads; i++)
		if (pthread_create(&threads[i], NULL, churn, (void *)(uintptr_t)i))
			serving_fail("cannot start a thread");
	for (unsigned int i = 0; i < asked.threads; i++)
		pthread_join(threads[i], NULL);
	return 0;
}
