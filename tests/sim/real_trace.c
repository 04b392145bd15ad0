/* SPDX-License-Identifier: MIT */
/* The script of ring operations on the real kernel, with sockets on loopback as the far end. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/sim/trace_script.h"

struct real_world {
	struct trace_world world;
	int listener;
	int peers[8];
	size_t count;
};

static void check(int ok, const char *what)
{
	if (!ok) {
		perror(what);
		exit(1);
	}
}

/* A listener on a port of the kernel's choice; closed again, the port refuses. */
static int listen_on(struct sockaddr_storage *address)
{
	struct sockaddr_in *in = (struct sockaddr_in *)address;
	socklen_t bytes = sizeof(*in);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	check(fd >= 0, "socket");
	in->sin_family = AF_INET;
	in->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	check(!bind(fd, (struct sockaddr *)in, bytes), "bind");
	check(!listen(fd, 16), "listen");
	check(!getsockname(fd, (struct sockaddr *)in, &bytes), "getsockname");
	return fd;
}

static void established(struct trace_world *world)
{
	struct real_world *real = (struct real_world *)world;
	int one = 1;

	real->peers[real->count] = accept(real->listener, NULL, NULL);
	check(real->peers[real->count] >= 0, "accept");
	/* Two small writes in a row leave at once, not when the first was acknowledged. */
	check(!setsockopt(real->peers[real->count], IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)),
		"setsockopt");
	real->count++;
}

static void write_bytes(struct trace_world *world, size_t number, const void *data, size_t bytes)
{
	struct real_world *real = (struct real_world *)world;

	check(send(real->peers[number], data, bytes, MSG_NOSIGNAL) == (ssize_t)bytes, "send");
}

/* What lies unread would turn a close into a reset. */
static void finish(struct trace_world *world, size_t number)
{
	struct real_world *real = (struct real_world *)world;
	char data[4096];

	while (recv(real->peers[number], data, sizeof(data), MSG_DONTWAIT) > 0)
		;
	close(real->peers[number]);
}

static void reset(struct trace_world *world, size_t number)
{
	struct real_world *real = (struct real_world *)world;
	struct linger at_once = {.l_onoff = 1};

	setsockopt(real->peers[number], SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
	close(real->peers[number]);
}

int main(void)
{
	struct real_world real = {.world = {.established = established,
					  .write = write_bytes,
					  .finish = finish,
					  .reset = reset,
					  .address_bytes = sizeof(struct sockaddr_in)}};

	real.listener = listen_on(&real.world.accepts);
	close(listen_on(&real.world.refuses));
	return trace_play(&real.world);
}
