/* SPDX-License-Identifier: MIT */
#include "measure/stats.h"

#include <assert.h>
#include <string.h>

/* Histograms start on cache lines of their own. */
#define LINE_BYTES ((size_t)64)

struct member {
	size_t offset_bytes;
	unsigned int precision_bits;
};

#define PHASE_MEMBERS(phase_name)                                                               \
	{offsetof(struct stats, phase[phase_name].total), HIST_PRECISION_3_DIGITS},             \
		{offsetof(struct stats, phase[phase_name].service), HIST_PRECISION_3_DIGITS},   \
		{offsetof(struct stats, phase[phase_name].connection_wait),                     \
			HIST_PRECISION_2_DIGITS},                                               \
		{offsetof(struct stats, phase[phase_name].send_lag), HIST_PRECISION_2_DIGITS},  \
		{offsetof(struct stats, phase[phase_name].failure), HIST_PRECISION_2_DIGITS},   \
		{offsetof(struct stats, phase[phase_name].until_arrival),                       \
			HIST_PRECISION_2_DIGITS},                                               \
	{                                                                                       \
		offsetof(struct stats, phase[phase_name].client_queue), HIST_PRECISION_2_DIGITS \
	}

/* Every histogram of the block, in the order their cells lie behind it. */
static const struct member members[] = {
	PHASE_MEMBERS(STATS_WARMUP),
	PHASE_MEMBERS(STATS_MEASURED),
	{offsetof(struct stats, connect), HIST_PRECISION_2_DIGITS},
	{offsetof(struct stats, loop), HIST_PRECISION_2_DIGITS},
};

#define MEMBER_COUNT (sizeof members / sizeof members[0])

/* One of copy, add and subtract, for arrays of counts and for histograms. */
struct operation {
	void (*counts)(uint64_t *to, const uint64_t *from, unsigned int count);
	void (*hist)(struct hist *to, const struct hist *from);
};

static size_t whole_lines(size_t size_bytes)
{
	return (size_bytes + LINE_BYTES - 1) / LINE_BYTES * LINE_BYTES;
}

size_t stats_bytes(uint64_t longest_ns)
{
	size_t total_bytes = whole_lines(sizeof(struct stats));

	for (size_t i = 0; i < MEMBER_COUNT; i++)
		total_bytes += whole_lines(hist_bytes(members[i].precision_bits, longest_ns));
	return total_bytes;
}

struct stats *stats_init(void *memory, uint64_t longest_ns)
{
	char *cells = (char *)memory + whole_lines(sizeof(struct stats));

	assert((uintptr_t)memory % LINE_BYTES == 0);
	for (size_t i = 0; i < MEMBER_COUNT; i++) {
		hist_init((struct hist *)((char *)memory + members[i].offset_bytes),
			members[i].precision_bits, longest_ns, cells);
		cells += whole_lines(hist_bytes(members[i].precision_bits, longest_ns));
	}
	return memory;
}

static void apply(struct stats *to, const struct stats *from, const struct operation *operation)
{
	for (size_t i = 0; i < STATS_PHASE_COUNT; i++) {
		operation->counts(
			to->phase[i].counters.value, from->phase[i].counters.value, COUNTER_COUNT);
		operation->counts(to->phase[i].counters.status, from->phase[i].counters.status,
			COUNTERS_STATUS_LIMIT);
	}
	operation->counts(to->connections.value, from->connections.value, CONNECTION_COUNTER_COUNT);
	operation->counts(to->health.value, from->health.value, HEALTH_COUNT);
	for (size_t i = 0; i < MEMBER_COUNT; i++)
		operation->hist((struct hist *)((char *)to + members[i].offset_bytes),
			(const struct hist *)((const char *)from + members[i].offset_bytes));
}

void stats_copy(struct stats *to, const struct stats *from)
{
	static const struct operation copy = {counters_copy, hist_copy};

	apply(to, from, &copy);
}

void stats_add(struct stats *to, const struct stats *from)
{
	static const struct operation add = {counters_add, hist_add};

	apply(to, from, &add);
}

void stats_subtract(struct stats *later, const struct stats *earlier)
{
	static const struct operation subtract = {counters_subtract, hist_subtract};

	apply(later, earlier, &subtract);
}
