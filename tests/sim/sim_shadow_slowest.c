/* SPDX-License-Identifier: MIT */
#include "tests/sim/sim_shadow.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "tests/sim/fake_log.h"

/* A request of the measured phase was answered. */
void shadow_slowest_completed(struct shadow *shadow, const struct shadow_conn *conn,
	const struct shadow_request *request, uint64_t done_ns)
{
	if (request->phase != STATS_MEASURED)
		return;
	if (shadow->row_count == shadow->row_room) {
		shadow->row_room = shadow->row_room ? 2 * shadow->row_room : 64;
		shadow->rows = realloc(shadow->rows, shadow->row_room * sizeof(*shadow->rows));
		if (!shadow->rows)
			fake_log_fail("no memory");
	}
	shadow->rows[shadow->row_count++] = (struct slowest_row){
		.service_ns = done_ns - request->sent_ns,
		.intended_ns = request->intended_ns,
		.sent_ns = request->sent_ns,
		.done_ns = done_ns,
		.offset_bytes = request->offset_bytes,
		.local_port = conn->peer->local_port,
		.address = (uint16_t)conn->peer->address};
}

/* A call for each connection, and none when nobody wants to know. */
void shadow_asked_port(struct shadow *shadow, const struct fake_conn *conn)
{
	if (!shadow->plan->slowest_rows)
		fake_log_fail("conn %u: asked for its port, which nobody needs", conn->number);
	if (conn->family == AF_UNIX)
		fake_log_fail(
			"conn %u: asked for its port, which a unix socket has not", conn->number);
	if (conn->port_asked)
		fake_log_fail("conn %u: asked for its port again", conn->number);
}

static void tell(const struct slowest_row *row, const char *what)
{
	fake_log_fail("a row of service %" PRIu64 " intended %" PRIu64 " sent %" PRIu64
		      " done %" PRIu64 " offset %" PRIu64 " port %u address %u %s",
		row->service_ns, row->intended_ns, row->sent_ns, row->done_ns, row->offset_bytes,
		row->local_port, row->address, what);
}

/* By service time, the slowest first, and by everything else. */
static int by_row(const void *left, const void *right)
{
	const struct slowest_row *one = left, *other = right;

	if (one->service_ns != other->service_ns)
		return one->service_ns < other->service_ns ? 1 : -1;
	return memcmp(one, other, sizeof(*one));
}

static struct slowest_row *sorted(const struct slowest_row *rows, size_t count)
{
	struct slowest_row *copy = malloc((count + 1) * sizeof(*copy));

	if (!copy)
		fake_log_fail("no memory");
	if (count)
		memcpy(copy, rows, count * sizeof(*copy));
	qsort(copy, count, sizeof(*copy), by_row);
	return copy;
}

/*
 * Both in order: what is kept must be there, and what lies before the last kept must be kept. Among
 * those as slow as the last, any may be.
 */
static void compare_rows(const struct shadow *shadow, const struct slowest *slowest)
{
	struct slowest_row *kept = sorted(slowest->rows, slowest->count);
	struct slowest_row *wanted = sorted(shadow->rows, shadow->row_count);
	uint64_t last_ns = kept[slowest->count - 1].service_ns;
	size_t next = 0;

	for (size_t i = 0; i < slowest->count; i++) {
		while (next < shadow->row_count && wanted[next].service_ns == last_ns &&
			by_row(&wanted[next], &kept[i]) < 0)
			next++;
		if (next == shadow->row_count || by_row(&wanted[next], &kept[i]) > 0)
			tell(&kept[i], "is of no request");
		if (by_row(&wanted[next], &kept[i]) < 0)
			tell(&wanted[next], "is missing");
		next++;
	}
	if (next < shadow->row_count && wanted[next].service_ns > last_ns)
		tell(&wanted[next], "is missing");
	free(kept);
	free(wanted);
}

void shadow_slowest_compare(const struct shadow *shadow, bool at_end)
{
	const struct slowest *slowest = &shadow->worker->slowest;
	size_t capacity = shadow->plan->slowest_rows;
	size_t count = shadow->row_count < capacity ? shadow->row_count : capacity;

	if (slowest->count != count)
		fake_log_fail("%zu of %zu requests are kept of the %zu slowest", slowest->count,
			shadow->row_count, capacity);
	if (at_end && count)
		compare_rows(shadow, slowest);
}
