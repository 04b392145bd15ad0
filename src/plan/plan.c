/* SPDX-License-Identifier: MIT */
#include "plan/plan.h"

#include <assert.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "plan/address.h"
#include "plan/locality.h"
#include "plan/placement.h"
#include "plan/template.h"
#include "plan/topology.h"
#include "plan/window.h"

/* Together 1 MiB: stays in a second-level cache; a buffer holds most responses whole. */
#define BUFFERS_BYTES      (1U << 20)
#define BUFFER_COUNT       64U
#define BUFFER_BYTES       (BUFFERS_BYTES / BUFFER_COUNT)
#define SMALL_BUFFER_BYTES 4096U
/* Where receives share them: a large response comes in pieces as large as a socket gives. */
#define SHARED_BUFFER_BYTES 65536U
/* One is being filled while another is read. */
#define LEAST_BUFFERS 4U
/* The kernel's bound on the entries of one buffer ring (io_uring/kbuf.c). */
#define BUFFER_COUNT_LIMIT 32768U

/* As little as a seed needs, so that it can be typed again and survives JSON readers that keep
 * numbers as doubles. */
static int draw_seed(uint64_t *seed, struct err *err)
{
	uint32_t drawn;

	if (getrandom(&drawn, sizeof(drawn), 0) != sizeof(drawn))
		return err_set_errno(err, ERR_ENVIRONMENT, -errno, "cannot draw a seed");
	*seed = drawn;
	return 0;
}

static int find_target(struct plan *plan, const struct scenario *scenario, struct err *err)
{
	struct address_url url;
	char *other_host = NULL;
	uint16_t port;
	int rc = address_parse_url(&url, scenario->url, err);

	if (rc)
		return rc;
	port = url.port;
	if (scenario->connect_to) {
		rc = address_parse_host_port(scenario->connect_to, &other_host, &port, err);
		if (!rc && !other_host && !url.port)
			rc = err_set(err, ERR_USAGE, -EINVAL,
				"\"%s\" has no host, and the URL's unix socket is none: expected "
				"HOST:PORT",
				scenario->connect_to);
		if (rc)
			err_prefix(err, "--connect-to: ");
	}
	/* The syntax of everything is checked before a name server is asked. */
	if (!rc)
		rc = template_render(&plan->request, scenario, url.header, url.target, err);
	if (!rc)
		rc = address_resolve(other_host ? other_host : url.host, port, &plan->addresses,
			&plan->address_count, err);
	if (!rc) {
		plan->host = url.header;
		url.header = NULL;
		plan->url = strdup(scenario->url);
		if (!plan->url)
			rc = err_set_errno(err, ERR_ENVIRONMENT, -ENOMEM, "cannot keep the URL");
	}
	free(other_host);
	address_url_release(&url);
	return rc;
}

/* A range no address of the target could ever be reached from is a mistake. */
static int check_sources(const struct plan *plan, struct err *err)
{
	if (plan->sources.range_count && plan->addresses[0].sockaddr.ss_family == AF_UNIX)
		return err_set(err, ERR_USAGE, -EAFNOSUPPORT,
			"--source \"%s\": the target is a unix socket, \"%s\", which has no "
			"addresses to connect from: leave it out",
			plan->sources.ranges[0].text, plan->addresses[0].text);
	for (size_t i = 0; i < plan->sources.range_count; i++) {
		const struct source_range *range = &plan->sources.ranges[i];
		size_t a = 0;

		while (a < plan->address_count &&
			plan->addresses[a].sockaddr.ss_family != range->family)
			a++;
		if (a == plan->address_count)
			return err_set(err, ERR_USAGE, -EAFNOSUPPORT,
				"--source \"%s\": the target has no IPv%d address: expected "
				"addresses of its own kind, as %s",
				range->text, range->family == AF_INET ? 4 : 6,
				plan->addresses[0].text);
	}
	return 0;
}

/* Which worker makes the copy of a large request for the others of its node. */
static void share_by_node(struct plan *plan, const struct scenario *scenario, size_t node_count)
{
	struct plan_worker *workers = plan->workers;
	uint64_t copies = 0;

	for (size_t i = 0; i < plan->worker_count; i++) {
		size_t first = 0;

		while (workers[first].numa_node != workers[i].numa_node)
			first++;
		workers[i].first_of_node = first;
		copies += first == i;
	}
	/* The rendering lies where this thread ran: with one node that is near enough. */
	plan->request.per_node = plan->request.shared && node_count > 1 &&
				 plan->request.wire_bytes * copies <=
					 scenario->memory_limit_bytes / PLAN_NODE_MEMORY_PART;
}

static int place_workers(
	struct plan *plan, const struct scenario *scenario, const char *root, struct err *err)
{
	struct topology topology;
	struct locality locality;
	int rc = topology_read(&topology, root, err);

	if (rc)
		return rc;
	locality_find(&locality, root, &topology, plan->addresses, plan->address_count);
	rc = placement_make(plan, scenario, &topology, &locality, err);
	if (!rc)
		share_by_node(plan, scenario, topology.node_count);
	topology_release(&topology);
	return rc;
}

/* Evenly; the first workers take what is left over. */
static void divide_connections(struct plan *plan)
{
	uint32_t workers = (uint32_t)plan->worker_count;
	uint32_t next = 0;

	for (uint32_t i = 0; i < workers; i++) {
		plan->workers[i].connections = plan->connections / workers +
					       (i < plan->connections % workers);
		plan->workers[i].first_connection = next;
		next += plan->workers[i].connections;
	}
}

static void copy_values(struct plan *plan, const struct scenario *scenario)
{
	uint64_t twice_ns = 2 * scenario->timeout_ns;
	uint64_t drained_ns = scenario->timeout_ns + scenario->drain_ns;

	plan->scenario = scenario;
	plan->open_loop = scenario->open_loop;
	plan->arrival = scenario->arrival;
	plan->pacing = scenario->pacing;
	plan->max_send_lag_ns = scenario->max_send_lag_ns;
	plan->rate_mrps = scenario->open_loop ? scenario->rate_mrps : 0;
	plan->seed = scenario->seed;
	plan->connections = scenario->connections;
	plan->pipeline = scenario->pipeline;
	plan->send = scenario->send;
	plan->no_keepalive = scenario->no_keepalive;
	plan->reset_on_close = scenario->reset_on_close;
	plan->connect_rate_mrps = scenario->connect_rate_mrps;
	plan->rx_timestamps = scenario->rx_timestamps;
	plan->has_requests = scenario->has_requests;
	plan->requests = scenario->has_requests ? scenario->requests : 0;
	plan->warmup_ns = scenario->warmup_ns;
	plan->duration_ns = scenario->duration_ns;
	plan->timeout_ns = scenario->timeout_ns;
	plan->drain_ns = scenario->drain_ns;
	/* Waiting until the timeout and then answered just before another, or at the drain's end.
	 */
	plan->longest_ns = twice_ns > drained_ns ? twice_ns : drained_ns;
}

int plan_make_below(
	struct plan *plan, const struct scenario *scenario, const char *root, struct err *err)
{
	int rc = 0;

	memset(plan, 0, sizeof(*plan));
	copy_values(plan, scenario);
	if (!scenario->has_seed)
		rc = draw_seed(&plan->seed, err);
	if (!rc)
		rc = source_pool_init(&plan->sources, &scenario->sources, err);
	if (!rc)
		rc = find_target(plan, scenario, err);
	if (!rc)
		rc = check_sources(plan, err);
	if (!rc)
		rc = place_workers(plan, scenario, root, err);
	if (!rc)
		rc = window_fit(plan, err);
	if (rc) {
		plan_release(plan);
		return rc;
	}
	divide_connections(plan);
	plan->max_in_flight_per_worker = UINT64_MAX;
	if (scenario->has_max_in_flight)
		plan->max_in_flight_per_worker = scenario->max_in_flight / plan->worker_count;
	plan_buffers(plan, true, true);
	return 0;
}

int plan_make(struct plan *plan, const struct scenario *scenario, struct err *err)
{
	return plan_make_below(plan, scenario, "/", err);
}

void plan_release(struct plan *plan)
{
	template_release(&plan->request);
	source_pool_release(&plan->sources);
	free(plan->url);
	free(plan->host);
	free(plan->addresses);
	free(plan->workers);
	memset(plan, 0, sizeof(*plan));
}

void plan_retime(struct plan *plan, const struct plan_window *window)
{
	assert(plan->open_loop && !plan->has_requests && window->rate_mrps);
	assert(!plan->scenario || window->rate_mrps <= plan->scenario->rate_mrps);
	plan->rate_mrps = window->rate_mrps;
	plan->warmup_ns = window->warmup_ns;
	plan->duration_ns = window->duration_ns;
	plan->seed = window->seed;
}

void plan_drop_address(struct plan *plan, size_t index)
{
	assert(index < plan->address_count);
	plan->address_count--;
	memmove(&plan->addresses[index], &plan->addresses[index + 1],
		(plan->address_count - index) * sizeof(*plan->addresses));
}

static bool any_unix(const struct plan *plan)
{
	for (size_t i = 0; i < plan->address_count; i++)
		if (plan->addresses[i].sockaddr.ss_family == AF_UNIX)
			return true;
	return false;
}

int plan_send(struct plan *plan, bool zero_copy, bool reports, struct err *err)
{
	/* The kernel answers a zero-copy send on a unix socket with EOPNOTSUPP. */
	bool unix_socket = any_unix(plan);

	plan->send_reports = zero_copy && reports;
	if (plan->send == SCENARIO_SEND_AUTO && (plan->request.wire_bytes <= PLAN_ZERO_COPY_BYTES ||
							!plan->send_reports || unix_socket))
		plan->send = SCENARIO_SEND_PLAIN;
	if (plan->send != SCENARIO_SEND_ZERO_COPY || (zero_copy && !unix_socket))
		return 0;
	return err_set(err, ERR_ENVIRONMENT, -EOPNOTSUPP,
		"--send zero-copy: %s: use --send auto, which copies where it must",
		unix_socket ? "a unix socket cannot send without a copy"
			    : "this kernel has no SEND_ZC, or a seccomp filter hides it");
}

/* As many of this size as make up what stays in the cache, within bounds. */
static uint32_t buffers_of(uint32_t bytes, uint32_t least)
{
	uint32_t count = least;

	while (count < BUFFER_COUNT_LIMIT && (uint64_t)count * 2 * bytes <= BUFFERS_BYTES)
		count *= 2;
	return count;
}

/* Two for each connection of the worker that has the most. */
static uint32_t buffers_for_all(const struct plan *plan)
{
	uint32_t most = 0, needed = BUFFER_COUNT;

	for (size_t i = 0; i < plan->worker_count; i++) {
		if (plan->workers[i].connections > most)
			most = plan->workers[i].connections;
	}
	while (needed < 2 * most && needed < BUFFER_COUNT_LIMIT)
		needed *= 2;
	return needed;
}

void plan_buffers(struct plan *plan, bool bounded_task_work, bool incremental)
{
	uint32_t asked = plan->scenario ? plan->scenario->buffer_bytes : 0;
	uint32_t needed = bounded_task_work ? BUFFER_COUNT : buffers_for_all(plan);

	/* A stamp needs whole and aligned room before its data. */
	plan->incremental_buffers = incremental && needed == BUFFER_COUNT && !plan->rx_timestamps;
	if (plan->incremental_buffers) {
		plan->buffer_bytes = asked ? asked : SHARED_BUFFER_BYTES;
		plan->buffer_count = buffers_of(plan->buffer_bytes, LEAST_BUFFERS);
		return;
	}
	plan->buffer_bytes = asked ? asked : BUFFER_BYTES;
	if (!asked && needed > BUFFER_COUNT)
		plan->buffer_bytes = SMALL_BUFFER_BYTES;
	plan->buffer_count = asked ? buffers_of(asked, needed) : needed;
}
