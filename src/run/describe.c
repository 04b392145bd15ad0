/* SPDX-License-Identifier: MIT */
#include "run/describe.h"

#include <inttypes.h>
#include <string.h>
#include <sys/resource.h>

#include "base/units.h"
#include "measure/stats.h"
#include "plan/arrival.h"
#include "plan/ports.h"
#include "plan/source.h"
#include "run/preflight.h"

/* A request head longer than this is not shown whole. */
#define SHOWN_HEAD_BYTES 1024

/* The label of a row; rows that go on have an empty one. */
static void label(struct buf *out, const char *name)
{
	buf_printf(out, "%-13s", name);
}

static void target(struct buf *out, const struct plan *plan)
{
	char count[UNITS_TEXT_BYTES];
	size_t i;

	label(out, "Target");
	buf_printf(out, "%s\n", plan->url);
	for (i = 0; i < plan->address_count; i++) {
		/* Connection i of the run goes to address i modulo their count. */
		uint64_t share = plan->connections / plan->address_count +
				 (i < plan->connections % plan->address_count);

		label(out, i ? "" : "Addresses");
		buf_printf(out, "%s, %s connections\n", plan->addresses[i].text,
			units_format_count(count, share));
	}
}

/* The head as it goes over the wire, without its line ends; bytes that are no text become dots. */
static void request(struct buf *out, const struct plan *plan)
{
	const struct plan_request *its = &plan->request;
	const char *end = memmem(its->wire, its->wire_bytes, "\r\n\r\n", 4);
	size_t head = end ? (size_t)(end - its->wire) : its->wire_bytes, i;
	char size[UNITS_TEXT_BYTES];

	label(out, "Request");
	buf_printf(out, "%s, %s", its->name, units_format_size(size, its->wire_bytes));
	/* With auto it is plain where it cannot be otherwise, and so not worth a word. */
	if (plan->send == SCENARIO_SEND_ZERO_COPY)
		buf_text(out, ", zero-copy");
	else if (plan->send == SCENARIO_SEND_AUTO)
		buf_text(out, ", zero-copy while the kernel does not copy");
	buf_text(out, "\n");
	label(out, "");
	buf_text(out, "  ");
	for (i = 0; i < head && i < SHOWN_HEAD_BYTES; i++) {
		char byte = its->wire[i];

		if (byte == '\n')
			buf_printf(out, "\n%-15s", "");
		else if (byte != '\r')
			buf_printf(out, "%c",
				byte == '\t' || (byte >= ' ' && byte != 127) ? byte : '.');
	}
	buf_text(out, i < head ? " ...\n" : "\n");
}

static void load(struct buf *out, const struct plan *plan)
{
	char rate[UNITS_TEXT_BYTES], count[UNITS_TEXT_BYTES], limit[UNITS_TEXT_BYTES];

	label(out, "Load");
	units_format_count(count, plan->connections);
	if (plan->open_loop)
		buf_printf(out, "open loop, %s requests/s, %s arrivals, over %s connections",
			units_format_rate(rate, (double)plan->rate_mrps / 1e3),
			plan->arrival == SCENARIO_POISSON ? "Poisson" : "constant", count);
	else
		buf_printf(out, "closed loop, %s connections", count);
	if (plan->no_keepalive)
		buf_text(out, " at a time, one for each request");
	if (plan->connect_rate_mrps)
		buf_printf(out, ", %s connects/s%s",
			units_format_rate(rate, (double)plan->connect_rate_mrps / 1e3),
			plan->no_keepalive ? " at most" : "");
	if (plan->reset_on_close)
		buf_text(out, ", ended by a reset");
	if (plan->pipeline > 1)
		buf_printf(out, ", up to %" PRIu32 " requests on each", plan->pipeline);
	if (plan->max_in_flight_per_worker != UINT64_MAX)
		buf_printf(out, ", at most %s in flight",
			units_format_count(
				limit, plan->max_in_flight_per_worker * plan->worker_count));
	buf_text(out, "\n");
}

static void window(struct buf *out, const struct plan *plan)
{
	char text[UNITS_TEXT_BYTES];
	uint64_t end = plan->warmup_ns + plan->duration_ns;

	label(out, "Window");
	if (plan->warmup_ns)
		buf_printf(out, "warm-up %s, then ",
			units_format_duration_exact(text, plan->warmup_ns));
	if (plan->duration_ns == UINT64_MAX)
		buf_text(out, "until all are done");
	else
		buf_printf(
			out, "%s measured", units_format_duration_exact(text, plan->duration_ns));
	buf_printf(out, ", timeout %s", units_format_duration_exact(text, plan->timeout_ns));
	buf_printf(out, ", drain up to %s\n", units_format_duration_exact(text, plan->drain_ns));
	label(out, "Requests");
	if (plan->has_requests)
		buf_printf(out, "%s measured", units_format_count(text, plan->requests));
	else if (!plan->open_loop)
		buf_text(out, "as many as are answered");
	else if (plan->arrival == SCENARIO_POISSON)
		buf_printf(out, "about %s measured",
			units_format_count(text, (uint64_t)((double)plan->rate_mrps / 1e12 *
							    (double)plan->duration_ns)));
	else
		buf_printf(out, "%s measured",
			units_format_count(text,
				arrival_constant_before(plan->rate_mrps, end) -
					arrival_constant_before(plan->rate_mrps, plan->warmup_ns)));
	buf_printf(out, ", seed %" PRIu64 "\n", plan->seed);
	if (plan->rx_timestamps) {
		label(out, "Stamps");
		buf_text(out, "of the arrival of responses, made by the kernel\n");
	}
}

static void workers(struct buf *out, const struct plan *plan)
{
	static const char *const pacings[SCENARIO_PACING_COUNT] = {
		[SCENARIO_PACING_AUTO] = "auto",
		[SCENARIO_PACING_SPIN] = "spin",
		[SCENARIO_PACING_SLEEP] = "sleep",
	};
	char count[UNITS_TEXT_BYTES], size[UNITS_TEXT_BYTES];
	size_t i;

	label(out, "Workers");
	buf_printf(out, "%zu, pacing %s\n", plan->worker_count, pacings[plan->pacing]);
	for (i = 0; i < plan->worker_count; i++) {
		const struct plan_worker *worker = &plan->workers[i];

		label(out, "");
		buf_printf(out, "  %zu on CPU %u", i, worker->cpu);
		if (worker->numa_node >= 0)
			buf_printf(out, ", node %d", worker->numa_node);
		buf_printf(out, ", %s connections, %s%s\n",
			units_format_count(count, worker->connections),
			units_format_size(size, worker->arena_bytes),
			worker->shared_cpu ? ", shares its CPU" : "");
	}
}

static void memory(struct buf *out, const struct plan *plan)
{
	uint64_t arenas = 0, copies = PREFLIGHT_COLLECTOR_BLOCKS * stats_bytes(plan->longest_ns);
	char size[UNITS_TEXT_BYTES], limit[UNITS_TEXT_BYTES];
	size_t i;

	for (i = 0; i < plan->worker_count; i++)
		arenas += plan->workers[i].arena_bytes;
	label(out, "Memory");
	buf_printf(out, "%s of at most %s\n",
		units_format_size(size, arenas + copies + preflight_request_bytes(plan)),
		units_format_size(limit, plan->scenario->memory_limit_bytes));
	label(out, "");
	buf_printf(out, "  %s workers, each with its statistics and %" PRIu32 " buffers",
		units_format_size(size, arenas), plan->buffer_count);
	buf_printf(out, " of %s\n", units_format_size(size, plan->buffer_bytes));
	if (plan->request.shared) {
		label(out, "");
		buf_printf(out, "  %s the request, %s\n",
			units_format_size(size, plan->request.wire_bytes),
			plan->request.per_node ? "copied by the first worker of each NUMA node"
					       : "sent from there by all");
	}
	label(out, "");
	buf_printf(out, "  %s collected statistics\n", units_format_size(size, copies));
	label(out, "");
	buf_printf(out, "  about %s beside it in the kernel, for sockets\n",
		units_format_size(size, (uint64_t)plan->connections * PREFLIGHT_SOCKET_BYTES));
}

static void files(struct buf *out, const struct plan *plan)
{
	struct rlimit limit;

	label(out, "Open files");
	buf_printf(out, "a limit of %" PRIu64 " is needed", preflight_files_needed(plan));
	if (!getrlimit(RLIMIT_NOFILE, &limit))
		buf_printf(out, "; it is %ju, and can be raised to %ju", (uintmax_t)limit.rlim_cur,
			(uintmax_t)limit.rlim_max);
	buf_text(out, "\n");
}

static void sources(struct buf *out, const struct plan *plan)
{
	char count[UNITS_TEXT_BYTES];
	size_t i;

	for (i = 0; i < plan->sources.range_count; i++) {
		const struct source_range *range = &plan->sources.ranges[i];

		label(out, i ? "" : "Sources");
		buf_printf(out, "%s, %s address%s in turn\n", range->text,
			units_format_count(count, range->count), range->count == 1 ? "" : "es");
	}
}

/* What TIME_WAIT takes, when it is ours. */
static void linger(struct buf *out, const struct ports_budget *budget)
{
	char count[UNITS_TEXT_BYTES];

	if (!budget->linger_s)
		return;
	label(out, "");
	buf_printf(out, "  where the server does not close first, each for %u s more",
		budget->linger_s);
	if (budget->has_lingering)
		buf_printf(out, ": %s%s", units_format_count(count, budget->lingering),
			budget->lingering + budget->open > budget->available
				? ", more than there are: see --source and --reset-on-close"
				: "");
	buf_text(out, "\n");
}

static void ports(struct buf *out, const struct plan *plan)
{
	char open[UNITS_TEXT_BYTES], available[UNITS_TEXT_BYTES];
	struct ports_budget budget;
	struct ports its;
	bool first = true;
	size_t i;

	ports_read(&its, "/");
	for (i = 0; i < plan->address_count; i++) {
		if (!ports_budget(&its, plan, i, &budget))
			continue;
		label(out, first ? "Local ports" : "");
		first = false;
		buf_printf(out, "%s needed at once for %s, of %s (%" PRIu32 " to %" PRIu32,
			units_format_count(open, budget.open), plan->addresses[i].text,
			units_format_count(available, budget.available), its.lowest, its.highest);
		if (its.reserved)
			buf_printf(out, " without %" PRIu32 " reserved", its.reserved);
		if (budget.sources > 1)
			buf_printf(out, ", times %s sources",
				units_format_count(available, budget.sources));
		buf_text(out, ")\n");
		linger(out, &budget);
	}
}

void describe_plan(struct buf *out, const struct plan *plan)
{
	target(out, plan);
	request(out, plan);
	load(out, plan);
	sources(out, plan);
	window(out, plan);
	workers(out, plan);
	memory(out, plan);
	files(out, plan);
	ports(out, plan);
}

/* Which sockets are followed. */
static void filters(struct buf *out, const struct probe_options *probe)
{
	size_t i;

	buf_printf(out, "port%s", probe->port_count == 1 ? "" : "s");
	for (i = 0; i < probe->port_count; i++)
		buf_printf(out, "%s %u", i ? "," : "", probe->ports[i]);
	if (probe->netns && !strcmp(probe->netns, "/proc/self/ns/net"))
		buf_text(out, " of this network namespace");
	else if (probe->netns)
		buf_printf(out, ", network namespace %s", probe->netns);
	if (probe->cgroup)
		buf_printf(out, ", control group %s", probe->cgroup);
	if (probe->pid)
		buf_printf(out, ", process %" PRIu32, probe->pid);
}

void describe_attribution(
	struct buf *out, const struct attribution_options *options, const struct plan *plan)
{
	const uint32_t sample = options->probe.sample ? options->probe.sample
						      : PROBE_DEFAULT_SAMPLE;
	struct whereabouts server;
	struct buf reason = {0};
	bool obstacle = true;

	label(out, "Kernel");
	if (options->mode == ATTRIBUTION_OFF) {
		buf_text(&reason, ATTRIBUTION_OFF_REASON);
	} else {
		whereabouts_find(&server, plan, &options->probe);
		obstacle = whereabouts_obstacle(&server, &reason);
	}
	if (obstacle) {
		buf_printf(out, "not measured: %s\n", buf_string(&reason));
	} else {
		filters(out, &server.probe);
		if (sample == 1)
			buf_text(out, ", every request");
		else
			buf_printf(out, ", 1 of %" PRIu32 " connections at a time", sample);
		buf_printf(out, "%s\n",
			options->probe.profile ? ", with sampled stacks of the server" : "");
	}
	buf_release(&reason);
}

void describe_observation(struct buf *out, const struct observation_options *options,
	const struct probe_options *probe, const struct plan *plan)
{
	struct observation observation;
	const struct members *members;
	char count[UNITS_TEXT_BYTES];

	label(out, "Resources");
	observation_open(&observation, options, plan, probe, NULL);
	if (observation.observer) {
		members = &observation.observer->members;
		buf_printf(out, "of process %" PRIu32, members->list[0].process.stat.pid);
		if (members->count > 1)
			buf_printf(out, " and its others, %s in all",
				units_format_count(count, members->count));
		buf_text(out, ", once a second\n");
	} else {
		buf_printf(out, "not measured: %s\n", observation.reason);
	}
	observation_close(&observation);
}
