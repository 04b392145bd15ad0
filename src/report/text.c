/* SPDX-License-Identifier: MIT */
#include "report/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/breach.h"
#include "analysis/threshold.h"
#include "base/units.h"
#include "report/generator.h"
#include "report/kernel.h"
#include "report/latency.h"
#include "report/layout.h"
#include "report/resources.h"
#include "report/seconds.h"
#include "report/stability.h"

static const char *const headlines[RESULT_VERDICT_COUNT] = {
	[RESULT_VALID] = "VALID",
	[RESULT_GENERATOR_LIMITED] =
		"NOT VALID: generator limited, the generator itself was too slow",
	[RESULT_TOO_SHORT] = "NOT VALID: too short, too little was measured",
	[RESULT_INTERRUPTED] = "NOT VALID: interrupted before its end",
	[RESULT_INTERNAL_ERROR] = "NOT VALID: internal error, please report it",
};

/* The last word: whether the figures may be believed, and whether they were good enough. */
static void write_verdict(const struct result *result, struct buf *out)
{
	const char *headline = headlines[result->validity.verdict];
	size_t failed = 0;

	for (size_t i = 0; i < result->threshold_count; i++)
		failed += result->thresholds[i].state == RESULT_FAIL;
	buf_text(out, "\n");
	if (result->window.aborted.happened)
		layout_entryf(out, "verdict", "%s; FAILED: ended early", headline);
	else if (failed)
		layout_entryf(out, "verdict", "%s; %zu of %zu thresholds FAILED", headline, failed,
			result->threshold_count);
	else if (result->threshold_count)
		layout_entryf(out, "verdict", "%s; no threshold failed", headline);
	else
		layout_entry(out, "verdict", headline);
	for (size_t i = 0; i < result->validity.reason_count; i++)
		layout_item(out, "", result->validity.reasons[i].text);
}

/* Beside what is usual, only what went wrong: which address of a name is the bad one. */
static void write_address(const struct result_address *address, bool no_keepalive, struct buf *out)
{
	const uint64_t *count = address->counters.value;
	/* Those it began with, or where there were none, all. */
	uint64_t connections = no_keepalive ? count[ADDRESS_ESTABLISHED] : address->connections;
	char text[UNITS_TEXT_BYTES], all[UNITS_TEXT_BYTES];
	struct buf line = {0};

	buf_printf(&line, "%s: %" PRIu64 " connections, %s requests completed", address->address,
		connections, units_format_count(text, count[ADDRESS_COMPLETED]));
	if (count[ADDRESS_REQUESTS_FAILED])
		buf_printf(&line, ", %s failed",
			units_format_count(text, count[ADDRESS_REQUESTS_FAILED]));
	if (count[ADDRESS_TIMED_OUT])
		buf_printf(&line, ", %s timed out",
			units_format_count(text, count[ADDRESS_TIMED_OUT]));
	if (count[ADDRESS_FAILED])
		buf_printf(&line, "; %s of %s connects failed",
			units_format_count(text, count[ADDRESS_FAILED]),
			units_format_count(all, count[ADDRESS_ATTEMPTED]));
	layout_entry(out, "", buf_string(&line));
	buf_release(&line);
}

static void write_target(const struct result *result, struct buf *out)
{
	const struct result_scenario *scenario = &result->scenarios[0];

	layout_entryf(out, "ringload", "%s, %s", result->tool_version, result->started_at);
	layout_entry(out, "target", result->target.url);
	for (size_t i = 0; result->target.address_count > 1 && i < result->target.address_count;
		i++)
		write_address(&result->target.addresses[i], scenario->no_keepalive, out);
	if (scenario->request_count)
		layout_entry(out, "request", scenario->requests[0].name);
}

static void write_load(const struct result *result, struct buf *out)
{
	const struct result_scenario *scenario = &result->scenarios[0];
	size_t workers = result->generator.worker_count;
	char rate[UNITS_TEXT_BYTES], count[UNITS_TEXT_BYTES];
	uint64_t connections = 0;
	struct buf on = {0};

	for (size_t i = 0; i < workers; i++)
		connections += result->generator.workers[i].connections;
	units_format_count(count, connections);
	if (scenario->no_keepalive)
		buf_printf(&on, "a connection each, %s at a time", count);
	else
		buf_printf(&on, "on %s connection%s", count, connections == 1 ? "" : "s");
	if (scenario->open_loop)
		layout_entryf(out, "load", "open loop, %s arrivals at %s/s%s %s, %zu worker%s",
			scenario->arrival, units_format_rate(rate, scenario->asked_rps),
			scenario->no_keepalive ? "," : "", buf_string(&on), workers,
			workers == 1 ? "" : "s");
	else if (scenario->no_keepalive)
		layout_entryf(out, "load", "closed loop, %s, %zu worker%s", buf_string(&on),
			workers, workers == 1 ? "" : "s");
	else
		layout_entryf(out, "load", "closed loop, %" PRIu64 " in flight %s, %zu worker%s",
			scenario->sessions, buf_string(&on), workers, workers == 1 ? "" : "s");
	out->failed |= on.failed;
	buf_release(&on);
}

/* What it was ended for before its time, in one sentence. */
static void write_abort(const struct result_abort *aborted, struct buf *out)
{
	struct buf text = {0};

	if (!aborted->happened)
		return;
	buf_text(&text, "ended early: ");
	breach_sentence(aborted, &text);
	layout_entry(out, "", buf_string(&text));
	out->failed |= text.failed;
	buf_release(&text);
}

static void write_window(const struct result *result, struct buf *out)
{
	char planned[UNITS_TEXT_BYTES], duration[UNITS_TEXT_BYTES];
	char warmup[UNITS_TEXT_BYTES], drain[UNITS_TEXT_BYTES];
	char of[UNITS_TEXT_BYTES + 8] = "", after[UNITS_TEXT_BYTES + 24] = "";

	if ((result->window.interrupted || result->window.aborted.happened) &&
		result->window.planned_s > 0)
		snprintf(
			of, sizeof(of), " of %s", seconds_asked(planned, result->window.planned_s));
	if (result->window.warmup_s > 0)
		snprintf(after, sizeof(after), ", after %s of warm-up",
			seconds_asked(warmup, result->window.warmup_s));
	layout_entryf(out, "measured", "%s%s%s, drained in %s",
		seconds_asked(duration, result->window.duration_s), of, after,
		seconds_measured(drain, result->window.drain_s));
	write_abort(&result->window.aborted, out);
}

static void write_rate(const struct result *result, struct buf *out)
{
	const struct result_block *run = &result->run;
	char asked[UNITS_TEXT_BYTES], sent[UNITS_TEXT_BYTES], completed[UNITS_TEXT_BYTES];
	char sent_share[UNITS_TEXT_BYTES], completed_share[UNITS_TEXT_BYTES];

	units_format_rate(asked, run->asked_rps);
	units_format_rate(sent, run->sent_rps);
	units_format_rate(completed, run->completed_rps);
	if (run->asked_rps > 0)
		layout_entryf(out, "rate", "asked %s/s, sent %s/s (%s), completed %s/s (%s)", asked,
			sent, units_format_share(sent_share, run->sent_rps / run->asked_rps),
			completed,
			units_format_share(completed_share, run->completed_rps / run->asked_rps));
	else
		layout_entryf(out, "rate", "sent %s/s, completed %s/s", sent, completed);
}

static void write_requests(const struct result *result, struct buf *out)
{
	const struct counters *counters = &result->run.counters;
	char text[8][UNITS_TEXT_BYTES];

	buf_text(out, "\n");
	units_format_count(text[0], counters->value[COUNTER_SCHEDULED]);
	units_format_count(text[1], counters->value[COUNTER_SENT]);
	units_format_count(text[2], counters_dropped(counters));
	units_format_count(text[3], counters->value[COUNTER_UNSENT]);
	units_format_count(text[4], counters->value[COUNTER_COMPLETED]);
	units_format_count(text[5], counters_failed(counters));
	units_format_count(text[6], counters->value[COUNTER_TIMED_OUT]);
	units_format_count(text[7], counters->value[COUNTER_IN_FLIGHT]);
	layout_entryf(out, "requests", "%s scheduled = %s sent + %s dropped + %s unsent", text[0],
		text[1], text[2], text[3]);
	layout_entryf(out, "", "%s sent = %s completed + %s failed + %s timed out + %s in flight",
		text[1], text[4], text[5], text[6], text[7]);
}

/* Every way in which a request was not ok, and what it means. */
static const struct {
	enum counter counter;
	const char *what;
} errors[] = {
	{COUNTER_DROPPED_EXPIRED, "dropped: waited longer than the timeout for a connection"},
	{COUNTER_DROPPED_NO_CONNECTION, "dropped: no connection was there within the timeout"},
	{COUNTER_DROPPED_LIMIT, "dropped: more than --max-in-flight would have been open"},
	{COUNTER_TIMED_OUT, "timed out: no complete response within the timeout"},
	{COUNTER_FAILED_RESET, "failed: connection reset before a response byte"},
	{COUNTER_FAILED_CLOSED, "failed: connection closed before a response byte"},
	{COUNTER_FAILED_SHORT, "failed: connection ended inside the response"},
	{COUNTER_FAILED_PARSE, "failed: the response is not HTTP/1.1"},
	{COUNTER_FAILED_SEND, "failed: the kernel refused to send"},
	{COUNTER_FAILED_COLLATERAL, "failed: pipelined behind one that failed"},
	{COUNTER_OUTCOME_4XX, "completed with status 4xx"},
	{COUNTER_OUTCOME_5XX, "completed with status 5xx"},
	{COUNTER_OUTCOME_CHECK, "completed, but a check said no"},
};

static uint64_t count_errors(const struct counters *counters)
{
	uint64_t all = 0;

	for (size_t i = 0; i < sizeof(errors) / sizeof(*errors); i++)
		all += counters->value[errors[i].counter];
	return all;
}

static void write_errors(const struct result *result, struct buf *out)
{
	const struct counters *counters = &result->run.counters;
	char count[UNITS_TEXT_BYTES], share[UNITS_TEXT_BYTES];
	uint64_t all = count_errors(counters), before = count_errors(&result->warmup.counters);

	if (all)
		layout_entryf(out, "errors", "%s, %s of those scheduled",
			units_format_count(count, all),
			units_format_share(share, result->run.error_rate));
	else
		layout_entry(out, "errors", "none");
	for (size_t i = 0; i < sizeof(errors) / sizeof(*errors); i++) {
		if (!counters->value[errors[i].counter])
			continue;
		buf_fill(out, ' ', LAYOUT_INDENT);
		layout_right(
			out, units_format_count(count, counters->value[errors[i].counter]), 12);
		buf_printf(out, "  %s\n", errors[i].what);
	}
	if (before)
		layout_entryf(out, "", "and %s in the warm-up, which count for nothing",
			units_format_count(count, before));
}

static void write_status(const struct result *result, struct buf *out)
{
	char count[UNITS_TEXT_BYTES];
	struct buf text = {0};

	for (unsigned int i = 0; i < COUNTERS_STATUS_LIMIT; i++)
		if (result->run.counters.status[i])
			buf_printf(&text, "%s%u: %s", text.length_bytes ? ", " : "", i,
				units_format_count(count, result->run.counters.status[i]));
	if (text.length_bytes)
		layout_entry(out, "status", buf_string(&text));
	out->failed |= text.failed;
	buf_release(&text);
}

/* Nothing, where it has too few samples to mean something. */
static char *quantile(char text[UNITS_TEXT_BYTES], const struct result_quantile *quantile)
{
	text[0] = '\0';
	return quantile->few_samples ? text : units_format_duration(text, quantile->value_ns);
}

static void write_connections(const struct result *result, struct buf *out)
{
	static const char *const names[CONNECTION_COUNTER_COUNT] = {
		[CONNECTION_ATTEMPTED] = "attempted",
		[CONNECTION_ESTABLISHED] = "established",
		[CONNECTION_FAILED_REFUSED] = "refused",
		[CONNECTION_FAILED_TIMEOUT] = "timed out connecting",
		[CONNECTION_FAILED_UNREACHABLE] = "unreachable",
		[CONNECTION_FAILED_NO_PORT] = "without a local port",
		[CONNECTION_FAILED_NO_FD] = "without a file descriptor",
		[CONNECTION_CLOSED_BY_PEER] = "closed by the server",
		[CONNECTION_REPLACED] = "replaced",
		[CONNECTION_UNSOLICITED] = "with bytes nobody asked for",
	};
	const struct result_latency *connect = &result->connect;
	char count[UNITS_TEXT_BYTES], mean[UNITS_TEXT_BYTES], max[UNITS_TEXT_BYTES];
	char p50[UNITS_TEXT_BYTES], p99[UNITS_TEXT_BYTES];
	struct buf text = {0};

	for (int i = 0; i < CONNECTION_COUNTER_COUNT; i++)
		if (result->connections.value[i] || i <= CONNECTION_ESTABLISHED)
			buf_printf(&text, "%s%s %s", i ? ", " : "",
				units_format_count(count, result->connections.value[i]), names[i]);
	if (connect->count)
		buf_printf(&text, "; connect mean %s%s%s%s%s, max %s",
			seconds_measured(mean, connect->mean_ns / 1e9),
			connect->quantile[RESULT_P50].few_samples ? "" : ", p50 ",
			quantile(p50, &connect->quantile[RESULT_P50]),
			connect->quantile[RESULT_P99].few_samples ? "" : ", p99 ",
			quantile(p99, &connect->quantile[RESULT_P99]),
			units_format_duration(max, connect->max_ns));
	layout_entry(out, "connections", buf_string(&text));
	out->failed |= text.failed;
	buf_release(&text);
	for (size_t i = 0; i < result->odd_byte_count; i++)
		layout_entryf(out, i ? "" : "odd bytes", "worker %zu: %s: \"%s\"",
			result->odd_bytes[i].worker, result->odd_bytes[i].reason,
			result->odd_bytes[i].bytes);
}

static void write_bytes(const struct result *result, struct buf *out)
{
	char sent[UNITS_TEXT_BYTES], received[UNITS_TEXT_BYTES];

	layout_entryf(out, "bytes", "%s sent, %s received",
		units_format_size(sent, result->run.counters.value[COUNTER_BYTES_SENT]),
		units_format_size(received, result->run.counters.value[COUNTER_BYTES_RECEIVED]));
}

static void write_notes(const struct result *result, struct buf *out)
{
	const char *label = "notes";

	for (size_t i = 0; i < result->note_count; i++, label = "")
		layout_item(out, label, result->notes[i]);
	for (size_t i = 0; i < result->validity.note_count; i++, label = "")
		layout_item(out, label, result->validity.notes[i].text);
}

static void write_threshold(
	const struct result_threshold *threshold, const char *label, struct buf *out)
{
	static const char *const states[RESULT_STATE_COUNT] = {
		[RESULT_PASS] = "pass",
		[RESULT_FAIL] = "FAIL",
		[RESULT_WARN] = "warn",
		[RESULT_NOT_EVALUATED] = "none",
	};
	char value[UNITS_TEXT_BYTES];

	if (threshold->reason)
		layout_entryf(out, label, "%s  %s: %s", states[threshold->state],
			threshold->expression, threshold->reason);
	else
		layout_entryf(out, label, "%s  %s: %s", states[threshold->state],
			threshold->expression,
			threshold_format(value, threshold->unit, threshold->value));
}

static void write_thresholds(const struct result *result, struct buf *out)
{
	if (result->threshold_count)
		buf_text(out, "\n");
	for (size_t i = 0; i < result->threshold_count; i++)
		write_threshold(&result->thresholds[i], i ? "" : "thresholds", out);
}

void text_report(const struct result *result, struct buf *out)
{
	write_target(result, out);
	write_load(result, out);
	write_window(result, out);
	if (result->validity.verdict != RESULT_VALID)
		layout_entry(out, "verdict", headlines[result->validity.verdict]);
	buf_text(out, "\n");
	write_rate(result, out);
	latency_table(result, out);
	latency_arrival(result, out);
	latency_course(result, out);
	write_requests(result, out);
	write_errors(result, out);
	write_status(result, out);
	write_connections(result, out);
	write_bytes(result, out);
	generator_table(result, out);
	kernel_table(&result->kernel, out);
	resources_table(&result->resources, out);
	stability_line(&result->stability, out);
	write_notes(result, out);
	write_thresholds(result, out);
	write_verdict(result, out);
}
