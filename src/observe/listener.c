/* SPDX-License-Identifier: MIT */
#include "observe/listener.h"

#include <inttypes.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/procfs.h"

#define LINE_BYTES      512
#define LISTENING       0x0aU /* TCP_LISTEN in the "st" column */
#define NAMESPACE_LIMIT 1024U
#define SOCKET_LIMIT    1024U /* SO_REUSEPORT: one a thread */

struct space {
	uint64_t inode;
	bool listens; /* has a socket of the port */
	bool seen;    /* and a holder of one was found */
};

struct search {
	uint16_t port;
	struct space spaces[NAMESPACE_LIMIT];
	size_t space_count;
	struct {
		uint64_t inode;
		size_t space;
	} sockets[SOCKET_LIMIT];
	size_t socket_count;
	size_t held_in; /* the space of a socket that the process at hand holds */
	struct listener *listeners;
	size_t limit, count;
};

/*
 * Reads proc/PID/net/tcp or tcp6. Listening sockets come first, so that a machine with a million
 * connections costs no more. False: it cannot be read.
 */
static bool read_table(struct search *search, const char *process, const char *name, size_t space)
{
	char path[PATH_MAX + 16], line[LINE_BYTES];
	unsigned int port, state = LISTENING;
	uint64_t inode;
	FILE *file;

	snprintf(path, sizeof(path), "%s/net/%s", process, name);
	file = fopen(path, "re");
	while (file && state == LISTENING && fgets(line, sizeof(line), file)) {
		if (sscanf(line,
			    " %*u: %*[0-9A-F]:%x %*[0-9A-F]:%*x %x %*x:%*x %*x:%*x %*x %*u %*u "
			    "%" SCNu64,
			    &port, &state, &inode) != 3)
			continue; /* the title */
		if (state != LISTENING || port != search->port)
			continue;
		search->spaces[space].listens = true;
		if (search->socket_count == SOCKET_LIMIT)
			break;
		search->sockets[search->socket_count].inode = inode;
		search->sockets[search->socket_count++].space = space;
	}
	if (file)
		fclose(file);
	return file;
}

/* The first readable process of each namespace shows that namespace's sockets. */
static bool visit_space(const char *path, uint64_t number, void *context)
{
	struct search *search = context;
	char link[PATH_MAX + 16];
	uint64_t inode;

	(void)number;
	snprintf(link, sizeof(link), "%s/ns/net", path);
	if (!procfs_link(link, "net", &inode))
		return true;
	for (size_t i = 0; i < search->space_count; i++)
		if (search->spaces[i].inode == inode)
			return true;
	search->spaces[search->space_count] = (struct space){.inode = inode};
	if (!read_table(search, path, "tcp", search->space_count))
		return true; /* it has ended: the next one may tell */
	read_table(search, path, "tcp6", search->space_count);
	search->space_count++;
	return search->space_count < NAMESPACE_LIMIT;
}

static bool visit_descriptor(const char *path, uint64_t number, void *context)
{
	struct search *search = context;
	uint64_t inode;

	(void)number;
	if (!procfs_link(path, "socket", &inode))
		return true;
	for (size_t i = 0; i < search->socket_count; i++) {
		if (search->sockets[i].inode == inode) {
			search->held_in = search->sockets[i].space;
			return false;
		}
	}
	return true;
}

static void add(struct search *search, uint32_t pid, uint64_t netns)
{
	if (search->count < search->limit)
		search->listeners[search->count] = (struct listener){.pid = pid, .netns = netns};
	search->count++;
}

static bool visit_holder(const char *path, uint64_t number, void *context)
{
	struct search *search = context;
	char folder[PATH_MAX + 16];

	search->held_in = SIZE_MAX;
	snprintf(folder, sizeof(folder), "%s/fd", path);
	procfs_each(folder, visit_descriptor, search);
	if (search->held_in == SIZE_MAX)
		return true;
	search->spaces[search->held_in].seen = true;
	add(search, (uint32_t)number, search->spaces[search->held_in].inode);
	return true;
}

size_t listener_find(struct listener *listeners, size_t limit, const char *root, uint16_t port)
{
	struct search search = {.port = port, .listeners = listeners, .limit = limit};
	char processes[PATH_MAX];

	snprintf(processes, sizeof(processes), "%s/proc", root);
	procfs_each(processes, visit_space, &search);
	if (search.socket_count)
		procfs_each(processes, visit_holder, &search);
	for (size_t i = 0; i < search.space_count; i++)
		if (search.spaces[i].listens && !search.spaces[i].seen)
			add(&search, 0, search.spaces[i].inode);
	return search.count;
}
