/* SPDX-License-Identifier: MIT */
/*
 * Addresses in processes and in the kernel to the names that stand in a stack: what is mapped where
 * in each process, and whose code that is.
 *
 *   epoll_wait              a function of a program or library (C++ names stay as the linker
 *                           has them), of the vdso, or from the runtime's /tmp/perf-PID.map
 *   nginx+0x4a2c0           a file without a name for this place: address in the file
 *   [anon]+0x40             code in memory that belongs to no file, as a runtime compiles it
 *   [unknown]               nothing is mapped there
 *   tcp_sendmsg             a function of the kernel
 *   [kernel]                the kernel has none there; if it hides all addresses, it says so
 *
 * Names hold no ';' (it becomes ':'), no control character and nothing that is not UTF-8 ('?').
 *
 * A process is looked at twice, when it is added and at symbols_update, and the mappings of both
 * are kept: one that has ended in between has those of the first, code that was loaded after has
 * those of the second. Files are opened when first seen, as the process sees them, deleted ones
 * too.
 *
 * Owner: symbols_new makes it, symbols_free frees it. Threads: one. Errors: none beyond a missing
 * name. Limits: IMAGE_CACHE_LIMIT different files (image_cache.h) are held open; further ones give
 * places without names. Needs: the right to ptrace the processes; else all their code is [unknown].
 */
#ifndef RINGLOAD_PROBE_SYMBOLS_H
#define RINGLOAD_PROBE_SYMBOLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

struct symbols;

/* NULL: no memory. */
struct symbols *symbols_new(void);
void symbols_free(struct symbols *symbols); /* NULL is allowed */

/* Looks at a process, the first time. */
void symbols_add(struct symbols *symbols, uint32_t pid);

/* Looks at all of them again. */
void symbols_update(struct symbols *symbols);

/*
 * How many of these frames, innermost first, are of code: the first one where nothing is mapped
 * ends the stack, as what was followed to get there was no frame pointer. The innermost frame is
 * where the process was, the others are where calls return to.
 */
size_t symbols_depth(
	struct symbols *symbols, uint32_t pid, const uint64_t *addresses, size_t count);

/* Append one name each. An address that a call returns to lies behind the call, perhaps in the next
 * function already: returns says so, and the name is that of the call. */
void symbols_process(struct symbols *symbols, uint32_t pid, struct buf *out);
void symbols_user(
	struct symbols *symbols, uint32_t pid, uint64_t address, bool returns, struct buf *out);
void symbols_kernel(struct symbols *symbols, uint64_t address, bool returns, struct buf *out);

#endif
