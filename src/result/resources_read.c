/* SPDX-License-Identifier: MIT */
#include "result/resources_read.h"

/* Numbers are stored with 12 digits: what a mean may miss a maximum by. */
#define ROUNDING 1e-9

static const char *pressure_key(unsigned int is_own)
{
	static const char *const keys[] = {"machine", "group", NULL};

	return keys[is_own];
}

static void check_order(struct reader *reader, const char *key, double mean, double max)
{
	if (mean > max * (1 + ROUNDING))
		reader_refuse(reader, key, "is less than the mean");
}

static void read_cpu(struct reader *reader, const json_t *parent, struct result_resources *to)
{
	json_t *object = reader_object(reader, parent, "cpu");
	size_t back = reader_enter(reader, "cpu");

	to->cpu.mean = reader_amount(reader, object, "mean");
	to->cpu.max = reader_amount(reader, object, "max");
	check_order(reader, "max", to->cpu.mean, to->cpu.max);
	to->cpu.has_share = !reader_null(reader, object, "mean_share");
	if (to->cpu.has_share) {
		to->cpu.mean_share = reader_amount(reader, object, "mean_share");
		to->cpu.max_share = reader_amount(reader, object, "max_share");
		check_order(reader, "max_share", to->cpu.mean_share, to->cpu.max_share);
	}
	reader_leave(reader, back);
}

/* Limits are more than 0, or null. */
static uint64_t read_limit(struct reader *reader, const json_t *object, const char *key)
{
	uint64_t limit;

	if (reader_null(reader, object, key))
		return 0;
	limit = reader_count(reader, object, key);
	if (!limit)
		reader_refuse(reader, key, "expected null: a limit is more than 0");
	return limit;
}

static double read_cpus(struct reader *reader, const json_t *object, const char *key)
{
	double cpus;

	if (reader_null(reader, object, key))
		return 0;
	cpus = reader_real(reader, object, key);
	if (cpus <= 0)
		reader_refuse(reader, key, "expected null: a limit is more than 0");
	return cpus;
}

static void read_limits(struct reader *reader, const json_t *parent, struct result_resources *to)
{
	json_t *object = reader_object(reader, parent, "limits");
	size_t back = reader_enter(reader, "limits");

	to->limits.cpus = read_cpus(reader, object, "cpus");
	to->limits.quota_cpus = read_cpus(reader, object, "quota_cpus");
	to->limits.memory_bytes = read_limit(reader, object, "memory_bytes");
	to->limits.open_files = read_limit(reader, object, "open_files");
	to->limits.pids = read_limit(reader, object, "pids");
	reader_leave(reader, back);
}

/* The member of "not_measured". */
static char *read_reason(struct reader *reader, const json_t *absent, const char *key)
{
	size_t back = reader_enter(reader, "not_measured");
	char *reason = reader_text(reader, absent, key);

	reader_leave(reader, back);
	return reason;
}

static void read_counters(struct reader *reader, const json_t *parent, const json_t *absent,
	struct result_resources *to)
{
	json_t *object = reader_object(reader, parent, "counters");

	for (unsigned int i = 0; i < RESOURCES_COUNTER_COUNT; i++) {
		struct result_resources_counter *counter = &to->counters[i];
		const char *key = resources_counter_key(i);
		size_t back = reader_enter(reader, "counters"), inner;
		json_t *member;

		counter->known = !reader_null(reader, object, key);
		if (counter->known) {
			member = reader_object(reader, object, key);
			inner = reader_enter(reader, key);
			counter->count = reader_count(reader, member, "count");
			counter->per_s = reader_amount(reader, member, "per_s");
			counter->max_per_s = reader_amount(reader, member, "max_per_s");
			check_order(reader, "max_per_s", counter->per_s, counter->max_per_s);
			reader_leave(reader, inner);
		}
		reader_leave(reader, back);
		if (!counter->known)
			counter->reason = read_reason(reader, absent, key);
	}
}

static void read_levels(struct reader *reader, const json_t *parent, const json_t *absent,
	struct result_resources *to)
{
	json_t *object = reader_object(reader, parent, "levels");

	for (unsigned int i = 0; i < RESOURCES_LEVEL_COUNT; i++) {
		struct result_resources_level *level = &to->levels[i];
		const char *key = resources_level_key(i);
		size_t back = reader_enter(reader, "levels"), inner;
		json_t *member;

		level->known = !reader_null(reader, object, key);
		if (level->known) {
			member = reader_object(reader, object, key);
			inner = reader_enter(reader, key);
			level->mean = reader_amount(reader, member, "mean");
			level->max = reader_amount(reader, member, "max");
			check_order(reader, "max", level->mean, level->max);
			reader_leave(reader, inner);
		}
		reader_leave(reader, back);
		if (!level->known)
			level->reason = read_reason(reader, absent, key);
	}
}

static void read_growth(struct reader *reader, const json_t *parent, const json_t *absent,
	struct result_resources *to)
{
	json_t *object;
	size_t back;

	to->growth.known = !reader_null(reader, parent, "memory_growth");
	if (!to->growth.known) {
		to->growth.reason = read_reason(reader, absent, "memory_growth");
		return;
	}
	object = reader_object(reader, parent, "memory_growth");
	back = reader_enter(reader, "memory_growth");
	to->growth.bytes_per_hour = reader_real(reader, object, "bytes_per_hour");
	to->growth.error_bytes_per_hour = reader_amount(reader, object, "error_bytes_per_hour");
	to->growth.r_squared = reader_share(reader, object, "r_squared");
	to->growth.seconds = reader_amount(reader, object, "seconds");
	to->growth.samples = reader_count(reader, object, "samples");
	to->growth.tested = json_object_get(object, "p");
	if (to->growth.tested) {
		to->growth.share = reader_real(reader, object, "share");
		to->growth.p = reader_share(reader, object, "p");
		to->growth.robust_bytes_per_hour = reader_real(
			reader, object, "robust_bytes_per_hour");
		to->growth.robust_p = reader_share(reader, object, "robust_p");
	}
	reader_leave(reader, back);
}

static void read_processes(struct reader *reader, const json_t *parent, struct result_resources *to)
{
	json_t *array;

	to->processes = reader_elements(
		reader, parent, "processes", sizeof(*to->processes), &array, &to->process_count);
	for (size_t i = 0; i < to->process_count; i++) {
		struct result_resources_process *process = &to->processes[i];
		size_t back = reader_enter_element(reader, "processes", i);
		json_t *object = reader_object(reader, json_array_get(array, i), NULL);

		process->pid = reader_count32(reader, object, "pid");
		process->name = reader_text(reader, object, "name");
		process->threads = reader_count32(reader, object, "threads");
		process->began = reader_bool(reader, object, "began");
		process->ended = reader_bool(reader, object, "ended");
		process->cpu_ns = reader_count(reader, object, "cpu_ns");
		reader_leave(reader, back);
	}
}

static void read_measured(struct reader *reader, const json_t *object, struct result_resources *to)
{
	json_t *absent = reader_object(reader, object, "not_measured");

	to->seconds = reader_amount(reader, object, "seconds");
	read_cpu(reader, object, to);
	read_limits(reader, object, to);
	read_counters(reader, object, absent, to);
	read_levels(reader, object, absent, to);
	to->has_pss = !reader_null(reader, object, "pss_bytes");
	if (to->has_pss)
		to->pss_bytes = reader_count(reader, object, "pss_bytes");
	else
		to->pss_reason = read_reason(reader, absent, "pss_bytes");
	read_growth(reader, object, absent, to);
	to->pressure_is_own = reader_choice(reader, object, "pressure_of", pressure_key);
	read_processes(reader, object, to);
}

void resources_read(struct reader *reader, const json_t *root, struct result_resources *resources)
{
	json_t *object = reader_object(reader, root, "resources");
	size_t back = reader_enter(reader, "resources");

	resources->measured = reader_status(reader, object, &resources->reason);
	if (resources->measured)
		read_measured(reader, object, resources);
	reader_leave(reader, back);
}

void resources_read_interval(
	struct reader *reader, const json_t *interval, struct result_interval_resources *resources)
{
	json_t *object;
	size_t back;

	resources->measured = !reader_null(reader, interval, "resources");
	if (!resources->measured)
		return;
	object = reader_object(reader, interval, "resources");
	back = reader_enter(reader, "resources");
	for (unsigned int i = 0; i < RESOURCES_COUNTER_COUNT; i++) {
		const char *key = resources_counter_key(i);

		if (reader_null(reader, object, key))
			continue;
		resources->counters |= RESOURCES_BIT(i);
		resources->count[i] = reader_count(reader, object, key);
	}
	for (unsigned int i = 0; i < RESOURCES_LEVEL_COUNT; i++) {
		const char *key = resources_level_key(i);

		if (reader_null(reader, object, key))
			continue;
		resources->levels |= RESOURCES_BIT(i);
		resources->level[i] = reader_amount(reader, object, key);
	}
	reader_leave(reader, back);
}
