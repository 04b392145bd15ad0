/* SPDX-License-Identifier: MIT */
/*
 * How procfs is walked: folders whose entries are numbers (processes, threads, descriptors), and
 * links that name an object of the kernel by its inode; and the lines of proc/net/unix.
 *
 * Owner: nothing is kept. Threads: any. Errors: none: what cannot be read is passed over, as
 * processes end while one looks. Source: proc(5), proc_pid_fd(5), namespaces(7).
 */
#ifndef RINGLOAD_BASE_PROCFS_H
#define RINGLOAD_BASE_PROCFS_H

#include <stdbool.h>
#include <stdint.h>

/* Gets the entry's full path and its number; false ends the walk. */
typedef bool procfs_visit(const char *path, uint64_t number, void *context);

void procfs_each(const char *folder, procfs_visit *visit, void *context);

/*
 * The inode that a link names: 4026531840 for "net:[4026531840]" with kind "net", as for "socket".
 * False: it cannot be read, or names something else.
 */
bool procfs_link(const char *path, const char *kind, uint64_t *inode);

/*
 * Whether a line of proc/net/unix is of a socket that listens under this name: the path as it was
 * bound, or "@name" of an abstract one. Sockets that were accepted from it stand there under the
 * same name, and do not count. Source: net/unix/af_unix.c unix_seq_show.
 */
bool procfs_listens_unix(const char *line, const char *name, uint64_t *inode);

#endif
