/* SPDX-License-Identifier: MIT */
#include "measure/timeline.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Intervals are taken in pieces of this many. */
#define GROW_INTERVALS 512

static int no_memory(struct err *err)
{
	return err_set(err, ERR_ENVIRONMENT, -ENOMEM, "no memory for the timeline");
}

/* stats.h wants blocks on a cache line of their own. */
static void *zeroed_block(size_t size_bytes)
{
	void *memory = aligned_alloc(64, (size_bytes + 63) & ~(size_t)63);

	if (memory)
		memset(memory, 0, (size_bytes + 63) & ~(size_t)63);
	return memory;
}

int timeline_init(
	struct timeline *timeline, uint64_t longest_ns, size_t worker_count, struct err *err)
{
	memset(timeline, 0, sizeof(*timeline));
	timeline->worker_count = worker_count;
	timeline->ticks_per_interval = 1;
	timeline->previous_memory = zeroed_block(stats_bytes(longest_ns));
	timeline->scratch_memory = zeroed_block(hist_bytes(TIMELINE_PRECISION_BITS, longest_ns));
	timeline->previous_health = calloc(worker_count, sizeof(*timeline->previous_health));
	timeline->intervals = calloc(GROW_INTERVALS, sizeof(*timeline->intervals));
	timeline->shares = calloc(GROW_INTERVALS * worker_count, sizeof(*timeline->shares));
	timeline->latest_shares = calloc(worker_count, sizeof(*timeline->latest_shares));
	timeline->interval_room = GROW_INTERVALS;
	if (!timeline->previous_memory || !timeline->scratch_memory || !timeline->previous_health ||
		!timeline->intervals || !timeline->shares || !timeline->latest_shares) {
		timeline_release(timeline);
		return no_memory(err);
	}
	timeline->previous = stats_init(timeline->previous_memory, longest_ns);
	hist_init(
		&timeline->scratch, TIMELINE_PRECISION_BITS, longest_ns, timeline->scratch_memory);
	return 0;
}

void timeline_release(struct timeline *timeline)
{
	for (size_t i = 0; i < timeline->interval_count; i++)
		free(timeline->intervals[i].cells);
	free(timeline->intervals);
	free(timeline->shares);
	free(timeline->latest_shares);
	free(timeline->previous_health);
	free(timeline->previous_memory);
	free(timeline->scratch_memory);
	memset(timeline, 0, sizeof(*timeline));
}

static uint64_t both_phases(const struct stats *stats, enum counter counter)
{
	return stats->phase[STATS_WARMUP].counters.value[counter] +
	       stats->phase[STATS_MEASURED].counters.value[counter];
}

static uint64_t dropped(const struct stats *stats)
{
	return counters_dropped(&stats->phase[STATS_WARMUP].counters) +
	       counters_dropped(&stats->phase[STATS_MEASURED].counters);
}

static uint64_t failed(const struct stats *stats)
{
	return counters_failed(&stats->phase[STATS_WARMUP].counters) +
	       counters_failed(&stats->phase[STATS_MEASURED].counters);
}

static uint64_t errors(const struct stats *stats)
{
	return failed(stats) + dropped(stats) + both_phases(stats, COUNTER_TIMED_OUT) +
	       both_phases(stats, COUNTER_OUTCOME_4XX) + both_phases(stats, COUNTER_OUTCOME_5XX) +
	       both_phases(stats, COUNTER_OUTCOME_CHECK);
}

/* Copies taken while workers count are a little uneven: a later event may be there before an
 * earlier one, and a count must not wrap because of that. */
static uint64_t less(uint64_t from, uint64_t amount)
{
	return from > amount ? from - amount : 0;
}

static void count_interval(
	struct timeline_interval *interval, const struct stats *now, const struct stats *before)
{
	interval->scheduled = less(
		both_phases(now, COUNTER_SCHEDULED), both_phases(before, COUNTER_SCHEDULED));
	interval->sent = less(both_phases(now, COUNTER_SENT), both_phases(before, COUNTER_SENT));
	interval->completed = less(
		both_phases(now, COUNTER_COMPLETED), both_phases(before, COUNTER_COMPLETED));
	interval->errors = less(errors(now), errors(before));
	interval->in_flight = less(both_phases(now, COUNTER_SENT),
		both_phases(now, COUNTER_COMPLETED) + failed(now) +
			both_phases(now, COUNTER_TIMED_OUT) + both_phases(now, COUNTER_IN_FLIGHT));
	interval->waiting = less(both_phases(now, COUNTER_SCHEDULED),
		both_phases(now, COUNTER_SENT) + dropped(now) + both_phases(now, COUNTER_UNSENT));
}

/* Adds what `total` of one phase gained, in the coarser cells of the scratch histogram. */
static void gather(struct hist *scratch, const struct hist *now, const struct hist *before)
{
	for (unsigned int i = 0; i < now->cell_count; i++) {
		uint64_t gained = less(now->cells[i], before->cells[i]);
		uint64_t lowest;
		unsigned int index;

		if (!gained)
			continue;
		lowest = hist_layout_lowest(now->precision_bits, i);
		index = hist_layout_index(scratch->precision_bits, lowest);
		if (index >= scratch->cell_count)
			index = scratch->cell_count - 1;
		scratch->cells[index] += gained;
	}
	scratch->sum_ns += now->sum_ns - before->sum_ns;
	scratch->clipped += less(now->clipped, before->clipped);
	scratch->censored += less(now->censored, before->censored);
	/* When the smallest censored age came is not known; taking it as of this interval can only
	 * make more percentiles lower bounds. */
	if (scratch->censored && now->censored_min_ns < scratch->censored_min_ns)
		scratch->censored_min_ns = now->censored_min_ns;
	if (now->max_ns > scratch->max_ns)
		scratch->max_ns = now->max_ns;
	if (now->min_ns < scratch->min_ns)
		scratch->min_ns = now->min_ns;
}

static void clear_scratch(struct timeline *timeline)
{
	struct hist *scratch = &timeline->scratch;

	memset(scratch->cells, 0, scratch->cell_count * sizeof(*scratch->cells));
	scratch->sum_ns = 0;
	scratch->min_ns = UINT64_MAX;
	scratch->max_ns = 0;
	scratch->clipped = 0;
	scratch->censored = 0;
	scratch->censored_min_ns = UINT64_MAX;
}

/* min and max of the scratch are so far those of the run; its own cells bound them more closely. */
static void bound_scratch(struct hist *scratch)
{
	uint64_t lowest = UINT64_MAX, highest = 0;

	for (unsigned int i = 0; i < scratch->cell_count; i++) {
		if (!scratch->cells[i])
			continue;
		if (lowest == UINT64_MAX)
			lowest = hist_layout_lowest(scratch->precision_bits, i);
		highest = hist_layout_highest(scratch->precision_bits, i);
	}
	if (lowest > scratch->min_ns || scratch->min_ns == UINT64_MAX)
		scratch->min_ns = lowest;
	if (highest < scratch->max_ns && !scratch->clipped)
		scratch->max_ns = highest;
}

static void summarise(struct timeline_interval *interval, const struct hist *scratch)
{
	memset(&interval->p50, 0, sizeof(interval->p50));
	memset(&interval->p99, 0, sizeof(interval->p99));
	interval->max_ns = 0;
	interval->censored = scratch->censored;
	interval->censored_min_ns = scratch->censored_min_ns;
	if (!hist_count(scratch))
		return;
	interval->p50 = hist_percentile(scratch, 0.50);
	interval->p99 = hist_percentile(scratch, 0.99);
	interval->max_ns = scratch->max_ns;
}

/* The scratch histogram without its empty cells. */
static int store_cells(struct timeline_interval *interval, const struct hist *scratch)
{
	size_t count = 0, stored = 0;

	for (unsigned int i = 0; i < scratch->cell_count; i++)
		count += scratch->cells[i] != 0;
	interval->cells = NULL;
	interval->cell_count = 0;
	if (!count)
		return 0;
	interval->cells = malloc(count * sizeof(*interval->cells));
	if (!interval->cells)
		return -ENOMEM;
	for (unsigned int i = 0; i < scratch->cell_count; i++) {
		if (!scratch->cells[i])
			continue;
		interval->cells[stored].index = i;
		interval->cells[stored++].count = scratch->cells[i];
	}
	interval->cell_count = count;
	return 0;
}

static void scatter(struct hist *scratch, const struct timeline_interval *interval)
{
	for (size_t i = 0; i < interval->cell_count; i++)
		scratch->cells[interval->cells[i].index] += interval->cells[i].count;
	scratch->censored += interval->censored;
	if (interval->censored_min_ns < scratch->censored_min_ns)
		scratch->censored_min_ns = interval->censored_min_ns;
	if (interval->max_ns > scratch->max_ns)
		scratch->max_ns = interval->max_ns;
	scratch->min_ns = 0;
}

static void join_shares(struct timeline_shares *first, const struct timeline_shares *second,
	size_t count, double first_part)
{
	float a = (float)first_part, b = (float)(1 - first_part);

	for (size_t i = 0; i < count; i++) {
		first[i].busy = first[i].busy * a + second[i].busy * b;
		first[i].spin = first[i].spin * a + second[i].spin * b;
		first[i].wait = first[i].wait * a + second[i].wait * b;
	}
}

/* first becomes first and the later second together; second's cells are released. */
static int join(struct timeline *timeline, struct timeline_interval *first,
	struct timeline_interval *second)
{
	struct timeline_interval joined = *first;

	clear_scratch(timeline);
	scatter(&timeline->scratch, first);
	scatter(&timeline->scratch, second);
	bound_scratch(&timeline->scratch);
	joined.end_ns = second->end_ns;
	joined.scheduled += second->scheduled;
	joined.sent += second->sent;
	joined.completed += second->completed;
	joined.errors += second->errors;
	joined.in_flight = second->in_flight;
	joined.waiting = second->waiting;
	summarise(&joined, &timeline->scratch);
	if (store_cells(&joined, &timeline->scratch))
		return -ENOMEM;
	free(first->cells);
	free(second->cells);
	second->cells = NULL;
	second->cell_count = 0;
	*first = joined;
	return 0;
}

static double part_of(const struct timeline_interval *first, const struct timeline_interval *second)
{
	return (double)(first->end_ns - first->begin_ns) /
	       (double)(second->end_ns - first->begin_ns);
}

/* Removes `count` intervals after the first `at`; their cells are gone already. */
static void close_gap(struct timeline *timeline, size_t at, size_t count)
{
	size_t workers = timeline->worker_count;
	size_t behind = timeline->interval_count - at - count;

	memmove(&timeline->intervals[at], &timeline->intervals[at + count],
		behind * sizeof(*timeline->intervals));
	memmove(&timeline->shares[at * workers], &timeline->shares[(at + count) * workers],
		behind * workers * sizeof(*timeline->shares));
	timeline->interval_count -= count;
}

/*
 * Joins neighbours in pairs, so that half the room is free again. When memory runs out midway,
 * those already joined are kept so: every interval says how long it is.
 */
static int halve(struct timeline *timeline)
{
	size_t workers = timeline->worker_count, pairs = timeline->interval_count / 2;

	for (size_t i = 0; i < pairs; i++) {
		struct timeline_interval *first = &timeline->intervals[2 * i];
		struct timeline_shares *shares = &timeline->shares[2 * i * workers];
		double part = part_of(first, first + 1);

		if (join(timeline, first, first + 1)) {
			close_gap(timeline, i, i);
			return -ENOMEM;
		}
		join_shares(shares, shares + workers, workers, part);
		timeline->intervals[i] = *first;
		memmove(&timeline->shares[i * workers], shares, workers * sizeof(*shares));
	}
	close_gap(timeline, pairs, pairs);
	timeline->ticks_per_interval *= 2;
	return 0;
}

/* Makes room for one interval more. */
static int make_room(struct timeline *timeline)
{
	size_t room = timeline->interval_room + GROW_INTERVALS;
	void *memory;

	if (timeline->interval_count < timeline->interval_room)
		return 0;
	if (timeline->interval_count >= TIMELINE_MAX_INTERVALS)
		return halve(timeline);
	if (room > TIMELINE_MAX_INTERVALS)
		room = TIMELINE_MAX_INTERVALS;
	memory = realloc(timeline->intervals, room * sizeof(*timeline->intervals));
	if (!memory)
		return -ENOMEM;
	timeline->intervals = memory;
	memory = realloc(
		timeline->shares, room * timeline->worker_count * sizeof(*timeline->shares));
	if (!memory)
		return -ENOMEM;
	timeline->shares = memory;
	timeline->interval_room = room;
	return 0;
}

static struct timeline_shares spent(
	const struct health_counters *now, const struct health_counters *before)
{
	double busy = (double)less(now->value[HEALTH_BUSY_NS], before->value[HEALTH_BUSY_NS]);
	double spin = (double)less(now->value[HEALTH_SPIN_NS], before->value[HEALTH_SPIN_NS]);
	double wait = (double)less(now->value[HEALTH_WAIT_NS], before->value[HEALTH_WAIT_NS]);
	double all = busy + spin + wait;
	struct timeline_shares shares = {0, 0, 0};

	if (all > 0)
		shares = (struct timeline_shares){
			(float)(busy / all), (float)(spin / all), (float)(wait / all)};
	return shares;
}

/* Appends the latest interval with its cells, or joins it to the one before. */
static int append(struct timeline *timeline, struct timeline_interval *interval)
{
	struct timeline_interval *last;
	struct timeline_shares *shares;
	size_t workers = timeline->worker_count;
	bool begun = timeline->ticks_in_last < timeline->ticks_per_interval;

	if (!begun && make_room(timeline))
		return -ENOMEM;
	if (!begun || !timeline->interval_count) {
		timeline->ticks_in_last = 1;
		timeline->intervals[timeline->interval_count] = *interval;
		memcpy(&timeline->shares[timeline->interval_count * workers],
			timeline->latest_shares, workers * sizeof(*timeline->shares));
		timeline->interval_count++;
		return 0;
	}
	last = &timeline->intervals[timeline->interval_count - 1];
	shares = &timeline->shares[(timeline->interval_count - 1) * workers];
	join_shares(shares, timeline->latest_shares, workers, part_of(last, interval));
	timeline->ticks_in_last++;
	return join(timeline, last, interval);
}

int timeline_add(struct timeline *timeline, uint64_t end_ns, const struct stats *merged,
	const struct health_counters *health, struct err *err)
{
	struct timeline_interval interval = {.begin_ns = timeline->latest.end_ns, .end_ns = end_ns};
	struct stats *before = timeline->previous;
	int status;

	assert(end_ns > interval.begin_ns);
	count_interval(&interval, merged, before);
	clear_scratch(timeline);
	for (int phase = 0; phase < STATS_PHASE_COUNT; phase++)
		gather(&timeline->scratch, &merged->phase[phase].total,
			&before->phase[phase].total);
	bound_scratch(&timeline->scratch);
	summarise(&interval, &timeline->scratch);
	timeline->latest = interval;
	for (size_t i = 0; i < timeline->worker_count; i++)
		timeline->latest_shares[i] = spent(&health[i], &timeline->previous_health[i]);

	status = store_cells(&interval, &timeline->scratch);
	if (!status)
		status = append(timeline, &interval);
	if (status)
		free(interval.cells);
	stats_copy(before, merged);
	memcpy(timeline->previous_health, health, timeline->worker_count * sizeof(*health));
	return status ? no_memory(err) : 0;
}
