/* SPDX-License-Identifier: MIT */
/*
 * The functions that a runtime compiled while it ran, if it writes them down: /tmp/perf-PID.map, as
 * Node (--perf-basic-prof), the JVM (jcmd Compiler.perfmap, agents), .NET and others do.
 *
 * Anybody may write to /tmp: a file is believed only when the process's owner or root owns it, and
 * only as long as the names are names; it may be older than the code it describes, and that cannot
 * be seen.
 *
 * Owner: the table is the caller's. Threads: one at a time.
 * Source: tools/perf/Documentation/jit-interface.txt in the kernel.
 */
#ifndef RINGLOAD_PROBE_PERF_MAP_H
#define RINGLOAD_PROBE_PERF_MAP_H

#include <stdint.h>
#include <sys/types.h>

#include "probe/symbol_table.h"

/* Most bytes of a map that are read. */
#define PERF_MAP_LIMIT_BYTES ((size_t)256 << 20)

/* Fills the (zeroed) table from path if this user or root owns the file. 0, or -errno. Of two
 * lines for one address the later holds. */
int perf_map_read(struct symbol_table *table, const char *path, uid_t owner);

#endif
