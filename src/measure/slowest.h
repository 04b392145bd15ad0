/* SPDX-License-Identifier: MIT */
/*
 * The slowest requests a worker has seen, so that the kernel's view of one can be laid beside the
 * client's: the key that both know is the connection and the byte offset of the request in it.
 *
 * It keeps the `capacity` slowest by service time (done - sent), whatever their number: a request
 * that the kernel saw as slow took at least as long for the client.
 *
 * Owner: the caller gives the memory (slowest_bytes, aligned to 8, zeroed). Threads: one writes;
 * others read after it has ended. Errors: none. Cost: a comparison for each request, and a walk of
 * at most log2(capacity) rows for one that enters (a heap with the fastest on top).
 * Units: nanoseconds of clock.h.
 */
#ifndef RINGLOAD_MEASURE_SLOWEST_H
#define RINGLOAD_MEASURE_SLOWEST_H

#include <stddef.h>
#include <stdint.h>

/* Rows a worker keeps. */
#define SLOWEST_CAPACITY 2048

struct slowest_row {
	uint64_t service_ns; /* done - sent */
	uint64_t intended_ns, sent_ns, done_ns;
	uint64_t offset_bytes; /* of its first byte in the connection's stream */
	uint16_t local_port;   /* of the connection, host byte order */
	uint16_t address;      /* index into the plan's */
	uint32_t pad;
};

struct slowest {
	size_t count, capacity;
	struct slowest_row *rows; /* a heap: rows[0] has the smallest service time */
};

size_t slowest_bytes(size_t capacity);
void slowest_init(struct slowest *slowest, size_t capacity, void *rows);

void slowest_insert(struct slowest *slowest, const struct slowest_row *row);

/* Whether a request of this service time would be kept; inline, as it runs for each request. */
static inline int slowest_wants(const struct slowest *slowest, uint64_t service_ns)
{
	return slowest->count < slowest->capacity || service_ns > slowest->rows[0].service_ns;
}

/*
 * The row of a request, or NULL when it is not kept. A port may come back within a run, and serve
 * two addresses at once: of several rows it is the slowest, and whoever asks compares the times.
 * Linear.
 */
const struct slowest_row *slowest_find(
	const struct slowest *slowest, uint16_t local_port, uint64_t offset_bytes);

#endif
