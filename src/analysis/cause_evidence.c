/* SPDX-License-Identifier: MIT */
#include "analysis/cause_evidence.h"

#include <math.h>
#include <string.h>

#include "base/clock.h"

/* Of the requests, so many must be attributed for parts to speak of all. */
#define ATTRIBUTED 0.5
/* A thread with less than this part of an equal share of the requests is not one that serves. */
#define SERVING_PART 0.1

/* A stored file may hold anything. */
static double proper(double value)
{
	return isfinite(value) && value > 0 ? value : 0;
}

static double part_of(double count, double whole)
{
	return whole > 0 ? count / whole : 0;
}

static void take_requests(const struct result *result, struct cause_view *view)
{
	const struct counters *counters = &result->run.counters;
	const uint64_t *value = counters->value;
	double all = (double)value[COUNTER_SCHEDULED];
	uint64_t busy = counters->status[429] + counters->status[503];
	uint64_t bad = value[COUNTER_OUTCOME_4XX] + value[COUNTER_OUTCOME_5XX];

	view->errors = proper(result->run.error_rate);
	view->timed_out = part_of(
		(double)value[COUNTER_TIMED_OUT] + (double)value[COUNTER_DROPPED_EXPIRED], all);
	/* An outcome may have taken statuses as accepted: those are no errors. */
	busy = busy < bad ? busy : bad;
	view->busy_status = part_of((double)busy, all);
	view->other_status = part_of((double)(bad - busy), all);
	view->gateway = part_of((double)(counters->status[502] + counters->status[504]), all);
	view->closed = part_of(
		(double)value[COUNTER_FAILED_CLOSED] + (double)value[COUNTER_FAILED_SHORT], all);
	view->reset = part_of((double)value[COUNTER_FAILED_RESET], all);
	view->no_connection = part_of((double)value[COUNTER_DROPPED_NO_CONNECTION], all);
}

static void take_connections(const struct result *result, struct cause_view *view)
{
	const uint64_t *value = result->connections.value;
	double attempted = (double)value[CONNECTION_ATTEMPTED];

	view->connects = value[CONNECTION_ATTEMPTED];
	view->connect_refused = part_of((double)value[CONNECTION_FAILED_REFUSED], attempted);
	view->connect_failed = part_of((double)value[CONNECTION_FAILED_TIMEOUT] +
					       (double)value[CONNECTION_FAILED_UNREACHABLE],
		attempted);
	view->no_port = value[CONNECTION_FAILED_NO_PORT];
	view->no_fd = value[CONNECTION_FAILED_NO_FD];
	view->has_connect = !result->connect.not_measured && result->connect.count;
	if (view->has_connect)
		view->connect_ns = (double)result->connect.quantile[RESULT_P99].value_ns;
}

static void take_latency(const struct result *result, struct cause_view *view)
{
	const struct result_latency *total = &result->run.latency[RESULT_TOTAL];
	const struct result_latency *wait = &result->run.latency[RESULT_CONNECTION_WAIT];
	const struct result_latency *service = &result->run.latency[RESULT_SERVICE];

	view->has_latency = !total->not_measured && total->count;
	if (!view->has_latency)
		return;
	view->p50_ns = (double)total->quantile[RESULT_P50].value_ns;
	view->p99_ns = (double)total->quantile[RESULT_P99].value_ns;
	view->p99_at_least = total->quantile[RESULT_P99].lower_bound;
	if (!wait->not_measured && wait->count)
		view->wait_ns = proper(wait->mean_ns);
	if (!service->not_measured && service->count)
		view->service_ns = proper(service->mean_ns);
}

static double counted(const struct result_resources *resources, enum resources_counter counter)
{
	return resources->counters[counter].known ? (double)resources->counters[counter].count : 0;
}

static double most(const struct result_resources *resources, enum resources_level level)
{
	return resources->levels[level].known ? proper(resources->levels[level].max) : 0;
}

/* Whether an interval's memory is a reading of the window. */
static bool is_reading(const struct result_interval *interval)
{
	return interval->phase == RESULT_MEASURED && interval->resources.measured &&
	       RESOURCES_HAS(interval->resources.levels, RESOURCES_RSS_BYTES);
}

/* The first, the middle and the last reading of the window, and what was answered between. */
static void take_growth(const struct result *result, struct cause_view *view)
{
	double first = 0, middle = 0, last = 0;
	size_t readings = 0, seen = 0;

	for (size_t i = 0; i < result->interval_count; i++)
		readings += is_reading(&result->timeline[i]);
	for (size_t i = 0; i < result->interval_count; i++) {
		const struct result_interval *interval = &result->timeline[i];

		if (!is_reading(interval))
			continue;
		last = interval->resources.level[RESOURCES_RSS_BYTES];
		if (seen)
			view->memory_requests += interval->completed;
		else
			first = last;
		if (seen == readings / 2)
			middle = last;
		seen++;
	}
	if (!isfinite(first) || !isfinite(middle) || !isfinite(last))
		return;
	view->memory_grown_bytes = last - first;
	view->memory_late_bytes = last - middle;
}

static void take_memory(const struct result *result, struct cause_view *view)
{
	const struct result_resources *resources = &result->resources;

	view->has_memory = resources->levels[RESOURCES_RSS_BYTES].known;
	view->memory_bytes = most(resources, RESOURCES_RSS_BYTES);
	view->swap_bytes = most(resources, RESOURCES_SWAP_BYTES);
	view->limit_bytes = (double)resources->limits.memory_bytes;
	view->limit_share = part_of(
		most(resources, RESOURCES_GROUP_MEMORY_BYTES), view->limit_bytes);
	view->memory_events = counted(resources, RESOURCES_MEMORY_LIMIT_EVENTS) +
			      counted(resources, RESOURCES_MEMORY_HIGH_EVENTS);
	view->oom_kills = counted(resources, RESOURCES_OOM_KILLS);
	take_growth(result, view);
}

static void take_resources(const struct result *result, struct cause_view *view)
{
	const struct result_resources *resources = &result->resources;
	double window_ns = proper(resources->seconds) * (double)NS_PER_S;

	view->has_resources = resources->measured && window_ns > 0;
	if (!view->has_resources)
		return;
	view->cpus = proper(resources->cpu.mean);
	view->limit_cpus = proper(resources->limits.cpus);
	view->cpu_share = resources->cpu.has_share ? proper(resources->cpu.mean_share) : 0;
	view->has_quota = resources->limits.quota_cpus > 0;
	view->has_throttled = resources->counters[RESOURCES_THROTTLED_NS].known;
	view->throttled = counted(resources, RESOURCES_THROTTLED_NS) / window_ns;
	view->memory_stall = counted(resources, RESOURCES_MEMORY_STALL_NS) / window_ns;
	view->io_stall = counted(resources, RESOURCES_IO_STALL_NS) / window_ns;
	view->cpu_stall = counted(resources, RESOURCES_CPU_STALL_NS) / window_ns;
	view->stall_is_own = resources->pressure_is_own;
	view->has_processes = resources->counters[RESOURCES_RESTARTS].known;
	view->restarts = counted(resources, RESOURCES_RESTARTS);
	view->exited = counted(resources, RESOURCES_EXITED);
	view->has_files = resources->levels[RESOURCES_OPEN_FILES_SHARE].known;
	view->files = most(resources, RESOURCES_OPEN_FILES);
	view->files_share = most(resources, RESOURCES_OPEN_FILES_SHARE);
	take_memory(result, view);
}

static void take_parts(const struct result_kernel *kernel, struct cause_view *view)
{
	for (enum probe_abi_stage part = 0; part < PROBE_ABI_PARTS; part++) {
		view->part_ns[part] = proper(kernel->stages[part].mean_ns);
		view->share[part] = proper(kernel->stages[part].share);
	}
	view->queue_share = proper(kernel->stages[PROBE_ABI_QUEUE].share);
	view->app_blocked_ns = proper(kernel->stages[PROBE_ABI_APP_BLOCKED].mean_ns);
	view->blocked = view->share[PROBE_ABI_APP_SLEEP] + view->share[PROBE_ABI_APP_DISK] +
			view->share[PROBE_ABI_APP_STOPPED] +
			view->share[PROBE_ABI_QUEUE_BUSY_BLOCKED];
}

static void take_threads(const struct result_kernel *kernel, struct cause_view *view)
{
	double requests = 0, equal;

	for (size_t i = 0; i < kernel->worker_count; i++)
		requests += (double)kernel->workers[i].requests;
	equal = part_of(requests, (double)kernel->worker_count);
	for (size_t i = 0; i < kernel->worker_count; i++) {
		const struct result_kernel_worker *worker = &kernel->workers[i];
		double cpu = proper(worker->cpu), runq = proper(worker->runq);

		if (worker->offloaded || !worker->requests ||
			(double)worker->requests < SERVING_PART * equal)
			continue;
		view->threads++;
		view->threads_cpu += cpu;
		view->pressed += fmin(cpu + runq, 1) * (double)worker->requests / requests;
		if (cpu + runq > view->busiest.cpu + view->busiest.runq)
			view->busiest = (struct cause_thread){worker->tid, worker->name, cpu, runq};
	}
}

/* Those that got hardly a request answered may be the ones to look at. */
static void take_others(const struct result_kernel *kernel, struct cause_view *view)
{
	struct cause_others *others = &view->others;
	double requests = 0, mine = 0, in_request = 0;

	for (size_t i = 0; i < kernel->worker_count; i++) {
		const struct result_kernel_worker *worker = &kernel->workers[i];

		requests += (double)worker->requests;
		if (worker->offloaded || worker->tid == view->busiest.tid)
			continue;
		others->count++;
		others->cpu += proper(worker->cpu);
		in_request += proper(worker->in_request);
		mine += (double)worker->requests;
		if (worker->switches > worker->preempted)
			others->sleeps += (double)(worker->switches - worker->preempted);
	}
	others->in_request = part_of(in_request, others->count);
	others->requests_share = part_of(mine, requests);
}

static uint64_t kernel_count(
	const struct result_kernel *kernel, enum result_kernel_counter_kind counter)
{
	return kernel->counters[counter].has_value ? kernel->counters[counter].value : 0;
}

static void take_kernel(const struct result *result, struct cause_view *view)
{
	const struct result_kernel *kernel = &result->kernel;

	if (!kernel->measured)
		return;
	view->has_listen = kernel->counters[RESULT_KERNEL_LISTEN_OVERFLOWS].has_value;
	/* The kernel counts an overflow as a drop too. */
	view->listen_overflows = kernel_count(kernel, RESULT_KERNEL_LISTEN_OVERFLOWS);
	view->syn_drops = kernel_count(kernel, RESULT_KERNEL_SYN_DROPS);
	view->retransmits = kernel_count(kernel, RESULT_KERNEL_RETRANSMITS);
	if (!view->has_throttled && kernel->counters[RESULT_KERNEL_THROTTLED_NS].has_value &&
		view->seconds > 0) {
		view->has_throttled = true;
		view->throttled = (double)kernel->counters[RESULT_KERNEL_THROTTLED_NS].value /
				  (view->seconds * (double)NS_PER_S);
	}
	view->has_residual = kernel->has_residual;
	view->residual_ns = proper(kernel->residual_ns);
	view->has_kernel = kernel->requests >= CAUSE_FEW_REQUESTS;
	view->residence_ns = proper(kernel->stages[PROBE_ABI_RESIDENCE].mean_ns);
	take_threads(kernel, view);
	take_others(kernel, view);
	view->has_parts = kernel->attributed >= CAUSE_FEW_REQUESTS &&
			  (double)kernel->attributed >= ATTRIBUTED * (double)kernel->requests;
	if (view->has_parts)
		take_parts(kernel, view);
}

void cause_evidence_view(const struct search_trial *trial, struct cause_view *view)
{
	const struct result *result;

	*view = (struct cause_view){.trial = trial};
	if (!trial)
		return;
	result = view->result = &trial->result;
	view->rps = proper(trial->rps);
	view->completed_rps = proper(result->run.completed_rps);
	view->seconds = proper(result->window.duration_s);
	take_requests(result, view);
	take_connections(result, view);
	take_latency(result, view);
	take_resources(result, view);
	take_kernel(result, view);
}

bool cause_evidence_saturated(const struct cause_view *view)
{
	return view->busiest.cpu + view->busiest.runq >= CAUSE_SATURATED &&
	       view->pressed >= CAUSE_SATURATED;
}

static bool is_followed(const struct search_trial *trial)
{
	const struct result_kernel *kernel = &trial->result.kernel;

	return kernel->measured && kernel->attributed >= CAUSE_FEW_REQUESTS;
}

/*
 * Trials that bounds rest on may have been made without the probe, or at loads so small that it
 * followed hardly a request. Then the nearest of the same verdict of which more is known tells
 * more.
 */
static const struct search_trial *prefer_measured(const struct search_record *record,
	const struct search_trial *trial, enum search_verdict verdict)
{
	const struct search_trial *found = NULL;

	if (!trial || is_followed(trial))
		return trial;
	for (size_t i = 0; i < record->trial_count; i++) {
		const struct search_trial *other = &record->trials[i];

		if (other->verdict != verdict || !is_followed(other))
			continue;
		if (!found || fabs(other->rps - trial->rps) <= fabs(found->rps - trial->rps))
			found = other;
	}
	return found ? found : trial;
}

void cause_evidence_take(const struct search_record *record, struct cause_evidence *evidence)
{
	const struct search_trial *base = search_record_base(record);
	const struct search_trial *lower = search_record_lower(record);
	const struct search_trial *broken = search_record_broken(record);

	evidence->record = record;
	cause_evidence_view(prefer_measured(record, base, SEARCH_PASS), &evidence->base);
	cause_evidence_view(prefer_measured(record, lower, SEARCH_PASS), &evidence->lower);
	cause_evidence_view(prefer_measured(record, broken, SEARCH_FAIL), &evidence->broken);
}

bool cause_evidence_gone(const struct search_trial *trial)
{
	const uint64_t *value = trial->result.connections.value;

	return value[CONNECTION_ATTEMPTED] &&
	       value[CONNECTION_FAILED_REFUSED] == value[CONNECTION_ATTEMPTED];
}

double cause_evidence_ramp(double value, double from, double full)
{
	if (!(value >= from))
		return 0;
	return value >= full ? 1 : 0.5 + 0.5 * (value - from) / (full - from);
}

bool cause_evidence_failed(const struct cause_view *view, const char *metric)
{
	for (size_t i = 0; view->result && i < view->result->threshold_count; i++) {
		const struct result_threshold *threshold = &view->result->thresholds[i];

		if (threshold->state == RESULT_FAIL && threshold->expression &&
			!strncmp(threshold->expression + strspn(threshold->expression, " "), metric,
				strlen(metric)))
			return true;
	}
	return false;
}

char *cause_evidence_format_bytes(char text[UNITS_TEXT_BYTES], double bytes)
{
	return units_format_size(text, (uint64_t)fmin(proper(bytes), 0x1p62));
}

void cause_evidence_tell_share(const char *what, const char *of, bool has_base, double base,
	double broken, struct buf *out)
{
	double from = round(base * 100), to = round(broken * 100);

	if (has_base && from < to)
		buf_printf(out, "%s grew from %.0f to %.0f %% of %s", what, from, to, of);
	else
		buf_printf(out, "%s is %.0f %% of %s", what, to, of);
}

char *cause_evidence_format_ns(char text[UNITS_TEXT_BYTES], double time_ns)
{
	time_ns = proper(time_ns);
	return units_format_duration(text, time_ns < 1e18 ? (uint64_t)(time_ns + 0.5) : UINT64_MAX);
}

void cause_evidence_tell_time(
	const char *what, bool has_base, double base_ns, double broken_ns, struct buf *out)
{
	char from[UNITS_TEXT_BYTES], to[UNITS_TEXT_BYTES];

	if (has_base && base_ns < broken_ns)
		buf_printf(out, "%s grew from %s to %s", what,
			cause_evidence_format_ns(from, base_ns),
			cause_evidence_format_ns(to, broken_ns));
	else
		buf_printf(out, "%s is %s", what, cause_evidence_format_ns(to, broken_ns));
}
