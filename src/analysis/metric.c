/* SPDX-License-Identifier: MIT */
#include "analysis/metric.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/nearest.h"

/* Where a metric's value comes from. */
enum source {
	SOURCE_PERCENTILE,
	SOURCE_MEAN,
	SOURCE_MIN,
	SOURCE_MAX,
	SOURCE_ERROR_RATE,
	SOURCE_COMPLETED_RATE,
	SOURCE_RATE,
	SOURCE_SENT_RATE,
	SOURCE_FAILED,
	SOURCE_DROPPED,
	SOURCE_CONNECT_FAILED,
	SOURCE_COUNTER,
	SOURCE_ERROR_VARIATION,
	SOURCE_RATE_VARIATION,
	SOURCE_TARGET_CPU,
	SOURCE_TARGET_CPU_MAX,
	SOURCE_TARGET_THROTTLED,
	SOURCE_TARGET_MEMORY,
	SOURCE_TARGET_GROWTH,
	SOURCE_TARGET_FILES,
	SOURCE_TARGET_RESTARTS,
	SOURCE_TARGET_OOM
};

struct metric_row {
	const char *name;
	enum source source;
	enum result_unit unit;
	enum counter counter; /* of SOURCE_COUNTER */
	const char *help;
};

/* Metrics of a latency come first: they may have a latency's name and a dot before them. */
static const struct metric_row rows[] = {
	{"pNN", SOURCE_PERCENTILE, RESULT_NS, 0, "a percentile: p50, p95, p99, p99.9 (or p999)"},
	{"mean", SOURCE_MEAN, RESULT_NS, 0, "the mean"},
	{"min", SOURCE_MIN, RESULT_NS, 0, "the smallest"},
	{"max", SOURCE_MAX, RESULT_NS, 0, "the largest"},
	{"error_rate", SOURCE_ERROR_RATE, RESULT_SHARE, 0,
		"failed, timed out, dropped and not ok, of scheduled"},
	{"completed_rate", SOURCE_COMPLETED_RATE, RESULT_SHARE, 0,
		"completed requests a second, of those asked (open loop)"},
	{"rate", SOURCE_RATE, RESULT_RPS, 0, "completed requests a second"},
	{"sent_rate", SOURCE_SENT_RATE, RESULT_RPS, 0, "sent requests a second"},
	{"error_variation", SOURCE_ERROR_VARIATION, RESULT_SHARE, 0,
		"how far error_rate moves from second to second, beyond chance"},
	{"rate_variation", SOURCE_RATE_VARIATION, RESULT_SHARE, 0,
		"the same of completed requests, of those to be expected"},
	{"scheduled", SOURCE_COUNTER, RESULT_REQUESTS, COUNTER_SCHEDULED, "became due"},
	{"sent", SOURCE_COUNTER, RESULT_REQUESTS, COUNTER_SENT, "handed to the kernel"},
	{"completed", SOURCE_COUNTER, RESULT_REQUESTS, COUNTER_COMPLETED, "got a response"},
	{"failed", SOURCE_FAILED, RESULT_REQUESTS, 0, "all failures together"},
	{"failed_reset", SOURCE_COUNTER, RESULT_REQUESTS, COUNTER_FAILED_RESET,
		"connection reset before a response byte"},
	{"failed_closed", SOURCE_COUNTER, RESULT_REQUESTS, COUNTER_FAILED_CLOSED,
		"connection closed before a response byte"},
	{"failed_short", SOURCE_COUNTER, RESULT_REQUESTS, COUNTER_FAILED_SHORT,
		"connection ended inside the response"},
	{"failed_parse", SOURCE_COUNTER, RESULT_REQUESTS, COUNTER_FAILED_PARSE, "not HTTP/1.1"},
	{"failed_send", SOURCE_COUNTER, RESULT_REQUESTS, COUNTER_FAILED_SEND,
		"the kernel refused to send"},
	{"failed_collateral", SOURCE_COUNTER, RESULT_REQUESTS, COUNTER_FAILED_COLLATERAL,
		"pipelined behind a failure"},
	{"timed_out", SOURCE_COUNTER, RESULT_REQUESTS, COUNTER_TIMED_OUT,
		"no response within the timeout"},
	{"dropped", SOURCE_DROPPED, RESULT_REQUESTS, 0, "never sent, all reasons together"},
	{"dropped_expired", SOURCE_COUNTER, RESULT_REQUESTS, COUNTER_DROPPED_EXPIRED,
		"waited longer than the timeout"},
	{"dropped_no_connection", SOURCE_COUNTER, RESULT_REQUESTS, COUNTER_DROPPED_NO_CONNECTION,
		"the same, without a connection"},
	{"dropped_limit", SOURCE_COUNTER, RESULT_REQUESTS, COUNTER_DROPPED_LIMIT,
		"beyond --max-in-flight"},
	{"unsent", SOURCE_COUNTER, RESULT_REQUESTS, COUNTER_UNSENT, "waiting at the end"},
	{"in_flight", SOURCE_COUNTER, RESULT_REQUESTS, COUNTER_IN_FLIGHT, "unanswered at the end"},
	{"ok", SOURCE_COUNTER, RESULT_REQUESTS, COUNTER_OUTCOME_OK, "completed and accepted"},
	{"status_4xx", SOURCE_COUNTER, RESULT_REQUESTS, COUNTER_OUTCOME_4XX, "status 400 to 499"},
	{"status_5xx", SOURCE_COUNTER, RESULT_REQUESTS, COUNTER_OUTCOME_5XX, "status 500 to 599"},
	{"check", SOURCE_COUNTER, RESULT_REQUESTS, COUNTER_OUTCOME_CHECK, "a check said no"},
	{"connect_failed", SOURCE_CONNECT_FAILED, RESULT_REQUESTS, 0,
		"connections that were not established"},
	{"target_cpu", SOURCE_TARGET_CPU, RESULT_SHARE, 0,
		"CPU time of the server, of what it may use (mask and quota)"},
	{"target_cpu_max", SOURCE_TARGET_CPU_MAX, RESULT_SHARE, 0,
		"the same in the busiest second"},
	{"target_throttled", SOURCE_TARGET_THROTTLED, RESULT_SHARE, 0,
		"of the window that its CPU quota held it up, over all CPUs"},
	{"target_memory_max", SOURCE_TARGET_MEMORY, RESULT_BYTES, 0,
		"most resident memory of the server, as 512M"},
	{"target_memory_growth", SOURCE_TARGET_GROWTH, RESULT_BYTES_PER_HOUR, 0,
		"its growth an hour, as 50M (windows of a minute and more)"},
	{"target_files_max", SOURCE_TARGET_FILES, RESULT_COUNT, 0, "most files it had open"},
	{"target_restarts", SOURCE_TARGET_RESTARTS, RESULT_COUNT, 0,
		"processes of it that ended and were replaced"},
	{"target_oom_kills", SOURCE_TARGET_OOM, RESULT_COUNT, 0,
		"processes of its control group killed for memory"},
};

#define ROW_COUNT    (sizeof(rows) / sizeof(*rows))
#define LATENCY_ROWS 4 /* of them, in front: metrics of a latency */

/* A name, or a part of it. */
struct piece {
	const char *text;
	size_t bytes;
};

static bool equals(struct piece piece, const char *text)
{
	return strlen(text) == piece.bytes && !memcmp(piece.text, text, piece.bytes);
}

/* Cuts "service." off "service.p99"; without a latency's name it is `total`. */
static enum result_latency_kind take_latency(struct piece *name)
{
	const char *dot = memchr(name->text, '.', name->bytes);
	struct piece before = {name->text, dot ? (size_t)(dot - name->text) : 0};

	for (unsigned int i = 0; dot && i < RESULT_LATENCY_COUNT; i++) {
		if (!equals(before, result_latency_key(i)))
			continue;
		name->bytes -= before.bytes + 1;
		name->text = dot + 1;
		return i;
	}
	return RESULT_TOTAL;
}

/*
 * "p99", "p99.9" or "p999" as a share; false when it is something else. Three digits and more
 * without a dot are nines with decimals (p999, p9999, p995).
 */
static bool read_percentile(struct piece name, double *quantile)
{
	char digits[16];
	size_t used = 0, whole;
	bool dotted = memchr(name.text, '.', name.bytes);

	if (name.bytes < 2 || name.bytes > 12 || name.text[0] != 'p')
		return false;
	whole = strspn(name.text + 1, "0123456789");
	if (!whole || (!dotted && whole + 1 != name.bytes))
		return false;
	if (dotted &&
		(whole > 2 || name.text[whole + 1] != '.' || whole + 2 == name.bytes ||
			strspn(name.text + whole + 2, "0123456789") != name.bytes - whole - 2))
		return false;
	if (!dotted && whole > 2 && memcmp(name.text, "p99", 3))
		return false;
	/* The digits as the decimals of a share: exact for what was written. */
	digits[used++] = '.';
	if (whole == 1)
		digits[used++] = '0';
	for (size_t i = 1; i < name.bytes; i++)
		if (name.text[i] != '.')
			digits[used++] = name.text[i];
	digits[used] = '\0';
	*quantile = strtod(digits, NULL);
	return *quantile > 0;
}

/* Before the dot stands no latency's name. */
static int refuse_latency(struct piece name, struct err *err)
{
	int bytes = (int)name.bytes;
	struct nearest nearest;

	nearest_init(&nearest, name.text, name.bytes);
	for (unsigned int i = 0; i < RESULT_LATENCY_COUNT; i++)
		nearest_offer(&nearest, result_latency_key(i));
	if (nearest.best)
		return err_set(err, ERR_USAGE, -EINVAL,
			"\"%.*s\" is no latency, did you mean \"%s\"?", bytes, name.text,
			nearest.best);
	return err_set(err, ERR_USAGE, -EINVAL,
		"\"%.*s\" is no latency, expected one as service or connect", bytes, name.text);
}

static int refuse(struct piece name, struct err *err)
{
	const char *dot = memchr(name.text, '.', name.bytes);
	int bytes = (int)name.bytes;
	struct nearest nearest;

	if (name.bytes > 1 && name.text[0] == 'p' && name.text[1] >= '0' && name.text[1] <= '9')
		return err_set(err, ERR_USAGE, -EINVAL,
			"\"%.*s\" is no percentile, write p50, p99 or p99.9, or max", bytes,
			name.text);
	if (dot)
		return refuse_latency((struct piece){name.text, (size_t)(dot - name.text)}, err);
	nearest_init(&nearest, name.text, name.bytes);
	for (unsigned int i = 0; i < RESULT_LATENCY_COUNT; i++) {
		if (equals(name, result_latency_key(i)))
			return err_set(err, ERR_USAGE, -EINVAL,
				"\"%.*s\" alone is no metric, write %.*s.p99 or %.*s.mean", bytes,
				name.text, bytes, name.text, bytes, name.text);
		nearest_offer(&nearest, result_latency_key(i));
	}
	for (size_t i = 1; i < ROW_COUNT; i++)
		nearest_offer(&nearest, rows[i].name);
	nearest_offer(&nearest, "p99");
	if (nearest.best)
		return err_set(err, ERR_USAGE, -EINVAL,
			"\"%.*s\" is no metric, did you mean \"%s\"?", bytes, name.text,
			nearest.best);
	return err_set(err, ERR_USAGE, -EINVAL,
		"\"%.*s\" is no metric, expected one as p99, service.mean or error_rate", bytes,
		name.text);
}

int metric_find(struct metric *metric, const char *text, size_t bytes, struct err *err)
{
	struct piece name = {text, bytes}, rest = name;
	size_t known;

	memset(metric, 0, sizeof(*metric));
	metric->latency = take_latency(&rest);
	if (read_percentile(rest, &metric->quantile)) {
		metric->row = &rows[0];
		return 0;
	}
	known = rest.text == name.text ? ROW_COUNT : LATENCY_ROWS;
	for (size_t i = 1; i < known; i++) {
		if (!equals(rest, rows[i].name))
			continue;
		metric->row = &rows[i];
		return 0;
	}
	if (rest.text != name.text)
		return err_set(err, ERR_USAGE, -EINVAL,
			"\"%.*s\" is no figure of a latency, expected a percentile as p99, mean, "
			"min or max",
			(int)rest.bytes, rest.text);
	return refuse(name, err);
}

bool metric_of_errors(const struct metric *metric)
{
	const struct metric_row *row = metric->row;

	if (row->source != SOURCE_COUNTER)
		return row->source == SOURCE_ERROR_RATE || row->source == SOURCE_FAILED;
	return (row->counter >= COUNTER_FAILED_RESET &&
		       row->counter <= COUNTER_FAILED_COLLATERAL) ||
	       (row->counter >= COUNTER_OUTCOME_OK && row->counter <= COUNTER_OUTCOME_CHECK);
}

enum result_unit metric_unit(const struct metric *metric)
{
	return metric->row->unit;
}

static struct metric_value known(double value)
{
	return (struct metric_value){.known = true, .value = value};
}

static struct metric_value unknown(const char *reason)
{
	return (struct metric_value){.reason = reason};
}

static struct metric_value read_latency(
	const struct metric *metric, const struct result_latency *latency)
{
	struct result_quantile quantile;
	struct metric_value value;

	if (!latency->count)
		return unknown("there was no sample");
	switch (metric->row->source) {
	case SOURCE_MEAN:
		value = known(latency->mean_ns);
		value.lower_bound = latency->censored;
		return value;
	case SOURCE_MIN:
		value = known((double)latency->min_ns);
		value.lower_bound = latency->censored &&
				    latency->censored_min_ns <= latency->min_ns;
		return value;
	case SOURCE_MAX:
		value = known((double)latency->max_ns);
		value.lower_bound = latency->censored;
		return value;
	default:
		quantile = result_percentile(latency, metric->quantile);
		value = known((double)quantile.value_ns);
		value.lower_bound = quantile.lower_bound;
		return value;
	}
}

static uint64_t connect_failed(const struct connection_counters *connections)
{
	uint64_t failed = 0;

	for (int i = CONNECTION_FAILED_REFUSED; i <= CONNECTION_FAILED_NO_FD; i++)
		failed += connections->value[i];
	return failed;
}

static struct metric_value read_counter(
	const struct result_resources *resources, enum resources_counter counter)
{
	return resources->counters[counter].known
		       ? known((double)resources->counters[counter].count)
		       : unknown(resources->counters[counter].reason);
}

static struct metric_value read_level(
	const struct result_resources *resources, enum resources_level level)
{
	return resources->levels[level].known ? known(resources->levels[level].max)
					      : unknown(resources->levels[level].reason);
}

static struct metric_value read_stability(
	const struct result_stability *stability, enum result_stability_kind kind)
{
	const struct result_stability_criterion *criterion = &stability->criteria[kind];

	if (!stability->judged)
		return unknown("stability was not judged");
	return criterion->verdict == RESULT_STABILITY_UNKNOWN ? unknown(criterion->reason)
							      : known(criterion->value);
}

static struct metric_value read_target(
	const struct metric *metric, const struct result_resources *resources)
{
	struct metric_value value;

	if (!resources->measured)
		return unknown(resources->reason);
	switch (metric->row->source) {
	case SOURCE_TARGET_CPU:
		return resources->cpu.has_share ? known(resources->cpu.mean_share)
						: unknown("how many CPUs it may use is not known");
	case SOURCE_TARGET_CPU_MAX:
		return resources->cpu.has_share ? known(resources->cpu.max_share)
						: unknown("how many CPUs it may use is not known");
	case SOURCE_TARGET_THROTTLED:
		value = read_counter(resources, RESOURCES_THROTTLED_NS);
		value.value = resources->seconds > 0 ? value.value / resources->seconds / 1e9 : 0;
		return value;
	case SOURCE_TARGET_MEMORY:
		return read_level(resources, RESOURCES_RSS_BYTES);
	case SOURCE_TARGET_GROWTH:
		return resources->growth.known ? known(resources->growth.bytes_per_hour)
					       : unknown(resources->growth.reason);
	case SOURCE_TARGET_FILES:
		return read_level(resources, RESOURCES_OPEN_FILES);
	case SOURCE_TARGET_RESTARTS:
		return read_counter(resources, RESOURCES_RESTARTS);
	default:
		return read_counter(resources, RESOURCES_OOM_KILLS);
	}
}

struct metric_value metric_read(const struct metric *metric, const struct result *result)
{
	const struct result_block *run = &result->run;
	const struct counters *counters = &run->counters;

	switch (metric->row->source) {
	case SOURCE_ERROR_RATE:
		return counters->value[COUNTER_SCHEDULED] ? known(run->error_rate)
							  : unknown("nothing was scheduled");
	case SOURCE_COMPLETED_RATE:
		if (run->asked_rps <= 0)
			return unknown("a closed loop asks for no rate");
		return result->window.duration_s > 0 ? known(run->completed_rps / run->asked_rps)
						     : unknown("nothing was measured");
	case SOURCE_RATE:
		return result->window.duration_s > 0 ? known(run->completed_rps)
						     : unknown("nothing was measured");
	case SOURCE_SENT_RATE:
		return result->window.duration_s > 0 ? known(run->sent_rps)
						     : unknown("nothing was measured");
	case SOURCE_FAILED:
		return known((double)counters_failed(counters));
	case SOURCE_DROPPED:
		return known((double)counters_dropped(counters));
	case SOURCE_CONNECT_FAILED:
		return known((double)connect_failed(&result->connections));
	case SOURCE_COUNTER:
		return known((double)counters->value[metric->row->counter]);
	case SOURCE_ERROR_VARIATION:
		return read_stability(&result->stability, RESULT_ERROR_VARIATION);
	case SOURCE_RATE_VARIATION:
		return read_stability(&result->stability, RESULT_RATE_VARIATION);
	case SOURCE_TARGET_CPU:
	case SOURCE_TARGET_CPU_MAX:
	case SOURCE_TARGET_THROTTLED:
	case SOURCE_TARGET_MEMORY:
	case SOURCE_TARGET_GROWTH:
	case SOURCE_TARGET_FILES:
	case SOURCE_TARGET_RESTARTS:
	case SOURCE_TARGET_OOM:
		return read_target(metric, &result->resources);
	default:
		if (metric->latency == RESULT_CONNECT)
			return read_latency(metric, &result->connect);
		if (run->latency[metric->latency].not_measured)
			return unknown(result_block_lacks(run, metric->latency));
		return read_latency(metric, &run->latency[metric->latency]);
	}
}

void metric_help(struct buf *out)
{
	buf_text(out, "  of a latency (of total, or of another as in service.p99):\n");
	for (size_t i = 0; i < ROW_COUNT; i++) {
		if (i == LATENCY_ROWS) {
			buf_text(out, "  latencies:");
			for (unsigned int j = 0; j < RESULT_LATENCY_COUNT; j++)
				buf_printf(out, "%s %s", j && j % 6 == 0 ? "\n            " : "",
					result_latency_key(j));
			buf_text(out, "\n\n  of the run:\n");
		}
		buf_printf(out, "    %-22s %s\n", rows[i].name, rows[i].help);
	}
}
