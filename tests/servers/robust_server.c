/* SPDX-License-Identifier: MIT */
/*
 * A server that others may share its port with: robust_server ADDRESS PORT [THREADS]
 *
 * It listens with SO_REUSEPORT on a socket of its own for each thread, on :: for IPv4 too, and
 * answers whatever comes at once. It says "listening on http://127.0.0.1:PORT".
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/servers/shared/serving.h"

static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

static struct sockaddr_storage own;
static socklen_t own_bytes;

static int parse_own(const char *address, uint16_t port)
{
	struct sockaddr_in *four = (struct sockaddr_in *)&own;
	struct sockaddr_in6 *six = (struct sockaddr_in6 *)&own;

	if (inet_pton(AF_INET, address, &four->sin_addr) == 1) {
		four->sin_family = AF_INET;
		four->sin_port = htons(port);
		own_bytes = sizeof(*four);
		return 1;
	}
	six->sin6_family = AF_INET6;
	six->sin6_port = htons(port);
	own_bytes = sizeof(*six);
	return inet_pton(AF_INET6, address, &six->sin6_addr);
}

/* The first one finds a port if none was asked for; the others take the same. */
static int listen_there(void)
{
	int on = 1, off = 0, fd = socket(own.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		serving_fail("no socket");
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on));
	if (own.ss_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
	if (bind(fd, (struct sockaddr *)&own, own_bytes) || listen(fd, 4096) ||
		getsockname(fd, (struct sockaddr *)&own, &own_bytes))
		serving_fail("cannot listen");
	return fd;
}

static void watch(int epoll, int fd)
{
	struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};

	if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event))
		serving_fail("cannot watch a connection");
}

static void serve_one(int fd)
{
	char bytes[4096];
	ssize_t got = recv(fd, bytes, sizeof(bytes), 0);

	if (got <= 0 || send(fd, answer, sizeof(answer) - 1, MSG_NOSIGNAL) < 0)
		close(fd);
}

static void *serve(void *context)
{
	int listener = (int)(intptr_t)context, epoll = epoll_create1(EPOLL_CLOEXEC), fd;
	struct epoll_event event;

	watch(epoll, listener);
	while (epoll_wait(epoll, &event, 1, -1) >= 0) {
		if (event.data.fd != listener)
			serve_one(event.data.fd);
		else if ((fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC)) >= 0)
			watch(epoll, fd);
	}
	serving_fail("cannot wait");
}

int main(int argc, char **argv)
{
	int threads = argc == 4 ? atoi(argv[3]) : 1, listener = -1;
	pthread_t thread;

	if (argc < 3 || argc > 4 || threads < 1 || !parse_own(argv[1], (uint16_t)atoi(argv[2]))) {
		fprintf(stderr, "usage: robust_server ADDRESS PORT [THREADS]\n");
		return 2;
	}
	for (int i = 0; i < threads; i++) {
		listener = listen_there();
		if (i && pthread_create(&thread, NULL, serve, (void *)(intptr_t)listener))
			serving_fail("cannot start a thread");
	}
	/* The port lies at the same place in both kinds of address. */
	printf("listening on http://127.0.0.1:%u\n", ntohs(((struct sockaddr_in *)&own)->sin_port));
	fflush(stdout);
	serve((void *)(intptr_t)listener);
	return 0;
}
