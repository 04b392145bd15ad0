/* SPDX-License-Identifier: MIT */
#include "report/kernel_evidence.h"

#include <stdio.h>
#include <string.h>

#include "base/units.h"
#include "probe/probe.h"
#include "report/kernel_cell.h"
#include "report/layout.h"

#define VALUE_COLUMNS 12

/* A column of values and what they mean; the first row has the label. */
struct table {
	const struct result_kernel *kernel;
	struct buf *out;
	bool begun;
};

static void write_row(struct table *table, const char *value, const char *meaning)
{
	struct buf *out = table->out;

	if (!table->begun)
		buf_text(out, "\n");
	layout_left(out, table->begun ? "" : "counters", LAYOUT_INDENT);
	layout_right(out, value, VALUE_COLUMNS);
	buf_printf(out, "  %s\n", meaning);
	table->begun = true;
}

static void write_counts(struct table *table)
{
	static const struct {
		enum result_kernel_counter_kind counter;
		const char *meaning;
	} rows[] = {
		{RESULT_KERNEL_LISTEN_OVERFLOWS,
			"connections refused a place: the accept queue was full (listen backlog)"},
		{RESULT_KERNEL_LISTEN_DROPS,
			"handshakes dropped by listening sockets, for that or any other reason"},
		{RESULT_KERNEL_SYN_COOKIES, "SYN cookies sent: the queue of handshakes was full"},
		{RESULT_KERNEL_RETRANSMITS,
			"segments the server sent again, of all connections to its ports"},
		{RESULT_KERNEL_RESETS_SENT, "resets the server sent"},
		{RESULT_KERNEL_RESETS_RECEIVED, "resets the server received"},
		{RESULT_KERNEL_SPLIT, "requests that came in parts and were read apart"},
		{RESULT_KERNEL_PIPELINED,
			"requests with more data behind them: a pipelined batch counts as one"},
		{RESULT_KERNEL_ABANDONED,
			"requests whose connection ended before anything was answered"},
		{RESULT_KERNEL_NO_ARRIVAL, "reads of data whose arrival was not seen: not counted"},
		{RESULT_KERNEL_SPAN_UNKNOWN,
			"responses whose end was not seen: not in response_span"},
		{RESULT_KERNEL_LOST, "connections or threads the probe had no room for"},
		{RESULT_KERNEL_MISSED,
			"events the kernel kept from the probe, as they came one within another"},
	};
	char text[UNITS_TEXT_BYTES];

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const struct result_kernel_counter *counter = &table->kernel
								       ->counters[rows[i].counter];

		if (counter->has_value && counter->value)
			write_row(table, units_format_count(text, counter->value), rows[i].meaning);
	}
}

static void write_throttling(struct table *table)
{
	const struct result_kernel_counter *counters = table->kernel->counters;
	const struct result_kernel_counter *periods = &counters[RESULT_KERNEL_THROTTLED_PERIODS];
	const struct result_kernel_counter *throttled = &counters[RESULT_KERNEL_THROTTLED_NS];
	char value[UNITS_TEXT_BYTES], count[UNITS_TEXT_BYTES], meaning[UNITS_TEXT_BYTES + 80];

	if (!throttled->has_value || !throttled->value)
		return;
	snprintf(meaning, sizeof(meaning), "throttled by the CPU quota of its control group");
	if (periods->has_value)
		snprintf(meaning + strlen(meaning), sizeof(meaning) - strlen(meaning),
			", in %s periods", units_format_count(count, periods->value));
	write_row(table, units_format_duration(value, throttled->value), meaning);
}

static void write_open(struct table *table)
{
	const struct result_kernel *kernel = table->kernel;
	uint64_t waiting = kernel->open.waiting, reading = kernel->open.reading;
	char count[3][UNITS_TEXT_BYTES], age[UNITS_TEXT_BYTES], meaning[4 * UNITS_TEXT_BYTES + 80];

	if (!waiting && !reading)
		return;
	snprintf(meaning, sizeof(meaning),
		"open at the end: %s unread, %s read but unanswered; oldest %s",
		units_format_count(count[0], waiting), units_format_count(count[1], reading),
		units_format_duration(age, kernel->open.oldest_ns));
	write_row(table, units_format_count(count[2], waiting + reading), meaning);
}

void kernel_evidence_counters(const struct result_kernel *kernel, struct buf *out)
{
	struct table table = {.kernel = kernel, .out = out};
	char text[UNITS_TEXT_BYTES];

	write_counts(&table);
	write_throttling(&table);
	write_open(&table);
	if (kernel->has_softirq && kernel->softirq_share > 0)
		write_row(&table, units_format_share(text, kernel->softirq_share),
			"of the time of all CPUs went to softirqs: network work outside of "
			"threads");
}

/* Those with nothing to say about them are in the JSON. */
static void write_hooks(const struct result_kernel *kernel, struct buf *out)
{
	const char *label = "hooks";

	for (size_t i = 0; i < kernel->hook_count; i++) {
		const struct result_kernel_hook *hook = &kernel->hooks[i];
		struct buf text = {0};

		if (hook->hook && !hook->missing)
			continue;
		buf_printf(&text, "%s: ", hook->stage ? hook->stage : "?");
		if (hook->hook)
			buf_printf(&text, "%s, second best: ", hook->hook);
		else
			buf_text(&text, "none: ");
		buf_text(&text, hook->missing ? hook->missing : "no reason is known");
		layout_item(out, label, buf_string(&text));
		out->failed |= text.failed;
		buf_release(&text);
		label = "";
	}
}

/* The list of what was not measured; its first entry has the label. */
struct list {
	struct buf *out;
	const char *label;
};

static void list_add(struct list *list, const char *names, const char *reason)
{
	struct buf text = {0};

	buf_printf(&text, "%s: %s", names, reason ? reason : "no reason is known");
	layout_item(list->out, list->label, buf_string(&text));
	list->out->failed |= text.failed;
	buf_release(&text);
	list->label = "";
}

static bool same_reason(
	const struct result_kernel_counter *a, const struct result_kernel_counter *b)
{
	if (a->has_value || b->has_value)
		return false;
	return a->reason && b->reason ? !strcmp(a->reason, b->reason) : a->reason == b->reason;
}

/* Neighbours with one reason in one line. */
static void list_counters(struct list *list, const struct result_kernel *kernel)
{
	const struct result_kernel_counter *counters = kernel->counters;
	struct buf names = {0};

	for (int i = 0; i < RESULT_KERNEL_COUNTER_COUNT; i++) {
		/* Under sampling an unseen arrival is nothing that is missing. */
		if (counters[i].has_value || (i == RESULT_KERNEL_NO_ARRIVAL && kernel->sample > 1))
			continue;
		buf_printf(&names, "%s%s", names.length_bytes ? ", " : "",
			result_kernel_counter_key(i));
		if (i + 1 < RESULT_KERNEL_COUNTER_COUNT &&
			same_reason(&counters[i], &counters[i + 1]))
			continue;
		list_add(list, buf_string(&names), counters[i].reason);
		list->out->failed |= names.failed;
		buf_release(&names);
		names = (struct buf){0};
	}
}

void kernel_evidence_limits(const struct result_kernel *kernel, bool client, struct buf *out)
{
	struct list list = {.out = out, .label = "not measured"};
	char text[UNITS_TEXT_BYTES];

	buf_text(out, "\n");
	if (kernel->has_overhead)
		layout_entryf(out, "overhead", "the probe's programs take %s of CPU a request",
			kernel_cell_format_ns(text, kernel->overhead_ns_per_request));
	write_hooks(kernel, out);
	if (!kernel->has_overhead)
		list_add(&list, "overhead", kernel->overhead_reason);
	if (client && !kernel->has_residual)
		list_add(&list, "residual", kernel->residual_reason);
	list_counters(&list, kernel);
	if (!kernel->has_softirq)
		list_add(&list, "softirq_share", kernel->softirq_reason);
	if (!kernel->profile.measured && kernel->profile.reason &&
		strcmp(kernel->profile.reason, PROBE_NOT_ASKED) != 0)
		list_add(&list, "profile", kernel->profile.reason);
}
