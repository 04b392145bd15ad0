/* SPDX-License-Identifier: MIT */
#include "observe/listener.h"

#include <inttypes.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/procfs.h"

#define LINE_BYTES      512
#define LISTENING       0x0aU   /* TCP_LISTEN in the "st" column */
#define LINE_LIMIT      200000U /* of unix sockets that are looked at */
#define NAMESPACE_LIMIT 1024U
#define SOCKET_LIMIT    1024U /* SO_REUSEPORT: one a thread */

struct space {
	uint64_t inode;
	bool listens; /* has a socket of the port */
	bool seen;    /* and a holder of one was found */
};

struct search {
	uint16_t port;
	const char *name; /* of a unix socket; NULL: by port */
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

static bool add_socket(struct search *search, uint64_t inode, size_t space)
{
	search->spaces[space].listens = true;
	if (search->socket_count == SOCKET_LIMIT)
		return false;
	search->sockets[search->socket_count].inode = inode;
	search->sockets[search->socket_count++].space = space;
	return true;
}

/* Reads proc/PID/net/unix, where those that listen stand anywhere. False: it cannot be read. */
static bool read_unix_table(struct search *search, const char *process, size_t space)
{
	char path[PATH_MAX + 16], line[LINE_BYTES];
	uint64_t inode;
	FILE *file;

	snprintf(path, sizeof(path), "%s/net/unix", process);
	file = fopen(path, "re");
	for (unsigned int n = 0; file && n < LINE_LIMIT && fgets(line, sizeof(line), file); n++)
		if (procfs_listens_unix(line, search->name, &inode) &&
			!add_socket(search, inode, space))
			break;
	if (file)
		fclose(file);
	return file;
}

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
		if (!add_socket(search, inode, space))
			break;
	}
	if (file)
		fclose(file);
	return file;
}

static bool read_space(struct search *search, const char *process, size_t space)
{
	if (search->name)
		return read_unix_table(search, process, space);
	if (!read_table(search, process, "tcp", space))
		return false;
	read_table(search, process, "tcp6", space);
	return true;
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
	if (!read_space(search, path, search->space_count))
		return true; /* it has ended: the next one may tell */
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

static size_t find(struct search *search, const char *root)
{
	char processes[PATH_MAX];

	snprintf(processes, sizeof(processes), "%s/proc", root);
	procfs_each(processes, visit_space, search);
	if (search->socket_count)
		procfs_each(processes, visit_holder, search);
	for (size_t i = 0; i < search->space_count; i++)
		if (search->spaces[i].listens && !search->spaces[i].seen)
			add(search, 0, search->spaces[i].inode);
	return search->count;
}

size_t listener_find(struct listener *listeners, size_t limit, const char *root, uint16_t port)
{
	struct search search = {.port = port, .listeners = listeners, .limit = limit};

	return find(&search, root);
}

size_t listener_find_unix(
	struct listener *listeners, size_t limit, const char *root, const char *name)
{
	struct search search = {.name = name, .listeners = listeners, .limit = limit};

	return find(&search, root);
}
