/* SPDX-License-Identifier: MIT */
#include "target/door.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "target/client.h"
#include "target/server.h"

/* How long accepts rest when the system is short of something. */
#define REST_NS (10 * NS_PER_MS)

static void count(struct server *server, enum tally_counter counter)
{
	TALLY_ADD(server->options.tally, counter, 1);
}

static bool stopping(const struct server *server)
{
	return __atomic_load_n(server->options.stopping, __ATOMIC_RELAXED);
}

static bool table_full(const struct server *server)
{
	return server->live + 1 >= server->slot_count;
}

int door_init(struct server *server)
{
	size_t count = server->options.listener_count;
	struct door *door = &server->door;

	door->retry_ns = UINT64_MAX;
	door->listening = calloc(count, sizeof(*door->listening));
	if (!door->listening)
		return -ENOMEM;
	if (!server->options.accept_delay_ns)
		return 0;
	door->due_ns = malloc(count * sizeof(*door->due_ns));
	if (!door->due_ns)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++) {
		int fd = server->options.listeners[i], flags = fcntl(fd, F_GETFL);

		/* Who seemed to wait may be gone when it is taken. */
		if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK))
			return -errno;
		door->due_ns[i] = UINT64_MAX;
	}
	return 0;
}

void door_release(struct server *server)
{
	free(server->door.listening);
	free(server->door.due_ns);
	memset(&server->door, 0, sizeof(server->door));
}

void door_open(struct server *server)
{
	struct door *door = &server->door;

	door->retry_ns = UINT64_MAX;
	if (stopping(server) || door->due_ns)
		return;
	for (size_t i = 0; i < server->options.listener_count; i++) {
		if (door->listening[i])
			continue;
		server_reserve(server);
		ring_accept(
			server->ring, server->options.listeners[i], RING_TAG(RING_ACCEPT, i, 0));
		door->listening[i] = true;
	}
}

void door_accepted(struct server *server, const struct ring_completion *completion)
{
	struct door *door = &server->door;

	if (!(completion->flags & RING_MORE))
		door->listening[RING_TAG_SLOT(completion->tag)] = false;
	if (completion->result >= 0) {
		client_accepted(server, (uint32_t)completion->result);
		if (stopping(server))
			client_end(server, &server->clients[completion->result], false);
		door_open(server);
		return;
	}
	if (stopping(server))
		return;
	count(server, TALLY_ACCEPT_ERRORS);
	/* With a full table the next free slot listens again; what is short in the system (files,
	 * memory) comes back by itself. A client that gave up meanwhile is no shortage. */
	if (completion->result == -ECONNABORTED)
		door_open(server);
	else if (!table_full(server))
		door->retry_ns = server->now_ns + REST_NS;
}

bool door_is_armed(const struct server *server)
{
	for (size_t i = 0; i < server->options.listener_count; i++)
		if (server->door.listening[i])
			return true;
	return false;
}

/* --- with a delay ------------------------------------------------------------------------- */

/* There is one: the table is not full. Nothing else takes slots while there is a delay. */
static uint32_t free_slot(struct server *server)
{
	uint32_t slot = server->door.slot;

	do
		slot = slot + 1 < server->slot_count ? slot + 1 : 1;
	while (server->clients[slot].state != CLIENT_FREE);
	server->door.slot = slot;
	return slot;
}

/* Takes everybody who waits there, as far as there is room; -errno where that went wrong. */
static int take_all(struct server *server, size_t listener, uint64_t *taken)
{
	while (!table_full(server)) {
		int fd = accept4(server->options.listeners[listener], NULL, NULL, SOCK_CLOEXEC);
		uint32_t slot;
		int code;

		if (fd < 0 && (errno == ECONNABORTED || errno == EINTR))
			continue;
		if (fd < 0)
			return errno == EAGAIN ? 0 : -errno;
		slot = free_slot(server);
		code = ring_install(server->ring, slot, fd);
		if (code) {
			close(fd);
			return code;
		}
		client_accepted(server, slot);
		(*taken)++;
	}
	return 0;
}

static void empty(struct server *server, size_t listener)
{
	uint64_t *most = &server->options.tally->value[TALLY_ACCEPT_MOST], taken = 0;
	int code = take_all(server, listener, &taken);

	server->door.due_ns[listener] = UINT64_MAX;
	if (code) {
		count(server, TALLY_ACCEPT_ERRORS);
		server->door.due_ns[listener] = server->now_ns + REST_NS;
	}
	if (taken)
		count(server, TALLY_ACCEPT_ROUNDS);
	if (taken > *most)
		__atomic_store_n(most, taken, __ATOMIC_RELAXED);
}

/* Finds out where somebody has come to wait. */
static void look(struct server *server)
{
	struct door *door = &server->door;

	door->look_ns = server->now_ns + DOOR_LOOK_NS;
	for (size_t i = 0; i < server->options.listener_count; i++) {
		struct pollfd waiting = {.fd = server->options.listeners[i], .events = POLLIN};

		if (door->due_ns[i] == UINT64_MAX && poll(&waiting, 1, 0) > 0 &&
			waiting.revents & POLLIN)
			door->due_ns[i] = server->now_ns + server->options.accept_delay_ns;
	}
}

void door_turn(struct server *server)
{
	struct door *door = &server->door;

	if (server->now_ns >= door->retry_ns)
		door_open(server);
	if (!door->due_ns || stopping(server))
		return;
	for (size_t i = 0; i < server->options.listener_count; i++)
		if (server->now_ns >= door->due_ns[i] && !table_full(server))
			empty(server, i);
	if (server->now_ns >= door->look_ns)
		look(server);
}

uint64_t door_next_ns(const struct server *server)
{
	const struct door *door = &server->door;
	uint64_t next_ns = door->retry_ns;

	for (size_t i = 0; door->due_ns && i < server->options.listener_count; i++) {
		/* With a full table the next slot that is given back ends the wait. */
		uint64_t due_ns = table_full(server) ? UINT64_MAX : door->due_ns[i];

		if (door->due_ns[i] == UINT64_MAX)
			due_ns = door->look_ns;
		if (due_ns < next_ns)
			next_ns = due_ns;
	}
	return next_ns;
}
