/* SPDX-License-Identifier: MIT */
#include "measure/stages.h"

#include <assert.h>
#include <errno.h>
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char *const stage_keys[PROBE_ABI_STAGE_COUNT] = {
	[PROBE_ABI_QUEUE_BUSY] = "queue_busy",
	[PROBE_ABI_QUEUE_RUNQ] = "queue_runq",
	[PROBE_ABI_QUEUE_BUSY_BLOCKED] = "queue_busy_blocked",
	[PROBE_ABI_QUEUE_WAKEUP] = "queue_wakeup",
	[PROBE_ABI_QUEUE_UNKNOWN] = "queue_unknown",
	[PROBE_ABI_APP_CPU] = "app_cpu",
	[PROBE_ABI_APP_RUNQ] = "app_runq",
	[PROBE_ABI_APP_SLEEP] = "app_sleep",
	[PROBE_ABI_APP_DISK] = "app_disk",
	[PROBE_ABI_APP_STOPPED] = "app_stopped",
	[PROBE_ABI_RESIDENCE] = "residence",
	[PROBE_ABI_QUEUE] = "queue",
	[PROBE_ABI_APP] = "app",
	[PROBE_ABI_APP_BLOCKED] = "app_blocked",
	[PROBE_ABI_RX_PATH] = "rx_path",
	[PROBE_ABI_REQUEST_SPAN] = "request_span",
	[PROBE_ABI_RESPONSE_SPAN] = "response_span",
	[PROBE_ABI_TX] = "tx",
	[PROBE_ABI_SRTT] = "srtt",
};

static const char *const count_keys[PROBE_ABI_COUNT] = {
	[PROBE_ABI_REQUESTS] = "requests",
	[PROBE_ABI_HANDOFFS] = "handoffs",
	[PROBE_ABI_OFFLOADED] = "offloaded",
	[PROBE_ABI_UNATTRIBUTED] = "unattributed",
	[PROBE_ABI_SPLIT] = "split",
	[PROBE_ABI_PIPELINED] = "pipelined",
	[PROBE_ABI_ABANDONED] = "abandoned",
	[PROBE_ABI_OPENED] = "opened",
	[PROBE_ABI_SEEDED] = "seeded",
	[PROBE_ABI_CLOSED] = "closed",
	[PROBE_ABI_RETRANSMITS] = "retransmits",
	[PROBE_ABI_RESETS_SENT] = "resets_sent",
	[PROBE_ABI_RESETS_RECEIVED] = "resets_received",
	[PROBE_ABI_NO_ARRIVAL] = "no_arrival",
	[PROBE_ABI_SPAN_UNKNOWN] = "span_unknown",
	[PROBE_ABI_LOST_CONNECTIONS] = "lost_connections",
	[PROBE_ABI_LOST_THREADS] = "lost_threads",
};

const char *stages_key(enum probe_abi_stage stage)
{
	return (unsigned int)stage < PROBE_ABI_STAGE_COUNT ? stage_keys[stage] : NULL;
}

const char *stages_count_key(enum probe_abi_count count)
{
	return (unsigned int)count < PROBE_ABI_COUNT ? count_keys[count] : NULL;
}

/* --- the arrays: each is nothing but 64-bit sums -------------------------------------------- */

/* One of the arrays as it lies in memory. */
struct words {
	__u64 *first;
	size_t count;
};

enum { ARRAYS = 3 };

static struct words array_of(const struct stages *stages, unsigned int index)
{
	const struct words arrays[ARRAYS] = {
		{(__u64 *)stages->hist,
			PROBE_ABI_STAGE_COUNT * sizeof(struct probe_abi_hist) / sizeof(__u64)},
		{(__u64 *)stages->mix,
			PROBE_ABI_MIX_ROWS * sizeof(struct probe_abi_mix) / sizeof(__u64)},
		{(__u64 *)stages->group,
			PROBE_ABI_GROUPS * sizeof(struct probe_abi_group) / sizeof(__u64)},
	};

	return arrays[index];
}

int stages_init(struct stages *stages, struct err *err)
{
	memset(stages, 0, sizeof *stages);
	stages->hist = calloc(PROBE_ABI_STAGE_COUNT, sizeof *stages->hist);
	stages->mix = calloc(PROBE_ABI_MIX_ROWS, sizeof *stages->mix);
	stages->group = calloc(PROBE_ABI_GROUPS, sizeof *stages->group);
	if (stages->hist && stages->mix && stages->group)
		return 0;
	stages_release(stages);
	return err_set(err, ERR_ENVIRONMENT, -ENOMEM, "no memory for the stages of the server");
}

void stages_release(struct stages *stages)
{
	free(stages->hist);
	free(stages->mix);
	free(stages->group);
	memset(stages, 0, sizeof *stages);
}

void stages_clear(struct stages *stages)
{
	memset(stages->count, 0, sizeof stages->count);
	for (unsigned int i = 0; i < ARRAYS; i++) {
		struct words words = array_of(stages, i);

		memset(words.first, 0, words.count * sizeof *words.first);
	}
}

void stages_copy(struct stages *to, const struct stages *from)
{
	memcpy(to->count, from->count, sizeof to->count);
	for (unsigned int i = 0; i < ARRAYS; i++) {
		struct words words = array_of(to, i);

		memcpy(words.first, array_of(from, i).first, words.count * sizeof *words.first);
	}
}

static void add_words(struct words to, const void *from)
{
	const __u64 *added = from;

	for (size_t i = 0; i < to.count; i++)
		to.first[i] += __atomic_load_n(&added[i], __ATOMIC_RELAXED);
}

/* A connection closed on one CPU was opened before, and that perhaps on another. */
static void add_counts(struct stages *stages, const struct probe_abi_cpu *cpus, uint32_t cpu_count)
{
	static_assert(PROBE_ABI_OPENED < PROBE_ABI_SEEDED && PROBE_ABI_SEEDED < PROBE_ABI_CLOSED,
		"what comes later is read first");

	for (unsigned int i = PROBE_ABI_COUNT; i-- > 0;)
		for (uint32_t cpu = 0; cpu < cpu_count; cpu++)
			stages->count[i] += __atomic_load_n(&cpus[cpu].count[i], __ATOMIC_ACQUIRE);
}

void stages_add(struct stages *stages, const struct probe_abi_cpu *cpus, uint32_t cpu_count)
{
	add_counts(stages, cpus, cpu_count);
	for (uint32_t cpu = 0; cpu < cpu_count; cpu++) {
		add_words(array_of(stages, 0), cpus[cpu].hist);
		add_words(array_of(stages, 1), cpus[cpu].mix);
		add_words(array_of(stages, 2), cpus[cpu].group);
	}
}

void stages_subtract(struct stages *later, const struct stages *earlier)
{
	for (unsigned int i = 0; i < PROBE_ABI_COUNT; i++)
		later->count[i] -= earlier->count[i];
	for (unsigned int i = 0; i < ARRAYS; i++) {
		struct words to = array_of(later, i), from = array_of(earlier, i);

		for (size_t word = 0; word < to.count; word++)
			to.first[word] -= from.first[word];
	}
}

/* --- distributions -------------------------------------------------------------------------- */

uint64_t stages_samples(const struct stages *stages, enum probe_abi_stage stage)
{
	uint64_t samples = 0;

	for (unsigned int i = 0; i < PROBE_ABI_CELLS; i++)
		samples += stages->hist[stage].cells[i];
	return samples;
}

double stages_mean_ns(const struct stages *stages, enum probe_abi_stage stage)
{
	uint64_t samples = stages_samples(stages, stage);

	return samples ? (double)stages->hist[stage].sum_ns / (double)samples : 0;
}

void stages_hist(const struct stages *stages, enum probe_abi_stage stage, struct hist *hist,
	uint64_t cells[PROBE_ABI_CELLS])
{
	const struct probe_abi_hist *from = &stages->hist[stage];

	hist_init(hist, PROBE_ABI_PRECISION_BITS,
		hist_layout_highest(PROBE_ABI_PRECISION_BITS, PROBE_ABI_CELLS - 1), cells);
	assert(hist->cell_count == PROBE_ABI_CELLS);
	hist->sum_ns = from->sum_ns;
	for (unsigned int i = 0; i < PROBE_ABI_CELLS; i++) {
		cells[i] = from->cells[i];
		if (!cells[i])
			continue;
		if (hist->min_ns == UINT64_MAX)
			hist->min_ns = hist_layout_lowest(PROBE_ABI_PRECISION_BITS, i);
		hist->max_ns = hist_layout_highest(PROBE_ABI_PRECISION_BITS, i);
	}
}

uint64_t stages_middle_ns(unsigned int cell)
{
	uint64_t lowest = hist_layout_lowest(PROBE_ABI_PRECISION_BITS, cell);

	return lowest + (hist_layout_highest(PROBE_ABI_PRECISION_BITS, cell) - lowest) / 2;
}

uint64_t stages_percentile_ns(
	const struct stages *stages, enum probe_abi_stage stage, double quantile)
{
	uint64_t cells[PROBE_ABI_CELLS];
	struct hist hist;

	stages_hist(stages, stage, &hist, cells);
	return stages_middle_ns(hist_layout_index(
		PROBE_ABI_PRECISION_BITS, hist_percentile(&hist, quantile).value_ns));
}

/* --- the mix -------------------------------------------------------------------------------- */

static uint64_t all_requests(const struct stages *stages)
{
	uint64_t requests = 0;

	for (unsigned int row = 0; row < PROBE_ABI_MIX_ROWS; row++)
		requests += stages->mix[row].requests;
	return requests;
}

/* What the rows from `first` to the top were made of. */
static void mix_rows(const struct stages *stages, unsigned int first, struct stages_mix *mix)
{
	uint64_t all = all_requests(stages), residence_ns = 0, parts_ns = 0;
	uint64_t part_ns[PROBE_ABI_PARTS] = {0};

	memset(mix, 0, sizeof *mix);
	if (!all)
		return;
	mix->from_ns = hist_layout_lowest(PROBE_ABI_MIX_BITS, first);
	for (unsigned int row = first; row < PROBE_ABI_MIX_ROWS; row++) {
		const struct probe_abi_mix *from = &stages->mix[row];

		mix->requests += from->requests;
		mix->attributed += from->attributed;
		residence_ns += from->residence_ns;
		for (unsigned int part = 0; part < PROBE_ABI_PARTS; part++) {
			part_ns[part] += from->part_ns[part];
			parts_ns += from->part_ns[part];
		}
	}
	mix->share_of_requests = (double)mix->requests / (double)all;
	if (mix->attributed)
		mix->residence_mean_ns = (double)residence_ns / (double)mix->attributed;
	/* Of their own sum: a copy taken while a CPU counts may have a part more than residence. */
	for (unsigned int part = 0; part < PROBE_ABI_PARTS && parts_ns; part++)
		mix->part_share[part] = (double)part_ns[part] / (double)parts_ns;
}

static unsigned int lowest_row(const struct stages *stages)
{
	unsigned int row = 0;

	while (row < PROBE_ABI_MIX_ROWS - 1 && !stages->mix[row].requests)
		row++;
	return row;
}

void stages_mix_all(const struct stages *stages, struct stages_mix *mix)
{
	mix_rows(stages, lowest_row(stages), mix);
}

void stages_mix_slowest(const struct stages *stages, double share, struct stages_mix *mix)
{
	/* The decimal that was meant: 0.07 of 100 requests are 7. */
	double wanted = share * (double)all_requests(stages) * (1 - 4 * DBL_EPSILON);
	unsigned int lowest = lowest_row(stages), row = PROBE_ABI_MIX_ROWS - 1;
	uint64_t held = stages->mix[row].requests;

	assert(share > 0 && share <= 1);
	while (row > lowest && (double)held < wanted)
		held += stages->mix[--row].requests;
	mix_rows(stages, row, mix);
}

/* --- sampling error ------------------------------------------------------------------------- */

double stages_error_share(const struct stages *stages)
{
	double requests = 0, residence_ns = 0, squares = 0, groups = 0, distance, mean_ns;

	for (unsigned int i = 0; i < PROBE_ABI_GROUPS; i++) {
		requests += (double)stages->group[i].requests;
		residence_ns += (double)stages->group[i].residence_ns;
		groups += stages->group[i].requests != 0;
	}
	if (groups < 2)
		return -1;
	mean_ns = residence_ns / requests;
	if (mean_ns <= 0)
		return 0;
	for (unsigned int i = 0; i < PROBE_ABI_GROUPS; i++) {
		distance = (double)stages->group[i].residence_ns -
			   mean_ns * (double)stages->group[i].requests;
		squares += distance * distance;
	}
	return sqrt(groups / (groups - 1) * squares) / residence_ns;
}
