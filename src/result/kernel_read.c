/* SPDX-License-Identifier: MIT */
#include "result/kernel_read.h"

#include <math.h>

#include "result/kernel_read_rows.h"
#include "result/read_block.h"

/* Shares are stored with 12 digits: what ten of them may miss the whole by, generously. */
#define ROUNDING 1e-6

static void read_shares(struct reader *reader, const json_t *object, struct result_kernel *kernel)
{
	kernel->has_sampled_fraction = !reader_null(reader, object, "sampled_fraction");
	if (kernel->has_sampled_fraction)
		kernel->sampled_fraction = reader_amount(reader, object, "sampled_fraction");
	kernel->handoff_share = reader_share(reader, object, "handoff_share");
	kernel->offloaded_share = reader_share(reader, object, "offloaded_share");
	kernel->unattributed_share = reader_share(reader, object, "unattributed_share");
	kernel->has_error = !reader_null(reader, object, "error_share");
	if (kernel->has_error)
		kernel->error_share = reader_amount(reader, object, "error_share");
}

static void read_requests(struct reader *reader, const json_t *object, struct result_kernel *kernel)
{
	json_t *array;

	kernel->ports = reader_elements(
		reader, object, "ports", sizeof(*kernel->ports), &array, &kernel->port_count);
	for (size_t i = 0; i < kernel->port_count; i++) {
		size_t back = reader_enter_element(reader, "ports", i);
		uint64_t port = reader_count(reader, json_array_get(array, i), NULL);

		if (port > UINT16_MAX)
			reader_refuse(reader, NULL, "expected a port");
		kernel->ports[i] = (uint16_t)port;
		reader_leave(reader, back);
	}
	kernel->sample = reader_count32(reader, object, "sample");
	kernel->looked_share = reader_real(reader, object, "looked_share");
	if (kernel->looked_share < 0 || kernel->looked_share > 1)
		reader_refuse(reader, "looked_share", "is no share");
	kernel->requests = reader_count(reader, object, "requests");
	kernel->attributed = reader_count(reader, object, "attributed");
	if (kernel->attributed > kernel->requests)
		reader_refuse(reader, "attributed", "is more than \"requests\"");
	read_shares(reader, object, kernel);
}

/* --- stages --------------------------------------------------------------------------------- */

static void read_marks(
	struct reader *reader, const json_t *object, struct result_kernel_stage *stage)
{
	bool few[RESULT_QUANTILE_COUNT] = {false};

	read_block_marks(reader, object, "few_samples", few);
	stage->few_p50 = few[RESULT_P50];
	stage->few_p95 = few[RESULT_P95];
	stage->few_p99 = few[RESULT_P99];
}

static void read_figures(
	struct reader *reader, const json_t *object, struct result_kernel_stage *stage)
{
	struct result_histogram histogram = {0};
	uint64_t total;

	stage->count = reader_count(reader, object, "count");
	if (stage->count) {
		stage->mean_ns = reader_real(reader, object, "mean_ns");
		stage->p50_ns = reader_count(reader, object, "p50");
		stage->p95_ns = reader_count(reader, object, "p95");
		stage->p99_ns = reader_count(reader, object, "p99");
		read_marks(reader, object, stage);
	}
	if (stage->p50_ns > stage->p95_ns || stage->p95_ns > stage->p99_ns)
		reader_refuse(reader, "p99", "percentiles are not in ascending order");
	read_block_histogram(reader, object, &histogram, &total);
	stage->cells = histogram.cells;
	stage->cell_count = histogram.cell_count;
	if (histogram.precision_bits != PROBE_ABI_PRECISION_BITS ||
		histogram.layout_cells != PROBE_ABI_CELLS)
		reader_refuse(reader, "histogram", "is not of the layout that stages have");
	if (total != stage->count)
		reader_refuse(reader, "histogram", "does not have as many samples as \"count\"");
}

static void read_residence(
	struct reader *reader, const json_t *parent, struct result_kernel *kernel)
{
	struct result_kernel_stage *stage = &kernel->stages[PROBE_ABI_RESIDENCE];
	json_t *object = reader_object(reader, parent, "residence");
	size_t back = reader_enter(reader, "residence");

	stage->stage = PROBE_ABI_RESIDENCE;
	read_figures(reader, object, stage);
	if (stage->count)
		kernel->residence_max_ns = reader_count(reader, object, "max");
	reader_leave(reader, back);
}

static bool divides_residence(enum probe_abi_stage stage)
{
	return stage < PROBE_ABI_PARTS || stage == PROBE_ABI_QUEUE || stage == PROBE_ABI_APP ||
	       stage == PROBE_ABI_APP_BLOCKED;
}

static double read_share_or_null(
	struct reader *reader, const json_t *object, const char *key, bool expected)
{
	if (expected)
		return reader_share(reader, object, key);
	if (!reader_null(reader, object, key))
		reader_refuse(
			reader, key, "expected null: there is nothing it could be a share of");
	return 0;
}

static void read_stage(struct reader *reader, const json_t *object, struct result_kernel *kernel)
{
	enum probe_abi_stage name = reader_choice(reader, object, "name", stages_key);
	struct result_kernel_stage *stage = &kernel->stages[name];
	bool of_slowest;

	if (name == PROBE_ABI_RESIDENCE)
		reader_refuse(reader, "name", "stands beside \"stages\", not in it");
	if (stage->cells)
		reader_refuse(reader, "name", "is there twice");
	if (reader->status)
		return;
	stage->stage = name;
	if (reader_bool(reader, object, "in_residence") != (name < PROBE_ABI_PARTS))
		reader_refuse(reader, "in_residence", "is not so of this stage");
	read_figures(reader, object, stage);
	stage->has_share = divides_residence(name) && kernel->attributed;
	of_slowest = stage->has_share && kernel->slowest_1pct.attributed;
	stage->share = read_share_or_null(reader, object, "share", stage->has_share);
	stage->share_of_slowest = read_share_or_null(
		reader, object, "share_of_slowest_1pct", of_slowest);
}

/* The parts make a whole, or nothing where residence was nothing. */
static void check_whole(struct reader *reader, const struct result_kernel *kernel)
{
	double all = 0, slowest = 0;

	for (unsigned int part = 0; part < PROBE_ABI_PARTS; part++) {
		all += kernel->stages[part].share;
		slowest += kernel->stages[part].share_of_slowest;
	}
	if ((all > 0 && fabs(all - 1) > ROUNDING) || (slowest > 0 && fabs(slowest - 1) > ROUNDING))
		reader_refuse(reader, "stages", "the shares of the parts do not add up to 1");
}

static void read_stages(struct reader *reader, const json_t *parent, struct result_kernel *kernel)
{
	json_t *array = reader_array(reader, parent, "stages");

	if (array && json_array_size(array) != PROBE_ABI_STAGE_COUNT - 1)
		reader_refuse(reader, "stages", "does not have each stage once");
	for (size_t i = 0; i < json_array_size(array) && !reader->status; i++) {
		size_t back = reader_enter_element(reader, "stages", i);

		read_stage(reader, reader_object(reader, json_array_get(array, i), NULL), kernel);
		reader_leave(reader, back);
	}
	check_whole(reader, kernel);
}

static void read_slowest_1pct(
	struct reader *reader, const json_t *parent, struct result_kernel *kernel)
{
	json_t *object = reader_object(reader, parent, "slowest_1pct");
	size_t back = reader_enter(reader, "slowest_1pct");

	kernel->slowest_1pct.requests = reader_count(reader, object, "requests");
	kernel->slowest_1pct.attributed = reader_count(reader, object, "attributed");
	kernel->slowest_1pct.share = reader_share(reader, object, "share");
	kernel->slowest_1pct.from_ns = reader_count(reader, object, "from_ns");
	if (kernel->slowest_1pct.attributed)
		kernel->slowest_1pct.residence_mean_ns = reader_real(
			reader, object, "residence_mean_ns");
	if (kernel->slowest_1pct.attributed > kernel->slowest_1pct.requests)
		reader_refuse(reader, "attributed", "is more than \"requests\"");
	reader_leave(reader, back);
}

/* --- beside the stages ---------------------------------------------------------------------- */

static void read_counters(struct reader *reader, const json_t *parent, struct result_kernel *kernel)
{
	json_t *object = reader_object(reader, parent, "counters");
	size_t back = reader_enter(reader, "counters"), inner;
	json_t *absent = reader_object(reader, object, "not_measured");

	for (unsigned int i = 0; i < RESULT_KERNEL_COUNTER_COUNT; i++) {
		struct result_kernel_counter *counter = &kernel->counters[i];
		const char *key = result_kernel_counter_key(i);

		counter->has_value = !reader_null(reader, object, key);
		inner = reader_enter(reader, counter->has_value ? "" : "not_measured");
		if (counter->has_value)
			counter->value = reader_count(reader, object, key);
		else
			counter->reason = reader_text(reader, absent, key);
		reader_leave(reader, inner);
	}
	kernel->has_softirq = !reader_null(reader, object, "softirq_share");
	if (kernel->has_softirq)
		kernel->softirq_share = reader_share(reader, object, "softirq_share");
	inner = reader_enter(reader, "not_measured");
	if (!kernel->has_softirq)
		kernel->softirq_reason = reader_text(reader, absent, "softirq_share");
	reader_leave(reader, inner);
	reader_leave(reader, back);
}

/* Figures that may be null, and why they are. */
static void read_absent(struct reader *reader, const json_t *object, struct result_kernel *kernel)
{
	json_t *absent = reader_object(reader, object, "not_measured");
	size_t back;

	kernel->has_overhead = !reader_null(reader, object, "overhead_ns_per_request");
	if (kernel->has_overhead)
		kernel->overhead_ns_per_request = reader_real(
			reader, object, "overhead_ns_per_request");
	kernel->has_residual = !reader_null(reader, object, "residual_ns");
	if (kernel->has_residual)
		kernel->residual_ns = reader_real(reader, object, "residual_ns");
	back = reader_enter(reader, "not_measured");
	if (!kernel->has_overhead)
		kernel->overhead_reason = reader_text(reader, absent, "overhead_ns_per_request");
	if (!kernel->has_residual)
		kernel->residual_reason = reader_text(reader, absent, "residual_ns");
	reader_leave(reader, back);
}

static void read_open(struct reader *reader, const json_t *parent, struct result_kernel *kernel)
{
	json_t *object = reader_object(reader, parent, "open");
	size_t back = reader_enter(reader, "open");

	kernel->open.waiting = reader_count(reader, object, "waiting");
	kernel->open.reading = reader_count(reader, object, "reading");
	kernel->open.oldest_ns = reader_count(reader, object, "oldest_ns");
	reader_leave(reader, back);
}

static void read_measured(struct reader *reader, const json_t *object, struct result_kernel *kernel)
{
	read_requests(reader, object, kernel);
	read_residence(reader, object, kernel);
	/* Before the stages: whether these have a share of it. */
	read_slowest_1pct(reader, object, kernel);
	read_stages(reader, object, kernel);
	kernel_read_rows_mix(reader, object, kernel);
	read_counters(reader, object, kernel);
	kernel_read_rows_workers(reader, object, kernel);
	read_open(reader, object, kernel);
	kernel_read_rows_slowest(reader, object, kernel);
	kernel_read_rows_profile(reader, object, kernel);
	read_absent(reader, object, kernel);
}

void kernel_read(struct reader *reader, const json_t *root, struct result_kernel *kernel)
{
	json_t *object = reader_object(reader, root, "kernel");
	size_t back = reader_enter(reader, "kernel");

	kernel->measured = reader_status(reader, object, &kernel->reason);
	kernel_read_rows_hooks(reader, object, kernel);
	if (kernel->measured)
		read_measured(reader, object, kernel);
	reader_leave(reader, back);
}
