/* SPDX-License-Identifier: MIT */
#include "result/result_build.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "result/builder.h"
#include "result/kernel_build.h"
#include "result/resources_build.h"

#define NO_PROBE     "no probe was asked for"
#define NO_STAMPS    "--rx-timestamps was not asked for"
#define NO_RESOURCES "nobody asked for them"

static double seconds(uint64_t duration_ns)
{
	return (double)duration_ns / (double)NS_PER_S;
}

static double share(double part, double whole)
{
	return whole > 0 ? part / whole : 0;
}

/* A latency that only stamps of arrival can tell. */
static void build_stamped(struct builder *builder, struct result_block *to,
	enum result_latency_kind kind, const struct hist *from)
{
	if (builder->input->plan->rx_timestamps) {
		builder_latency(builder, &to->latency[kind], from);
		return;
	}
	to->latency[kind].not_measured = true;
	builder_absence(
		builder, &to->absent, &to->absent_count, result_latency_key(kind), NO_STAMPS);
}

static void build_block(struct builder *builder, struct result_block *to,
	const struct stats_request *from, double window_s)
{
	const struct plan *plan = builder->input->plan;

	to->counters = from->counters;
	to->error_rate = counters_error_rate(&from->counters);
	to->asked_rps = plan->open_loop ? (double)plan->rate_mrps / 1000 : 0;
	to->sent_rps = share((double)from->counters.value[COUNTER_WINDOW_SENT], window_s);
	to->completed_rps = share((double)from->counters.value[COUNTER_WINDOW_COMPLETED], window_s);
	builder_latency(builder, &to->latency[RESULT_TOTAL], &from->total);
	builder_latency(builder, &to->latency[RESULT_SERVICE], &from->service);
	builder_latency(builder, &to->latency[RESULT_CONNECTION_WAIT], &from->connection_wait);
	builder_latency(builder, &to->latency[RESULT_SEND_LAG], &from->send_lag);
	builder_latency(builder, &to->latency[RESULT_FAILURE], &from->failure);
	build_stamped(builder, to, RESULT_UNTIL_ARRIVAL, &from->until_arrival);
	build_stamped(builder, to, RESULT_CLIENT_QUEUE, &from->client_queue);
}

static void build_head(struct builder *builder)
{
	const struct result_input *input = builder->input;
	struct result *result = builder->result;
	time_t started = (time_t)(input->started_wall_ns / NS_PER_S);
	char text[32];
	struct tm utc;

	result->tool_version = builder_text(builder, input->tool_version);
	gmtime_r(&started, &utc);
	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &utc);
	result->started_at = builder_text(builder, text);
	result->command = builder_texts(
		builder, input->command, input->command_count, &result->command_count);
	result->seed = input->plan->seed;
	result->notes = builder_texts(
		builder, input->notes, input->note_count, &result->note_count);
}

static void build_ring_features(struct builder *builder)
{
	const struct ring_features *features = &builder->input->ring_features;
	const char *names[10];
	char bits[32];
	size_t count = 0;

	if (features->single_issuer)
		names[count++] = "single_issuer";
	if (features->defer_taskrun)
		names[count++] = "defer_taskrun";
	if (features->registered_ring)
		names[count++] = "registered_ring";
	if (features->send_zero_copy)
		names[count++] = "send_zero_copy";
	if (features->send_reports)
		names[count++] = "send_reports";
	if (features->incremental_buffers)
		names[count++] = "incremental_buffers";
	if (features->bounded_task_work)
		names[count++] = "bounded_task_work";
	snprintf(bits, sizeof(bits), "kernel_features=0x%x", features->kernel_features);
	names[count++] = bits;
	builder->result->environment.ring_features = builder_texts(
		builder, names, count, &builder->result->environment.ring_feature_count);
}

/* The path all workers used, or that they differ. */
static const char *send_path(const struct result_input *input)
{
	const char *path = NULL;

	for (size_t i = 0; i < input->plan->worker_count; i++) {
		const char *own = input->workers[i].info.send_path;

		if (own && path && strcmp(own, path))
			return "mixed";
		path = own ? own : path;
	}
	return path ? path : "send";
}

static void build_environment(struct builder *builder)
{
	static const char *const pacings[SCENARIO_PACING_COUNT] = {
		[SCENARIO_PACING_AUTO] = "auto",
		[SCENARIO_PACING_SPIN] = "spin",
		[SCENARIO_PACING_SLEEP] = "sleep",
	};
	const struct result_input *input = builder->input;
	struct result *result = builder->result;

	result->environment.kernel = builder_text(builder, input->kernel_release);
	result->environment.cpus = input->cpus;
	result->environment.numa_nodes = input->numa_nodes;
	if (input->governor)
		result->environment.governor = builder_text(builder, input->governor);
	else
		builder_absence(builder, &result->environment.absent,
			&result->environment.absent_count, "governor", input->governor_reason);
	build_ring_features(builder);
	result->environment.send_path = builder_text(builder, send_path(input));
	result->environment.pacing = builder_text(builder, pacings[input->plan->pacing]);
}

static void build_target(struct builder *builder)
{
	const struct plan *plan = builder->input->plan;
	struct result *result = builder->result;

	result->target.url = builder_text(builder, plan->url);
	result->target.addresses = builder_take(
		builder, plan->address_count, sizeof(*result->target.addresses));
	if (!result->target.addresses)
		return;
	result->target.address_count = plan->address_count;
	for (size_t i = 0; i < plan->address_count; i++) {
		result->target.addresses[i].address = builder_text(
			builder, plan->addresses[i].text);
		result->target.addresses[i].connections =
			builder->input->address_counts ? builder->input->address_counts[i] : 0;
		if (builder->input->address_stats)
			result->target.addresses[i].counters = builder->input->address_stats[i];
	}
}

/* When the last request became due, from the start; and when the last worker's drain ended. */
static void find_ends(const struct result_input *input, uint64_t *window_ns, uint64_t *end_ns)
{
	*window_ns = 0;
	*end_ns = 0;
	for (size_t i = 0; i < input->plan->worker_count; i++) {
		const struct engine_worker_info *info = &input->workers[i].info;

		if (info->window_end_ns > input->start_ns + *window_ns)
			*window_ns = info->window_end_ns - input->start_ns;
		if (info->end_ns > input->start_ns + *end_ns)
			*end_ns = info->end_ns - input->start_ns;
	}
}

/* The measured window as asked; 0 when it lasts until a number of requests is done. */
static double planned_s(const struct plan *plan)
{
	double by_time = plan->duration_ns == UINT64_MAX ? 0 : seconds(plan->duration_ns);
	double by_count = 0;

	if (plan->has_requests && plan->open_loop)
		by_count = (double)plan->requests * 1000 / (double)plan->rate_mrps;
	if (by_time > 0 && by_count > 0)
		return by_time < by_count ? by_time : by_count;
	return by_time > 0 ? by_time : by_count;
}

static void build_abort(struct builder *builder)
{
	const struct result_abort *from = builder->input->aborted;
	struct result_abort *to = &builder->result->window.aborted;

	if (!from || !from->happened)
		return;
	*to = *from;
	to->expression = from->expression ? builder_text(builder, from->expression) : NULL;
}

static void build_window(struct builder *builder)
{
	const struct result_input *input = builder->input;
	const struct plan *plan = input->plan;
	struct result *result = builder->result;
	uint64_t window_ns, end_ns;
	double due_s, planned = planned_s(plan);
	bool scheduled_exactly = !plan->has_requests ||
				 (plan->open_loop && plan->arrival == SCENARIO_CONSTANT);
	bool cut;

	find_ends(input, &window_ns, &end_ns);
	due_s = window_ns > plan->warmup_ns ? seconds(window_ns - plan->warmup_ns) : 0;
	result->window.planned_s = planned;
	result->window.interrupted = input->interrupted;
	build_abort(builder);
	cut = input->interrupted || result->window.aborted.happened;
	result->window.warmup_s = seconds(
		window_ns < plan->warmup_ns ? window_ns : plan->warmup_ns);
	/* A schedule ends with its last gap, not with its last request. */
	result->window.duration_s = due_s;
	if (planned > 0 && scheduled_exactly && (!cut || due_s > planned))
		result->window.duration_s = planned;
	result->window.drain_s = end_ns > window_ns ? seconds(end_ns - window_ns) : 0;
}

static void escape_bytes(char *text, size_t text_bytes, const uint8_t *bytes, size_t count)
{
	size_t used = 0;

	for (size_t i = 0; i < count && used + 5 <= text_bytes; i++) {
		if (bytes[i] == '\r' || bytes[i] == '\n' || bytes[i] == '\t')
			used += (size_t)snprintf(text + used, text_bytes - used, "\\%c",
				bytes[i] == '\r'   ? 'r'
				: bytes[i] == '\n' ? 'n'
						   : 't');
		else if (bytes[i] == '\\' || bytes[i] == '"')
			used += (size_t)snprintf(text + used, text_bytes - used, "\\%c", bytes[i]);
		else if (bytes[i] < 0x20 || bytes[i] >= 0x7f)
			used += (size_t)snprintf(
				text + used, text_bytes - used, "\\x%02x", bytes[i]);
		else
			text[used++] = (char)bytes[i];
	}
	text[used] = '\0';
}

static void build_connections(struct builder *builder)
{
	const struct result_input *input = builder->input;
	struct result *result = builder->result;
	char text[4 * sizeof(input->workers->info.odd_bytes) + 1];

	result->connections = input->merged->connections;
	builder_latency(builder, &result->connect, &input->merged->connect);
	result->odd_bytes = builder_take(
		builder, input->plan->worker_count, sizeof(*result->odd_bytes));
	for (size_t i = 0; result->odd_bytes && i < input->plan->worker_count; i++) {
		const struct engine_worker_info *info = &input->workers[i].info;
		struct result_odd_bytes *odd = &result->odd_bytes[result->odd_byte_count];

		if (!info->odd_reason)
			continue;
		escape_bytes(text, sizeof(text), info->odd_bytes, info->odd_byte_count);
		odd->worker = i;
		odd->reason = builder_text(builder, info->odd_reason);
		odd->bytes = builder_text(builder, text);
		result->odd_byte_count++;
	}
}

static void build_named_block(struct builder *builder, struct result_named_block **blocks,
	size_t *count, const char *name)
{
	const struct stats_request *measured = &builder->input->merged->phase[STATS_MEASURED];

	*blocks = builder_take(builder, 1, sizeof(**blocks));
	if (!*blocks)
		return;
	*count = 1;
	(*blocks)->name = builder_text(builder, name);
	build_block(builder, &(*blocks)->block, measured, builder->result->window.duration_s);
}

static void build_blocks(struct builder *builder)
{
	const struct plan *plan = builder->input->plan;
	const struct stats *merged = builder->input->merged;
	struct result *result = builder->result;
	struct result_scenario *scenario;

	build_block(
		builder, &result->run, &merged->phase[STATS_MEASURED], result->window.duration_s);
	build_block(
		builder, &result->warmup, &merged->phase[STATS_WARMUP], result->window.warmup_s);
	result->scenarios = scenario = builder_take(builder, 1, sizeof(*result->scenarios));
	if (!scenario)
		return;
	result->scenario_count = 1;
	scenario->name = builder_text(builder, "default");
	scenario->open_loop = plan->open_loop;
	if (plan->open_loop) {
		scenario->arrival = builder_text(
			builder, plan->arrival == SCENARIO_POISSON ? "poisson" : "constant");
		scenario->asked_rps = (double)plan->rate_mrps / 1000;
	} else {
		scenario->sessions = (uint64_t)plan->connections * plan->pipeline;
	}
	scenario->no_keepalive = plan->no_keepalive;
	build_named_block(
		builder, &scenario->requests, &scenario->request_count, plan->request.name);
}

static void build_interval(struct builder *builder, struct result_interval *to,
	const struct timeline_interval *from, unsigned int layout_cells)
{
	const struct result *result = builder->result;

	to->t_s = seconds(from->end_ns);
	to->seconds = seconds(from->end_ns - from->begin_ns);
	to->phase = RESULT_MEASURED;
	if (seconds(from->begin_ns) < result->window.warmup_s)
		to->phase = RESULT_WARMUP;
	else if (seconds(from->begin_ns) >= result->window.warmup_s + result->window.duration_s)
		to->phase = RESULT_DRAIN;
	to->scheduled = from->scheduled;
	to->sent = from->sent;
	to->completed = from->completed;
	to->errors = from->errors;
	to->in_flight = from->in_flight;
	to->waiting = from->waiting;
	to->censored = from->censored;
	to->p50 = builder_quantile(from->p50);
	to->p99 = builder_quantile(from->p99);
	to->max_ns = from->max_ns;
	to->histogram.precision_bits = TIMELINE_PRECISION_BITS;
	to->histogram.layout_cells = layout_cells;
	to->histogram.cells = builder_take(builder, from->cell_count, sizeof(*to->histogram.cells));
	if (!to->histogram.cells)
		return;
	to->histogram.cell_count = from->cell_count;
	for (size_t i = 0; i < from->cell_count; i++) {
		to->histogram.cells[i].index = from->cells[i].index;
		to->histogram.cells[i].count = from->cells[i].count;
	}
}

static void build_timeline(struct builder *builder)
{
	const struct timeline *timeline = builder->input->timeline;
	struct result *result = builder->result;

	result->timeline = builder_take(
		builder, timeline->interval_count, sizeof(*result->timeline));
	if (!result->timeline)
		return;
	result->interval_count = timeline->interval_count;
	for (size_t i = 0; i < timeline->interval_count; i++)
		build_interval(builder, &result->timeline[i], &timeline->intervals[i],
			timeline->scratch.cell_count);
	for (size_t i = 0; builder->input->resources && i < timeline->interval_count; i++)
		resources_build_interval(&result->timeline[i].resources, builder->input->resources,
			timeline->intervals[i].begin_ns, timeline->intervals[i].end_ns);
}

/* The worker's time in the measured window; without an interval there, of its whole life. */
static void build_shares(struct builder *builder, struct result_worker *to, size_t worker)
{
	const struct timeline *timeline = builder->input->timeline;
	const struct result *result = builder->result;
	const uint64_t *spent = builder->input->workers[worker].stats->health.value;
	double busy = 0, spin = 0, wait = 0, all;

	to->busy_by_interval = builder_take(builder, result->interval_count, sizeof(double));
	if (!to->busy_by_interval)
		return;
	to->busy_count = result->interval_count;
	for (size_t i = 0; i < result->interval_count; i++) {
		const struct timeline_shares
			*shares = &timeline->shares[i * timeline->worker_count + worker];
		double length_s = result->timeline[i].seconds;

		to->busy_by_interval[i] = (double)(int)((double)shares->busy * 1e4 + 0.5) / 1e4;
		if (result->timeline[i].phase != RESULT_MEASURED)
			continue;
		busy += (double)shares->busy * length_s;
		spin += (double)shares->spin * length_s;
		wait += (double)shares->wait * length_s;
	}
	if (busy + spin + wait <= 0) {
		busy = (double)spent[HEALTH_BUSY_NS];
		spin = (double)spent[HEALTH_SPIN_NS];
		wait = (double)spent[HEALTH_WAIT_NS];
	}
	all = busy + spin + wait;
	to->busy = share(busy, all);
	to->spin = share(spin, all);
	to->wait = share(wait, all);
}

static void build_worker(struct builder *builder, struct result_worker *to, size_t worker)
{
	const struct result_input_worker *from = &builder->input->workers[worker];
	const struct plan_worker *planned = &builder->input->plan->workers[worker];
	const uint64_t *health = from->stats->health.value;

	to->cpu = planned->cpu;
	to->numa_node = planned->numa_node;
	to->shared_cpu = planned->shared_cpu;
	to->connections = planned->connections;
	build_shares(builder, to, worker);
	to->loop.p50_ns = hist_percentile(&from->stats->loop, 0.50).value_ns;
	to->loop.p99_ns = hist_percentile(&from->stats->loop, 0.99).value_ns;
	to->loop.max_ns = hist_count(&from->stats->loop) ? from->stats->loop.max_ns : 0;
	to->send_lag_p99_ns = hist_percentile(&from->stats->phase[STATS_MEASURED].send_lag, 0.99)
				      .value_ns;
	if (from->info.window_end_ns > builder->input->start_ns)
		to->wall_ns = from->info.window_end_ns - builder->input->start_ns;
	to->cpu_ns = from->info.cpu_ns;
	to->run_delay_ns = from->run_delay_ns;
	to->has_steal = from->has_steal;
	if (from->has_steal)
		to->steal = share((double)from->steal_ns, (double)to->wall_ns);
	to->has_throttled = from->has_throttled;
	if (from->has_throttled)
		to->throttled_ns = from->throttled_ns;
	to->voluntary = from->info.voluntary;
	to->involuntary = from->info.involuntary;
	to->enobufs = health[HEALTH_ENOBUFS];
	to->rearmed = health[HEALTH_REARMED];
	to->stale = health[HEALTH_STALE];
	to->cq_overflow = health[HEALTH_CQ_OVERFLOW];
}

/* Reasons of what the generator's figures lack; once, also when several workers lack them. */
static void build_generator_absence(struct builder *builder)
{
	const struct result_input *input = builder->input;
	struct result *result = builder->result;
	bool no_steal = false, no_throttled = false;

	for (size_t i = 0; i < result->generator.worker_count; i++) {
		no_steal |= !result->generator.workers[i].has_steal;
		no_throttled |= !result->generator.workers[i].has_throttled;
	}
	if (result->generator.cpu_ns_per_request <= 0)
		builder_absence(builder, &result->generator.absent, &result->generator.absent_count,
			"cpu_ns_per_request", "nothing was sent");
	if (no_steal)
		builder_absence(builder, &result->generator.absent, &result->generator.absent_count,
			"steal", input->steal_reason);
	if (no_throttled)
		builder_absence(builder, &result->generator.absent, &result->generator.absent_count,
			"throttled_ns", input->throttled_reason);
}

static void add_sends(struct result_sends *sends, const uint64_t *health)
{
	sends->plain += health[HEALTH_SENDS] - health[HEALTH_ZERO_COPY];
	sends->zero_copy += health[HEALTH_ZERO_COPY];
	sends->copied += health[HEALTH_COPIED];
	sends->unreported += health[HEALTH_ZERO_COPY] - health[HEALTH_REPORTED];
}

static void build_generator(struct builder *builder)
{
	const struct result_input *input = builder->input;
	struct result *result = builder->result;
	uint64_t sent = result->run.counters.value[COUNTER_SENT] +
			result->warmup.counters.value[COUNTER_SENT];
	double cpu_ns = 0;

	if (input->fault)
		result->generator.fault = builder_text(builder, input->fault);
	result->generator.workers = builder_take(
		builder, input->plan->worker_count, sizeof(*result->generator.workers));
	if (!result->generator.workers)
		return;
	result->generator.worker_count = input->plan->worker_count;
	for (size_t i = 0; i < input->plan->worker_count; i++) {
		struct result_worker *worker = &result->generator.workers[i];

		build_worker(builder, worker, i);
		add_sends(&result->generator.sends, input->workers[i].stats->health.value);
		cpu_ns += (double)worker->cpu_ns;
		result->generator.spin_share += worker->spin / (double)input->plan->worker_count;
	}
	result->generator.cpu_ns_per_request = share(cpu_ns, (double)sent);
	result->generator.max_send_lag_ns = (double)input->plan->max_send_lag_ns;
	build_generator_absence(builder);
}

static void build_kernel(struct builder *builder)
{
	const struct result_input *input = builder->input;
	struct result_kernel *kernel = &builder->result->kernel;

	if (input->kernel)
		builder->failed |= kernel_build(kernel, input->kernel, NULL) != 0;
	else
		kernel->reason = builder_text(
			builder, input->kernel_reason ? input->kernel_reason : NO_PROBE);
}

static uint64_t from_seconds(double seconds)
{
	return (uint64_t)(seconds * (double)NS_PER_S + 0.5);
}

static void build_resources(struct builder *builder)
{
	struct result *result = builder->result;
	uint64_t begin_ns = from_seconds(result->window.warmup_s);

	if (builder->input->resources)
		resources_build(builder, &result->resources, builder->input->resources, begin_ns,
			begin_ns + from_seconds(result->window.duration_s));
	else
		result->resources.reason = builder_text(builder, NO_RESOURCES);
}

int result_build(struct result *result, const struct result_input *input, struct err *err)
{
	struct builder builder = {.result = result, .input = input, .failed = false};

	memset(result, 0, sizeof(*result));
	build_head(&builder);
	build_environment(&builder);
	build_target(&builder);
	build_window(&builder);
	build_connections(&builder);
	build_blocks(&builder);
	build_timeline(&builder);
	build_generator(&builder);
	build_kernel(&builder);
	build_resources(&builder);
	if (!builder.failed)
		return 0;
	result_release(result);
	return err_set(err, ERR_ENVIRONMENT, -ENOMEM, "no memory for the result");
}
