/* SPDX-License-Identifier: MIT */
/*
 * Memory that is taken and never given back, as a service leaks it: real pages, touched, so that
 * they are in the resident size of the process; up to a limit, so that a test cannot eat the
 * machine.
 *
 * The whole limit is reserved as address space at first and costs nothing; a page becomes memory
 * when the first byte of it is leaked. Resident size thus follows the bytes leaked to within a
 * page. Huge pages are refused: with them it would go in steps of megabytes.
 *
 * Owner: the caller's storage, leak_init and leak_release; a zeroed leak may be released.
 * Threads: any for leak_add and leak_bytes; leak_at and leak_next_ns belong to one.
 * Errors: a sentence when address space is short. Units: bytes; nanoseconds.
 */
#ifndef RINGLOAD_TARGET_LEAK_H
#define RINGLOAD_TARGET_LEAK_H

#include <stdint.h>

#include "base/err.h"

struct leak {
	char *memory;
	uint64_t limit_bytes;
	uint64_t bytes_per_hour; /* leaked by time; 0: none */
	uint64_t timed_bytes;    /* of these so far */
	uint64_t wanted_bytes;   /* relaxed atomic; may pass the limit */
};

int leak_init(struct leak *leak, uint64_t limit_bytes, uint64_t bytes_per_hour, struct err *err);
void leak_release(struct leak *leak);

void leak_add(struct leak *leak, uint64_t bytes);

/* So much time has passed: leaks what is due by then. */
void leak_at(struct leak *leak, uint64_t elapsed_ns);

/* The time, after the last leak_at, at which another page is due; UINT64_MAX for never. */
uint64_t leak_next_ns(const struct leak *leak);

/* What is leaked, at most the limit. */
uint64_t leak_bytes(const struct leak *leak);

#endif
