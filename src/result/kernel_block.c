/* SPDX-License-Identifier: MIT */
#include "result/kernel_block.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "result/builder.h"
#include "result/kernel_join.h"

#define SLOWEST_SHARE 0.01

static double share(double part, double whole)
{
	double quotient = whole > 0 ? part / whole : 0;

	/* Readings of running programs may be a request uneven. */
	return quotient < 1 ? quotient : 1;
}

static char *text_or_null(struct builder *builder, const char *text)
{
	return text ? builder_text(builder, text) : NULL;
}

/* "port 80", "ports 80, 443 and 8080" */
static void say_ports(struct buf *out, const uint16_t *ports, size_t count)
{
	buf_text(out, count == 1 ? "port" : "ports");
	for (size_t i = 0; i < count; i++)
		buf_printf(out, "%s%u", !i ? " " : i < count - 1 ? ", " : " and ", ports[i]);
}

static void say_filter(struct buf *out, const char *what, const char *value)
{
	if (value)
		buf_printf(out, "%s%s %s", out->length_bytes ? ", " : "", what, value);
}

/* Who was looked for. */
static void say_who(struct buf *out, const struct probe_options *asked)
{
	struct buf filters = {0};
	char pid[16];

	snprintf(pid, sizeof(pid), "%" PRIu32, asked->pid);
	say_filter(&filters, "process", asked->pid ? pid : NULL);
	say_filter(&filters, "network namespace", asked->netns);
	say_filter(&filters, "control group", asked->cgroup);
	if (filters.length_bytes)
		buf_printf(out, "nothing that passes the filters (%s)", buf_string(&filters));
	else
		buf_text(out, "nothing on this machine");
	out->failed |= filters.failed;
	buf_release(&filters);
}

/* Why there is nothing: no server of this machine had anything to do with the ports. */
static void refuse_silence(
	struct builder *builder, struct result_kernel *kernel, const struct kernel_input *input)
{
	struct buf sentence = {0};

	say_who(&sentence, input->asked);
	buf_text(&sentence, " accepted connections on ");
	say_ports(&sentence, input->asked->ports, input->asked->port_count);
	if (!input->client)
		buf_text(&sentence, " while the probe ran");
	else
		buf_printf(&sentence,
			" while the load ran: for a server elsewhere, run `ringload probe "
			"--port %u` there",
			input->asked->port_count ? input->asked->ports[0] : 0);
	builder->failed |= sentence.failed;
	kernel->reason = builder_text(builder, buf_string(&sentence));
	buf_release(&sentence);
}

static bool saw_server(const struct kernel_readings *readings)
{
	const uint64_t *count = readings->stages->count;

	return count[PROBE_ABI_REQUESTS] || count[PROBE_ABI_OPENED] || count[PROBE_ABI_SEEDED] ||
	       count[PROBE_ABI_CLOSED] || readings->open.waiting || readings->open.reading ||
	       readings->pid;
}

static void fill_hooks(struct builder *builder, struct result_kernel *kernel,
	const struct kernel_readings *readings)
{
	kernel->hooks = builder_take(builder, readings->hook_count, sizeof(*kernel->hooks));
	kernel->hook_count = kernel->hooks ? readings->hook_count : 0;
	for (size_t i = 0; i < kernel->hook_count; i++) {
		kernel->hooks[i].stage = builder_text(builder, readings->hooks[i].stage);
		kernel->hooks[i].core = readings->hooks[i].core;
		kernel->hooks[i].hook = text_or_null(builder, readings->hooks[i].hook);
		kernel->hooks[i].missing = text_or_null(builder, readings->hooks[i].missing);
	}
}

/* --- stages --------------------------------------------------------------------------------- */

static void fill_stage(struct builder *builder, struct result_kernel_stage *to,
	const struct stages *stages, enum probe_abi_stage stage)
{
	struct result_histogram histogram = {0};
	uint64_t cells[PROBE_ABI_CELLS];
	struct hist hist;

	stages_hist(stages, stage, &hist, cells);
	to->stage = stage;
	to->count = hist_count(&hist);
	to->mean_ns = stages_mean_ns(stages, stage);
	to->p50_ns = stages_percentile_ns(stages, stage, 0.50);
	to->p95_ns = stages_percentile_ns(stages, stage, 0.95);
	to->p99_ns = stages_percentile_ns(stages, stage, 0.99);
	to->few_p50 = builder_quantile(hist_percentile(&hist, 0.50)).few_samples;
	to->few_p95 = builder_quantile(hist_percentile(&hist, 0.95)).few_samples;
	to->few_p99 = builder_quantile(hist_percentile(&hist, 0.99)).few_samples;
	builder_histogram(builder, &histogram, &hist);
	to->cells = histogram.cells;
	to->cell_count = histogram.cell_count;
}

/* The stages a part belongs to besides itself; equal to it where there are fewer. */
static void sums_of(enum probe_abi_stage part, enum probe_abi_stage sums[2])
{
	sums[0] = part <= PROBE_ABI_QUEUE_UNKNOWN ? PROBE_ABI_QUEUE : PROBE_ABI_APP;
	sums[1] = part;
	if (part == PROBE_ABI_APP_SLEEP || part == PROBE_ABI_APP_DISK ||
		part == PROBE_ABI_APP_STOPPED)
		sums[1] = PROBE_ABI_APP_BLOCKED;
}

static void add_share(struct result_kernel_stage *to, double of_all, double of_slowest)
{
	to->has_share = true;
	to->share = share(to->share + of_all, 1);
	to->share_of_slowest = share(to->share_of_slowest + of_slowest, 1);
}

static void fill_shares(struct result_kernel *kernel, const struct stages *stages)
{
	struct stages_mix all, slowest;

	stages_mix_all(stages, &all);
	stages_mix_slowest(stages, SLOWEST_SHARE, &slowest);
	kernel->slowest_1pct.requests = slowest.requests > slowest.attributed ? slowest.requests
									      : slowest.attributed;
	kernel->slowest_1pct.attributed = slowest.attributed;
	kernel->slowest_1pct.from_ns = slowest.from_ns;
	kernel->slowest_1pct.share = slowest.share_of_requests;
	kernel->slowest_1pct.residence_mean_ns = slowest.residence_mean_ns;
	for (unsigned int part = 0; part < PROBE_ABI_PARTS && kernel->attributed; part++) {
		enum probe_abi_stage sums[2];

		sums_of(part, sums);
		add_share(&kernel->stages[part], all.part_share[part], slowest.part_share[part]);
		for (unsigned int i = 0; i < 2; i++)
			if (sums[i] != part)
				add_share(&kernel->stages[sums[i]], all.part_share[part],
					slowest.part_share[part]);
	}
}

/* A copy of a row that a CPU was counting in may have a part of a request more than the whole. */
static void fill_mix_row(
	struct result_kernel_mix *to, const struct probe_abi_mix *from, unsigned int row)
{
	uint64_t parts_ns = 0;

	to->from_ns = hist_layout_lowest(PROBE_ABI_MIX_BITS, row);
	to->attributed = from->attributed;
	to->requests = from->requests > from->attributed ? from->requests : from->attributed;
	for (unsigned int part = 0; part < PROBE_ABI_PARTS; part++) {
		to->part_ns[part] = from->part_ns[part];
		parts_ns += from->part_ns[part];
	}
	to->residence_ns = from->residence_ns > parts_ns ? from->residence_ns : parts_ns;
}

static void fill_mix(
	struct builder *builder, struct result_kernel *kernel, const struct stages *stages)
{
	kernel->mix = builder_take(builder, PROBE_ABI_MIX_ROWS, sizeof(*kernel->mix));
	for (unsigned int row = 0; kernel->mix && row < PROBE_ABI_MIX_ROWS; row++) {
		if (!stages->mix[row].requests && !stages->mix[row].attributed)
			continue;
		fill_mix_row(&kernel->mix[kernel->mix_count], &stages->mix[row], row);
		kernel->attributed += kernel->mix[kernel->mix_count++].attributed;
	}
}

/* The slowest request has a row of its own where it was kept; else its cell tells. */
static uint64_t longest_ns(const struct result_kernel_stage *residence,
	const struct probe_abi_slow *rows, size_t count)
{
	unsigned int top;

	if (!residence->cell_count)
		return 0;
	top = residence->cells[residence->cell_count - 1].index;
	for (size_t i = 0; i < count; i++)
		if (hist_layout_index(PROBE_ABI_PRECISION_BITS, rows[i].residence_ns) == top)
			return rows[i].residence_ns;
	return stages_middle_ns(top);
}

static void fill_stages(struct builder *builder, struct result_kernel *kernel,
	const struct kernel_readings *readings)
{
	const struct stages *stages = readings->stages;
	const uint64_t *count = stages->count;
	double requests = (double)count[PROBE_ABI_REQUESTS], error = stages_error_share(stages);

	kernel->sample = readings->sample;
	kernel->requests = count[PROBE_ABI_REQUESTS];
	kernel->handoff_share = share((double)count[PROBE_ABI_HANDOFFS], requests);
	kernel->offloaded_share = share((double)count[PROBE_ABI_OFFLOADED], requests);
	kernel->unattributed_share = share((double)count[PROBE_ABI_UNATTRIBUTED], requests);
	/* Nothing was left out: no error comes from sampling connections, or times. */
	if (readings->sample == 1 && requests > 0)
		error = 0;
	kernel->looked_share = readings->looked_share;
	if (error >= 0 && readings->looked_share < 1)
		error = readings->looks_error < 0 ? -1 : hypot(error, readings->looks_error);
	kernel->has_error = error >= 0;
	kernel->error_share = kernel->has_error ? error : 0;
	for (unsigned int stage = 0; stage < PROBE_ABI_STAGE_COUNT; stage++)
		fill_stage(builder, &kernel->stages[stage], stages, stage);
	kernel->residence_max_ns = longest_ns(
		&kernel->stages[PROBE_ABI_RESIDENCE], readings->slowest, readings->slowest_count);
	fill_mix(builder, kernel, stages);
	if (kernel->requests < kernel->attributed)
		kernel->requests = kernel->attributed;
	fill_shares(kernel, stages);
}

/* --- beside the stages ---------------------------------------------------------------------- */

static void fill_client(
	struct builder *builder, struct result_kernel *kernel, const struct kernel_client *client)
{
	const char *reason = NULL;

	kernel->has_sampled_fraction = client && client->requests;
	if (kernel->has_sampled_fraction)
		kernel->sampled_fraction = (double)kernel->requests / (double)client->requests;
	if (!client)
		reason = "something else drove the load: nothing here timed its requests";
	else if (client->service_is_lower_bound)
		reason = "some requests never got their answer: the client's mean is only a lower "
			 "bound";
	else if (!client->requests)
		reason = "the client completed no request";
	else if (!kernel->stages[PROBE_ABI_RESIDENCE].count)
		reason = "no request was sampled";
	kernel->has_residual = !reason;
	if (reason)
		kernel->residual_reason = builder_text(builder, reason);
	else
		kernel->residual_ns = client->service_mean_ns -
				      kernel->stages[PROBE_ABI_RESIDENCE].mean_ns;
}

static void fill_overhead(struct builder *builder, struct result_kernel *kernel,
	const struct kernel_readings *readings)
{
	kernel->has_overhead = readings->has_overhead;
	if (readings->has_overhead)
		kernel->overhead_ns_per_request = readings->overhead_ns;
	else
		kernel->overhead_reason = builder_text(builder, readings->overhead_reason);
}

static void fill_counter(struct builder *builder, struct result_kernel *kernel,
	enum result_kernel_counter_kind kind, uint64_t value, const char *absent)
{
	struct result_kernel_counter *counter = &kernel->counters[kind];

	counter->has_value = !absent;
	if (absent)
		counter->reason = builder_text(builder, absent);
	else
		counter->value = value;
}

static void fill_probe_counters(struct builder *builder, struct result_kernel *kernel,
	const struct kernel_readings *readings)
{
	static const struct {
		enum result_kernel_counter_kind kind;
		enum probe_abi_count count;
	} rows[] = {
		{RESULT_KERNEL_RETRANSMITS, PROBE_ABI_RETRANSMITS},
		{RESULT_KERNEL_RESETS_SENT, PROBE_ABI_RESETS_SENT},
		{RESULT_KERNEL_RESETS_RECEIVED, PROBE_ABI_RESETS_RECEIVED},
		{RESULT_KERNEL_HANDOFFS, PROBE_ABI_HANDOFFS},
		{RESULT_KERNEL_OPENED, PROBE_ABI_OPENED},
		{RESULT_KERNEL_SEEDED, PROBE_ABI_SEEDED},
		{RESULT_KERNEL_CLOSED, PROBE_ABI_CLOSED},
		{RESULT_KERNEL_SPLIT, PROBE_ABI_SPLIT},
		{RESULT_KERNEL_PIPELINED, PROBE_ABI_PIPELINED},
		{RESULT_KERNEL_ABANDONED, PROBE_ABI_ABANDONED},
		{RESULT_KERNEL_SPAN_UNKNOWN, PROBE_ABI_SPAN_UNKNOWN},
	};
	const uint64_t *count = readings->stages->count;

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		fill_counter(builder, kernel, rows[i].kind, count[rows[i].count], NULL);
	fill_counter(builder, kernel, RESULT_KERNEL_NO_ARRIVAL, count[PROBE_ABI_NO_ARRIVAL],
		readings->takes_turns ? "counted only while every request is followed" : NULL);
	fill_counter(builder, kernel, RESULT_KERNEL_LOST,
		count[PROBE_ABI_LOST_CONNECTIONS] + count[PROBE_ABI_LOST_THREADS], NULL);
	fill_counter(builder, kernel, RESULT_KERNEL_MISSED, readings->missed, NULL);
}

static void fill_host_counters(
	struct builder *builder, struct result_kernel *kernel, const struct host *host)
{
	static const struct {
		enum result_kernel_counter_kind kind;
		enum host_count count;
	} rows[] = {
		{RESULT_KERNEL_LISTEN_OVERFLOWS, HOST_LISTEN_OVERFLOWS},
		{RESULT_KERNEL_LISTEN_DROPS, HOST_LISTEN_DROPS},
		{RESULT_KERNEL_SYN_COOKIES, HOST_SYN_COOKIES},
		{RESULT_KERNEL_SYN_DROPS, HOST_REQ_QFULL_DROP},
	};
	static const struct host unread = {
		.netstat_reason = "the counters of the server's host were not read",
		.softirq_reason = "the counters of the server's host were not read",
		.throttled_reason = "the counters of the server's host were not read",
	};
	const char *no_netstat, *no_throttled;

	host = host ? host : &unread;
	no_netstat = host->has_netstat ? NULL : host->netstat_reason;
	no_throttled = host->has_throttled ? NULL : host->throttled_reason;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		fill_counter(
			builder, kernel, rows[i].kind, host->netstat[rows[i].count], no_netstat);
	fill_counter(builder, kernel, RESULT_KERNEL_THROTTLED_NS, host->throttled_ns, no_throttled);
	fill_counter(builder, kernel, RESULT_KERNEL_THROTTLED_PERIODS, host->throttled_periods,
		no_throttled);
	kernel->has_softirq = host->has_softirq;
	if (host->has_softirq)
		kernel->softirq_share = share((double)host->softirq_ns, (double)host->total_ns);
	else
		kernel->softirq_reason = builder_text(builder, host->softirq_reason);
}

static void fill_worker(
	struct builder *builder, struct result_kernel_worker *to, const struct stages_thread *from)
{
	double wall_ns = (double)from->wall_ns;

	to->tid = from->tid;
	to->pid = from->tgid;
	to->name = builder_text(builder, from->name);
	to->exited = from->exited;
	to->offloaded = from->offloaded;
	to->requests = from->requests;
	to->wall_s = wall_ns / (double)NS_PER_S;
	to->cpu = share((double)from->cpu_ns, wall_ns);
	to->runq = share((double)from->runq_ns, wall_ns);
	to->sleep = share((double)from->sleep_ns, wall_ns);
	to->disk = share((double)from->disk_ns, wall_ns);
	to->stopped = share((double)from->stopped_ns, wall_ns);
	to->in_request = share((double)from->in_request_ns, wall_ns);
	to->switches = from->switches;
	to->preempted = from->preempted;
}

static void fill_workers(struct builder *builder, struct result_kernel *kernel,
	const struct kernel_readings *readings)
{
	uint64_t busiest = 0, requests = 0, threads = 0;

	kernel->workers = builder_take(builder, readings->thread_count, sizeof(*kernel->workers));
	kernel->worker_count = kernel->workers ? readings->thread_count : 0;
	for (size_t i = 0; i < kernel->worker_count; i++) {
		fill_worker(builder, &kernel->workers[i], &readings->threads[i]);
		if (!readings->threads[i].tid)
			continue; /* many that ended, in one row */
		threads++;
		requests += readings->threads[i].requests;
		if (busiest < readings->threads[i].requests)
			busiest = readings->threads[i].requests;
	}
	if (requests)
		kernel->imbalance = (double)busiest * (double)threads / (double)requests - 1;
}

static void fill_profile(
	struct builder *builder, struct result_kernel_profile *to, const struct probe_profile *from)
{
	to->measured = !from->reason;
	if (from->reason) {
		to->reason = builder_text(builder, from->reason);
		return;
	}
	to->hz = from->hz;
	to->samples = from->samples;
	to->lost = from->lost;
	to->truncated = from->truncated;
	to->stacks = builder_take(builder, from->stack_count, sizeof(*to->stacks));
	to->stack_count = to->stacks ? from->stack_count : 0;
	for (size_t i = 0; i < to->stack_count; i++) {
		to->stacks[i].frames = builder_text(builder, from->stacks[i].frames);
		to->stacks[i].samples = from->stacks[i].samples;
	}
}

/* --- the block ------------------------------------------------------------------------------ */

static void fill_ports(
	struct builder *builder, struct result_kernel *kernel, const struct kernel_input *input)
{
	kernel->ports = builder_take(builder, input->asked->port_count, sizeof(*kernel->ports));
	if (!kernel->ports)
		return;
	kernel->port_count = input->asked->port_count;
	for (size_t i = 0; i < input->asked->port_count; i++)
		kernel->ports[i] = input->asked->ports[i];
}

static void fill_measured(struct builder *builder, struct result_kernel *kernel,
	const struct kernel_input *input, const struct kernel_readings *readings)
{
	kernel->measured = true;
	fill_ports(builder, kernel, input);
	fill_stages(builder, kernel, readings);
	fill_client(builder, kernel, input->client);
	fill_overhead(builder, kernel, readings);
	fill_probe_counters(builder, kernel, readings);
	fill_host_counters(builder, kernel, input->host);
	fill_workers(builder, kernel, readings);
	kernel->open.waiting = readings->open.waiting;
	kernel->open.reading = readings->open.reading;
	kernel->open.oldest_ns = readings->open.oldest_ns;
	kernel_join_slowest(builder, kernel, readings->slowest, readings->slowest_count, input);
	fill_profile(builder, &kernel->profile, &readings->profile);
}

int kernel_block_fill(struct result_kernel *kernel, const struct kernel_input *input,
	const struct kernel_readings *readings, struct err *err)
{
	struct builder builder = {0};

	memset(kernel, 0, sizeof(*kernel));
	if (readings)
		fill_hooks(&builder, kernel, readings);
	if (!readings)
		kernel->reason = builder_text(&builder, input->reason);
	else if (saw_server(readings))
		fill_measured(&builder, kernel, input, readings);
	else
		refuse_silence(&builder, kernel, input);
	if (!builder.failed)
		return 0;
	result_kernel_release(kernel);
	return err_set(err, ERR_ENVIRONMENT, -ENOMEM, "no memory for the kernel's side");
}
