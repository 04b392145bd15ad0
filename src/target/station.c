/* SPDX-License-Identifier: MIT */
#include "target/station.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int no_memory(struct err *err)
{
	return err_set_errno(err, ERR_ENVIRONMENT, -ENOMEM, "no memory for what routes share");
}

/* The lock an earlier route gave the same name, or a new one. */
static struct lock *lock_of(struct station_set *set, const struct route_set *routes, size_t index)
{
	const char *name = routes->routes[index].lock_name;

	for (size_t i = 0; i < index && *name; i++)
		if (set->stations[i].lock && !strcmp(routes->routes[i].lock_name, name))
			return set->stations[i].lock;
	lock_init(&set->locks[set->lock_count]);
	return &set->locks[set->lock_count++];
}

static int open_station(struct station *station, const struct route *route, struct err *err)
{
	if (route->queue.capacity_mrps) {
		station->queue = queue_new(&route->queue);
		if (!station->queue)
			return no_memory(err);
	}
	if (route->leak_bytes_per_hour || route->leak_request_bytes)
		return leak_init(
			&station->leak, route->leak_limit_bytes, route->leak_bytes_per_hour, err);
	return 0;
}

int station_set_init(struct station_set *set, const struct route_set *routes, struct err *err)
{
	int code = 0;

	memset(set, 0, sizeof(*set));
	set->stations = calloc(routes->count, sizeof(*set->stations));
	set->locks = calloc(routes->count, sizeof(*set->locks));
	if (!set->stations || !set->locks)
		code = no_memory(err);
	for (; !code && set->count < routes->count; set->count++) {
		const struct route *route = &routes->routes[set->count];

		if (route->lock_ns)
			set->stations[set->count].lock = lock_of(set, routes, set->count);
		code = open_station(&set->stations[set->count], route, err);
	}
	if (code)
		station_set_release(set);
	return code;
}

void station_set_release(struct station_set *set)
{
	for (size_t i = 0; i < set->count; i++) {
		queue_free(set->stations[i].queue);
		leak_release(&set->stations[i].leak);
	}
	for (size_t i = 0; i < set->lock_count; i++)
		lock_release(&set->locks[i]);
	free(set->stations);
	free(set->locks);
	memset(set, 0, sizeof(*set));
}

uint64_t station_set_leak(struct station_set *set, uint64_t elapsed_ns)
{
	uint64_t next_ns = UINT64_MAX;

	for (size_t i = 0; i < set->count; i++) {
		struct leak *leak = &set->stations[i].leak;
		uint64_t due_ns;

		leak_at(leak, elapsed_ns);
		due_ns = leak_next_ns(leak);
		if (due_ns < next_ns)
			next_ns = due_ns;
	}
	return next_ns;
}
