/* SPDX-License-Identifier: MIT */
#include "target/tally.h"

#include <stdlib.h>

struct tally *tally_new(size_t route_count, size_t log_capacity)
{
	size_t cell_bytes = hist_bytes(HIST_PRECISION_2_DIGITS, TALLY_LONGEST_NS);
	size_t route_bytes = route_count * sizeof(struct tally_route);
	/* One more: the oldest may be under the writer's pen while somebody reads. */
	size_t log_entries = log_capacity ? log_capacity + 1 : 0;
	size_t log_bytes = log_entries * sizeof(struct tally_entry);
	/* All parts are made of uint64_t, so one after the other is aligned. */
	char *memory = calloc(
		1, sizeof(struct tally) + route_bytes + log_bytes + route_count * cell_bytes);
	struct tally *tally = (struct tally *)memory;

	if (!tally)
		return NULL;
	memory += sizeof(*tally);
	tally->routes = (struct tally_route *)memory;
	tally->route_count = route_count;
	memory += route_bytes;
	tally->log = (struct tally_entry *)memory;
	tally->log_capacity = log_entries;
	memory += log_bytes;
	for (size_t i = 0; i < route_count; i++, memory += cell_bytes)
		hist_init(&tally->routes[i].residence, HIST_PRECISION_2_DIGITS, TALLY_LONGEST_NS,
			memory);
	return tally;
}

void tally_free(struct tally *tally)
{
	free(tally);
}

static void store(uint64_t *cell, uint64_t value)
{
	__atomic_store_n(cell, value, __ATOMIC_RELAXED);
}

void tally_request(struct tally *tally, size_t route, uint64_t read_ns, uint64_t bytes)
{
	struct tally_route *entry = &tally->routes[route];

	TALLY_ADD(entry, TALLY_REQUESTS, 1);
	TALLY_ADD(entry, TALLY_BYTES_RECEIVED, bytes);
	if (!entry->value[TALLY_FIRST_READ_NS])
		store(&entry->value[TALLY_FIRST_READ_NS], read_ns);
	store(&entry->value[TALLY_LAST_READ_NS], read_ns);
}

void tally_sent(struct tally *tally, size_t route, uint64_t read_ns, uint64_t sent_ns)
{
	struct tally_route *entry = &tally->routes[route];

	hist_record(&entry->residence, sent_ns - read_ns);
	if (!entry->value[TALLY_FIRST_SENT_NS])
		store(&entry->value[TALLY_FIRST_SENT_NS], sent_ns);
	store(&entry->value[TALLY_LAST_SENT_NS], sent_ns);
	if (tally->log_capacity) {
		struct tally_entry *log = &tally->log[tally->logged % tally->log_capacity];

		store(&log->route, route);
		store(&log->read_ns, read_ns);
		store(&log->sent_ns, sent_ns);
		/* A reader leaves out what may have been written over since it looked here. */
		__atomic_store_n(&tally->logged, tally->logged + 1, __ATOMIC_RELEASE);
	}
}

void tally_freeze(struct tally *tally, uint64_t from_ns, uint64_t until_ns)
{
	struct tally_freeze *freeze = &tally->freezes[tally->frozen];

	store(&freeze->from_ns, from_ns);
	store(&freeze->until_ns, until_ns);
	__atomic_store_n(&tally->frozen, tally->frozen + 1, __ATOMIC_RELEASE);
}
