/* SPDX-License-Identifier: MIT */
#include "target/route_load.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/units.h"
#include "target/share.h"

#define USUAL_LEAK_LIMIT_BYTES (1ULL << 30)
/* A degraded share below a percent would be a standstill. */
#define LEAST_DEGRADED_SHARE (SHARE_WHOLE / 100)

void route_load_init(struct route *route)
{
	route->queue = (struct queue_options){.servers = 1,
		.refuse_above = QUEUE_LENGTH_LIMIT,
		.overload_above = 100,
		.degraded_share = SHARE_WHOLE,
		.recovery_ns = 10 * NS_PER_S,
		.sustained_share = SHARE_WHOLE,
		.endurance_ns = 5 * NS_PER_S};
	route->refuse_status = 503;
	route->leak_limit_bytes = USUAL_LEAK_LIMIT_BYTES;
}

int route_load_capacity(
	struct route_set *set, struct route *route, const char *text, struct err *err)
{
	int code = units_parse_rate(text, &route->queue.capacity_mrps, err);

	(void)set;
	if (code)
		return code;
	if (!route->queue.capacity_mrps || route->queue.capacity_mrps > QUEUE_CAPACITY_LIMIT_MRPS)
		return err_set(err, ERR_USAGE, -ERANGE,
			"\"%s\" is no capacity: write one above 0 and up to 10M", text);
	return 0;
}

static int parse_u32(
	uint32_t *value, uint64_t lowest, uint64_t highest, const char *text, struct err *err)
{
	uint64_t count;
	int code = units_parse_count(text, lowest, highest, &count, err);

	if (!code)
		*value = (uint32_t)count;
	return code;
}

int route_load_servers(
	struct route_set *set, struct route *route, const char *text, struct err *err)
{
	(void)set;
	return parse_u32(&route->queue.servers, 1, QUEUE_SERVER_LIMIT, text, err);
}

int route_load_refuse_above(
	struct route_set *set, struct route *route, const char *text, struct err *err)
{
	(void)set;
	return parse_u32(&route->queue.refuse_above, 1, QUEUE_LENGTH_LIMIT, text, err);
}

int route_load_refuse(struct route_set *set, struct route *route, const char *text, struct err *err)
{
	char *end;
	unsigned long status = strtoul(text, &end, 10);

	(void)set;
	if (!strcmp(text, "close")) {
		route->refusal = ROUTE_REFUSE_CLOSE;
		return 0;
	}
	if (!strcmp(text, "reset")) {
		route->refusal = ROUTE_REFUSE_RESET;
		return 0;
	}
	if (text[0] < '1' || text[0] > '9' || *end)
		return err_set(err, ERR_USAGE, -EINVAL,
			"\"%s\" is not a refusal: write a status such as 503, close or reset",
			text);
	if (status < 400 || status > 599)
		return err_set(err, ERR_USAGE, -ERANGE,
			"\"%s\" is not the status of a refusal: write one from 400 to 599", text);
	route->refuse_status = (uint16_t)status;
	return 0;
}

int route_load_overload_above(
	struct route_set *set, struct route *route, const char *text, struct err *err)
{
	(void)set;
	return parse_u32(&route->queue.overload_above, 0, QUEUE_LENGTH_LIMIT, text, err);
}

int route_load_degraded(
	struct route_set *set, struct route *route, const char *text, struct err *err)
{
	int code = share_parse(text, &route->queue.degraded_share, err);

	(void)set;
	if (!code && route->queue.degraded_share < LEAST_DEGRADED_SHARE)
		return err_set(err, ERR_USAGE, -ERANGE,
			"\"%s\" leaves next to nothing of the capacity: write 1%% to 100%%", text);
	return code;
}

static int parse_time(uint64_t *time_ns, const char *what, const char *text, struct err *err)
{
	int code = units_parse_duration(text, time_ns, err);

	if (!code && (!*time_ns || *time_ns > SERVICE_LONGEST_NS))
		return err_set(err, ERR_USAGE, -ERANGE,
			"\"%s\" is no time %s: write one above 0 and up to 1h", text, what);
	return code;
}

int route_load_recovery(
	struct route_set *set, struct route *route, const char *text, struct err *err)
{
	(void)set;
	return parse_time(&route->queue.recovery_ns, "to recover in", text, err);
}

int route_load_sustained(
	struct route_set *set, struct route *route, const char *text, struct err *err)
{
	int code = share_parse(text, &route->queue.sustained_share, err);

	(void)set;
	if (!code && route->queue.sustained_share < LEAST_DEGRADED_SHARE)
		return err_set(err, ERR_USAGE, -ERANGE,
			"\"%s\" is next to nothing of the capacity: write 1%% to 100%%", text);
	return code;
}

int route_load_endurance(
	struct route_set *set, struct route *route, const char *text, struct err *err)
{
	(void)set;
	return parse_time(&route->queue.endurance_ns, "to endure", text, err);
}

int route_load_lock(struct route_set *set, struct route *route, const char *text, struct err *err)
{
	(void)set;
	return parse_time(&route->lock_ns, "to hold a lock", text, err);
}

int route_load_lock_name(
	struct route_set *set, struct route *route, const char *text, struct err *err)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789_-.";
	size_t bytes = strlen(text);

	(void)set;
	if (!bytes || bytes >= ROUTE_LOCK_NAME_BYTES || strspn(text, allowed) != bytes)
		return err_set(err, ERR_USAGE, -EINVAL,
			"\"%s\" is not a name: write up to %d letters, digits, \"_\", \"-\" or "
			"\".\"",
			text, ROUTE_LOCK_NAME_BYTES - 1);
	snprintf(route->lock_name, sizeof(route->lock_name), "%s", text);
	return 0;
}

static int parse_leak_size(uint64_t *size_bytes, const char *text, struct err *err)
{
	int code = units_parse_size(text, size_bytes, err);

	if (!code && (!*size_bytes || *size_bytes > ROUTE_MAX_SIZE_BYTES))
		return err_set(err, ERR_USAGE, -ERANGE,
			"\"%s\" is no size of a leak: write one above 0 and up to 1024G", text);
	return code;
}

int route_load_leak(struct route_set *set, struct route *route, const char *text, struct err *err)
{
	static const struct {
		const char *name;
		uint64_t an_hour;
	} times[] = {{"h", 1}, {"m", 60}, {"s", 3600}};
	const char *slash = strchr(text, '/');
	char size[ROUTE_VALUE_BYTES];

	(void)set;
	for (size_t i = 0; slash && i < sizeof(times) / sizeof(times[0]); i++) {
		int code;

		if (strcmp(slash + 1, times[i].name) != 0)
			continue;
		snprintf(size, sizeof(size), "%.*s", (int)(slash - text), text);
		code = parse_leak_size(&route->leak_bytes_per_hour, size, err);
		route->leak_bytes_per_hour *= times[i].an_hour;
		return code;
	}
	return err_set(err, ERR_USAGE, -EINVAL,
		"\"%s\" is not a size in a time: write SIZE/h, SIZE/m or SIZE/s, as in 50MB/h",
		text);
}

int route_load_leak_per_request(
	struct route_set *set, struct route *route, const char *text, struct err *err)
{
	(void)set;
	return parse_leak_size(&route->leak_request_bytes, text, err);
}

int route_load_leak_limit(
	struct route_set *set, struct route *route, const char *text, struct err *err)
{
	(void)set;
	return parse_leak_size(&route->leak_limit_bytes, text, err);
}

int route_load_continue(
	struct route_set *set, struct route *route, const char *text, struct err *err)
{
	static const char *const names[] = {[ROUTE_CONTINUE_YES] = "yes",
		[ROUTE_CONTINUE_NO] = "no",
		[ROUTE_CONTINUE_REFUSE] = "417"};

	(void)set;
	for (unsigned int i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (!strcmp(text, names[i])) {
			route->expectation = (enum route_continue)i;
			return 0;
		}
	}
	return err_set(err, ERR_USAGE, -EINVAL,
		"\"%s\" is not an answer to \"Expect: 100-continue\": write yes, no or 417", text);
}

int route_load_check(const struct route *route, struct err *err)
{
	const struct queue_options *queue = &route->queue;

	if (!queue->capacity_mrps)
		return 0;
	if (queue->degraded_share < SHARE_WHOLE && queue->refuse_above <= queue->overload_above)
		return err_set(err, ERR_USAGE, -ERANGE,
			"refuse-above=%u keeps the queue from ever having more than "
			"overload-above=%u: write a smaller overload-above",
			queue->refuse_above, queue->overload_above);
	return queue_check(queue, err);
}
