/* SPDX-License-Identifier: MIT */
#include "measure/resources.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "measure/trend.h"

/* Counters are kept in ticks of 10 ms: over less than this a rate is mostly rounding. */
#define PEAK_LEAST_NS (NS_PER_S / 2)

static const char *const counter_keys[RESOURCES_COUNTER_COUNT] = {
	[RESOURCES_CPU_NS] = "cpu_ns",
	[RESOURCES_CPU_USER_NS] = "cpu_user_ns",
	[RESOURCES_CPU_SYSTEM_NS] = "cpu_system_ns",
	[RESOURCES_MINOR_FAULTS] = "minor_faults",
	[RESOURCES_MAJOR_FAULTS] = "major_faults",
	[RESOURCES_VOLUNTARY_SWITCHES] = "voluntary_switches",
	[RESOURCES_INVOLUNTARY_SWITCHES] = "involuntary_switches",
	[RESOURCES_DISK_READ_BYTES] = "disk_read_bytes",
	[RESOURCES_DISK_WRITTEN_BYTES] = "disk_written_bytes",
	[RESOURCES_DISK_DELAY_NS] = "disk_delay_ns",
	[RESOURCES_NETWORK_RECEIVED_BYTES] = "network_received_bytes",
	[RESOURCES_NETWORK_SENT_BYTES] = "network_sent_bytes",
	[RESOURCES_NETWORK_RECEIVED_PACKETS] = "network_received_packets",
	[RESOURCES_NETWORK_SENT_PACKETS] = "network_sent_packets",
	[RESOURCES_LOOPBACK_BYTES] = "loopback_bytes",
	[RESOURCES_LOOPBACK_PACKETS] = "loopback_packets",
	[RESOURCES_THROTTLED_NS] = "throttled_ns",
	[RESOURCES_THROTTLED_PERIODS] = "throttled_periods",
	[RESOURCES_MEMORY_HIGH_EVENTS] = "memory_high_events",
	[RESOURCES_MEMORY_LIMIT_EVENTS] = "memory_limit_events",
	[RESOURCES_OOM_EVENTS] = "oom_events",
	[RESOURCES_OOM_KILLS] = "oom_kills",
	[RESOURCES_PIDS_LIMIT_EVENTS] = "pids_limit_events",
	[RESOURCES_CPU_STALL_NS] = "cpu_stall_ns",
	[RESOURCES_MEMORY_STALL_NS] = "memory_stall_ns",
	[RESOURCES_IO_STALL_NS] = "io_stall_ns",
	[RESOURCES_STARTED] = "started",
	[RESOURCES_EXITED] = "exited",
	[RESOURCES_RESTARTS] = "restarts",
};

static const char *const level_keys[RESOURCES_LEVEL_COUNT] = {
	[RESOURCES_RSS_BYTES] = "rss_bytes",
	[RESOURCES_SWAP_BYTES] = "swap_bytes",
	[RESOURCES_OPEN_FILES] = "open_files",
	[RESOURCES_OPEN_FILES_SHARE] = "open_files_share",
	[RESOURCES_THREADS] = "threads",
	[RESOURCES_PROCESSES] = "processes",
	[RESOURCES_GROUP_MEMORY_BYTES] = "group_memory_bytes",
	[RESOURCES_GROUP_PIDS] = "group_pids",
};

const char *resources_counter_key(enum resources_counter counter)
{
	return (unsigned int)counter < RESOURCES_COUNTER_COUNT ? counter_keys[counter] : NULL;
}

const char *resources_level_key(enum resources_level level)
{
	return (unsigned int)level < RESOURCES_LEVEL_COUNT ? level_keys[level] : NULL;
}

void resources_release(struct resources *resources)
{
	free(resources->intervals);
	memset(resources, 0, sizeof(*resources));
}

static double larger(double one, double other)
{
	return one > other ? one : other;
}

/* What was gained between two samples, and where the levels stand now. */
static void take_interval(struct resources_interval *interval, const struct resources_sample *from,
	const struct resources_sample *to)
{
	uint64_t length_ns = to->read_ns > from->read_ns ? to->read_ns - from->read_ns : 0;

	*interval = (struct resources_interval){
		.begin_ns = from->at_ns,
		.end_ns = to->at_ns,
		.length_ns = length_ns,
		.counters = from->counters & to->counters,
		.levels = to->levels,
	};
	for (int i = 0; i < RESOURCES_COUNTER_COUNT; i++) {
		if (!RESOURCES_HAS(interval->counters, i))
			continue;
		interval->counter_ns[i] = length_ns;
		if (to->counter[i] > from->counter[i])
			interval->count[i] = to->counter[i] - from->counter[i];
		if (length_ns)
			interval->per_s[i] = (double)interval->count[i] * (double)NS_PER_S /
					     (double)length_ns;
		if (length_ns >= PEAK_LEAST_NS)
			interval->peak_per_s[i] = interval->per_s[i];
	}
	for (int i = 0; i < RESOURCES_LEVEL_COUNT; i++) {
		if (!RESOURCES_HAS(to->levels, i))
			continue;
		interval->level_ns[i] = length_ns;
		interval->mean[i] = interval->max[i] = to->level[i];
	}
}

/* The mean of two spans' means. */
static double weigh(double one, uint64_t one_ns, double other, uint64_t other_ns)
{
	double whole = (double)one_ns + (double)other_ns;

	return whole > 0 ? (one * (double)one_ns + other * (double)other_ns) / whole
			 : larger(one, other);
}

/* Appends what follows to an interval. */
static void merge(struct resources_interval *sum, const struct resources_interval *next)
{
	for (int i = 0; i < RESOURCES_COUNTER_COUNT; i++) {
		sum->count[i] += next->count[i];
		sum->per_s[i] = weigh(
			sum->per_s[i], sum->counter_ns[i], next->per_s[i], next->counter_ns[i]);
		sum->peak_per_s[i] = larger(sum->peak_per_s[i], next->peak_per_s[i]);
		sum->counter_ns[i] += next->counter_ns[i];
	}
	for (int i = 0; i < RESOURCES_LEVEL_COUNT; i++) {
		sum->mean[i] = weigh(
			sum->mean[i], sum->level_ns[i], next->mean[i], next->level_ns[i]);
		sum->max[i] = larger(sum->max[i], next->max[i]);
		sum->level_ns[i] += next->level_ns[i];
	}
	sum->end_ns = next->end_ns;
	sum->length_ns += next->length_ns;
	sum->counters |= next->counters;
	sum->levels |= next->levels;
}

/* Halves the number of intervals, as timeline.c does at the same tick. */
static void merge_pairs(struct resources *resources)
{
	size_t pairs = resources->interval_count / 2;

	for (size_t i = 0; i < pairs; i++) {
		struct resources_interval first = resources->intervals[2 * i];

		merge(&first, &resources->intervals[2 * i + 1]);
		resources->intervals[i] = first;
	}
	resources->interval_count = pairs;
	resources->ticks_per_interval *= 2;
	resources->ticks_in_last = resources->ticks_per_interval;
}

static int make_room(struct resources *resources)
{
	size_t room = resources->interval_room ? 2 * resources->interval_room : 64;
	struct resources_interval *grown;

	if (resources->interval_count < resources->interval_room)
		return 0;
	if (room > RESOURCES_MAX_INTERVALS)
		room = RESOURCES_MAX_INTERVALS;
	grown = realloc(resources->intervals, room * sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	resources->intervals = grown;
	resources->interval_room = room;
	return 0;
}

static int append(struct resources *resources, const struct resources_interval *interval)
{
	int code;

	if (!resources->ticks_per_interval)
		resources->ticks_per_interval = 1;
	if (resources->interval_count && resources->ticks_in_last < resources->ticks_per_interval) {
		merge(&resources->intervals[resources->interval_count - 1], interval);
		resources->ticks_in_last++;
		return 0;
	}
	if (resources->interval_count == RESOURCES_MAX_INTERVALS)
		merge_pairs(resources);
	code = make_room(resources);
	if (code < 0)
		return code;
	resources->intervals[resources->interval_count++] = *interval;
	resources->ticks_in_last = 1;
	return 0;
}

int resources_add(struct resources *resources, const struct resources_sample *sample)
{
	struct resources_interval interval;
	int code = 0;

	if (resources->has_previous) {
		take_interval(&interval, &resources->previous, sample);
		code = append(resources, &interval);
	}
	resources->previous = *sample;
	resources->has_previous = true;
	return code;
}

bool resources_fold(const struct resources *resources, uint64_t begin_ns, uint64_t end_ns,
	struct resources_interval *sum)
{
	bool any = false;

	*sum = (struct resources_interval){0};
	for (size_t i = 0; i < resources->interval_count; i++) {
		const struct resources_interval *interval = &resources->intervals[i];

		if (interval->begin_ns < begin_ns || interval->begin_ns >= end_ns)
			continue;
		if (any)
			merge(sum, interval);
		else
			*sum = *interval;
		any = true;
	}
	/* A window of less than half a second has no peak but its mean. */
	for (int i = 0; i < RESOURCES_COUNTER_COUNT; i++)
		sum->peak_per_s[i] = larger(sum->peak_per_s[i], sum->per_s[i]);
	return any;
}

/* A level is read at the end of its interval. */
static bool is_sample(const struct resources_interval *interval, enum resources_level level,
	uint64_t begin_ns, uint64_t end_ns)
{
	return RESOURCES_HAS(interval->levels, level) && interval->begin_ns >= begin_ns &&
	       interval->begin_ns < end_ns;
}

/* Means of so many neighbours each that there are not too many; times in hours. */
static struct trend robust_trend(const struct resources *resources, enum resources_level level,
	uint64_t begin_ns, uint64_t end_ns, size_t samples)
{
	struct trend_point points[TREND_POINTS] = {{0}};
	size_t each = (samples + TREND_POINTS - 1) / TREND_POINTS, taken = 0;

	for (size_t i = 0; i < resources->interval_count; i++) {
		const struct resources_interval *interval = &resources->intervals[i];
		struct trend_point *point = &points[taken / each];
		double n = (double)(taken % each) + 1;

		if (!is_sample(interval, level, begin_ns, end_ns))
			continue;
		point->at += ((double)interval->end_ns / (double)NS_PER_S / 3600 - point->at) / n;
		point->value += (interval->mean[level] - point->value) / n;
		taken++;
	}
	/* The last one may be of fewer. */
	return trend_robust(points, (taken + each - 1) / each);
}

/* What the samples say beside the line itself. */
static void judge_trend(struct resources_trend *trend, double mean, struct trend robust)
{
	double gained = trend->per_hour * (double)trend->span_ns / (double)NS_PER_S / 3600;
	double began = mean - gained / 2;

	trend->share = began > 0 ? gained / began : 0;
	trend->p = 1;
	if (trend->error_per_hour > 0)
		trend->p = trend_p(1.96 * trend->per_hour / trend->error_per_hour);
	else if (trend->per_hour != 0)
		trend->p = 0;
	trend->robust_per_hour = robust.slope;
	trend->robust_p = robust.p;
}

struct resources_trend resources_trend(const struct resources *resources,
	enum resources_level level, uint64_t begin_ns, uint64_t end_ns)
{
	struct resources_trend trend = {0};
	double mean_t = 0, mean_y = 0, tt = 0, ty = 0, yy = 0, slope, residual;
	uint64_t first_ns = 0;

	/* Running means keep what sums of squares of large numbers would lose. */
	for (size_t i = 0; i < resources->interval_count; i++) {
		const struct resources_interval *interval = &resources->intervals[i];
		double n, dt, dy;

		if (!is_sample(interval, level, begin_ns, end_ns))
			continue;
		if (!trend.samples)
			first_ns = interval->end_ns;
		trend.span_ns = interval->end_ns - first_ns;
		n = (double)++trend.samples;
		dt = (double)trend.span_ns / (double)NS_PER_S / 3600 - mean_t;
		dy = interval->mean[level] - mean_y;
		mean_t += dt / n;
		mean_y += dy / n;
		tt += dt * dt * (n - 1) / n;
		ty += dt * dy * (n - 1) / n;
		yy += dy * dy * (n - 1) / n;
	}
	if (trend.samples < 3 || tt <= 0)
		return (struct resources_trend){
			.samples = trend.samples, .span_ns = trend.span_ns, .p = 1, .robust_p = 1};
	slope = ty / tt;
	residual = yy - slope * ty;
	trend.per_hour = slope;
	trend.r_squared = yy > 0 ? fmin(slope * ty / yy, 1) : 0;
	if (residual > 0)
		trend.error_per_hour = 1.96 * sqrt(residual / ((double)trend.samples - 2) / tt);
	judge_trend(
		&trend, mean_y, robust_trend(resources, level, begin_ns, end_ns, trend.samples));
	return trend;
}
