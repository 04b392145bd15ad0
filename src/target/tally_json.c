/* SPDX-License-Identifier: MIT */
#include "target/tally_json.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

/* Two-digit histograms, added up. */
struct block {
	uint64_t value[TALLY_ROUTE_COUNT];
	struct hist residence;
	json_t *status;
};

static uint64_t load(const uint64_t *cell)
{
	return __atomic_load_n(cell, __ATOMIC_RELAXED);
}

static uint64_t sum(const struct tally_json_source *source, enum tally_counter counter)
{
	uint64_t total = 0;

	for (size_t i = 0; i < source->tally_count; i++)
		total += load(&source->tallies[i]->value[counter]);
	return total;
}

static uint64_t most(const struct tally_json_source *source, enum tally_counter counter)
{
	uint64_t highest = 0;

	for (size_t i = 0; i < source->tally_count; i++) {
		uint64_t value = load(&source->tallies[i]->value[counter]);

		if (value > highest)
			highest = value;
	}
	return highest;
}

static void set_number(json_t *object, const char *key, uint64_t value)
{
	json_object_set_new(object, key, json_integer((json_int_t)value));
}

static int block_init(struct block *block)
{
	void *cells = calloc(1, hist_bytes(HIST_PRECISION_2_DIGITS, TALLY_LONGEST_NS));

	memset(block, 0, sizeof(*block));
	if (!cells)
		return -ENOMEM;
	hist_init(&block->residence, HIST_PRECISION_2_DIGITS, TALLY_LONGEST_NS, cells);
	block->status = json_object();
	return 0;
}

static void block_release(struct block *block)
{
	free(block->residence.cells);
	json_decref(block->status);
}

static void add_status(struct block *block, uint16_t status, uint64_t count)
{
	char key[8];
	json_t *before;

	snprintf(key, sizeof(key), "%u", status);
	before = json_object_get(block->status, key);
	set_number(block->status, key, count + (uint64_t)json_integer_value(before));
}

/* The earlier of two moments of which 0 is none. */
static uint64_t earlier(uint64_t a, uint64_t b)
{
	if (!a || !b)
		return a + b;
	return a < b ? a : b;
}

/* Adds one worker's figures of one route; scratch is a histogram of the same layout. */
static void block_add(struct block *block, const struct tally_route *tally,
	const struct route *route, struct hist *scratch)
{
	for (int i = 0; i < TALLY_ROUTE_COUNT; i++) {
		uint64_t value = load(&tally->value[i]);

		switch ((enum tally_route_counter)i) {
		case TALLY_FIRST_READ_NS:
		case TALLY_FIRST_SENT_NS:
			block->value[i] = earlier(block->value[i], value);
			break;
		case TALLY_LAST_READ_NS:
		case TALLY_LAST_SENT_NS:
			if (value > block->value[i])
				block->value[i] = value;
			break;
		default:
			block->value[i] += value;
		}
	}
	for (size_t i = 0; i < ROUTE_STATUS_INDEXES; i++)
		if (route_status_at(route, i))
			add_status(block, route_status_at(route, i), load(&tally->status[i]));
	hist_copy(scratch, &tally->residence);
	hist_add(&block->residence, scratch);
}

static json_t *histogram_json(const struct hist *hist)
{
	json_t *counts = json_array();

	for (unsigned int i = 0; i < hist->cell_count; i++)
		if (hist->cells[i])
			json_array_append_new(counts,
				json_pack("[I,I]", (json_int_t)i, (json_int_t)hist->cells[i]));
	return json_pack(
		"{s:i,s:o}", "precision_bits", (int)hist->precision_bits, "counts", counts);
}

static json_t *residence_json(const struct hist *hist, bool full)
{
	static const struct {
		const char *key;
		double quantile;
	} quantiles[] = {{"p50", 0.5}, {"p90", 0.9}, {"p99", 0.99}, {"p999", 0.999}};
	uint64_t count = hist_count(hist);
	json_t *object = json_object();

	set_number(object, "count", count);
	set_number(object, "sum", hist->sum_ns);
	set_number(object, "min", count ? hist->min_ns : 0);
	json_object_set_new(object, "mean", json_real(hist_mean_ns(hist)));
	set_number(object, "max", hist->max_ns);
	for (size_t i = 0; i < sizeof(quantiles) / sizeof(quantiles[0]); i++)
		set_number(object, quantiles[i].key,
			hist_percentile(hist, quantiles[i].quantile).value_ns);
	if (full)
		json_object_set_new(object, "histogram", histogram_json(hist));
	return object;
}

static void block_write(const struct block *block, json_t *object, bool full)
{
	static const struct {
		const char *key;
		enum tally_route_counter counter;
	} plain[] = {{"requests", TALLY_REQUESTS}, {"responses", TALLY_RESPONSES},
		{"misbehaved", TALLY_MISBEHAVED}, {"abandoned", TALLY_ABANDONED},
		{"service_ns", TALLY_SERVICE_NS}, {"first_read_ns", TALLY_FIRST_READ_NS},
		{"last_read_ns", TALLY_LAST_READ_NS}, {"first_sent_ns", TALLY_FIRST_SENT_NS},
		{"last_sent_ns", TALLY_LAST_SENT_NS}};
	const uint64_t *value = block->value;
	uint64_t over = value[TALLY_RESPONSES] + value[TALLY_MISBEHAVED] + value[TALLY_ABANDONED];

	for (size_t i = 0; i < sizeof(plain) / sizeof(plain[0]); i++)
		set_number(object, plain[i].key, value[plain[i].counter]);
	/* Counters are read one after the other while the workers go on. */
	set_number(object, "in_progress",
		value[TALLY_REQUESTS] > over ? value[TALLY_REQUESTS] - over : 0);
	json_object_set(object, "status", block->status);
	json_object_set_new(object, "bytes",
		json_pack("{s:I,s:I}", "received", (json_int_t)value[TALLY_BYTES_RECEIVED], "sent",
			(json_int_t)value[TALLY_BYTES_SENT]));
	json_object_set_new(object, "residence_ns", residence_json(&block->residence, full));
}

static double rate_rps(uint64_t rate_mrps)
{
	return (double)rate_mrps / 1000;
}

/* What the workers share of a route. */
static void station_json(const struct route *route, const struct station *station, json_t *object)
{
	struct queue_figures queue;
	struct lock_figures lock;
	json_t *part;

	if (station->queue) {
		queue_read(station->queue, clock_now_ns(), &queue);
		part = json_pack("{s:f,s:f,s:b}", "capacity_rps",
			rate_rps(route->queue.capacity_mrps), "capacity_now_rps",
			rate_rps(queue.capacity_mrps), "degraded", queue.degraded);
		set_number(part, "length", queue.length);
		set_number(part, "longest", queue.longest);
		set_number(part, "entered", queue.entered);
		set_number(part, "refused", queue.refused);
		set_number(part, "overloads", queue.overloads);
		json_object_set_new(object, "queue", part);
	}
	if (station->lock) {
		lock_read(station->lock, &lock);
		part = json_object();
		set_number(part, "acquired", lock.acquired);
		set_number(part, "wait_ns", lock.wait_ns);
		set_number(part, "held_ns", lock.held_ns);
		json_object_set_new(object, "lock", part);
	}
	if (station->leak.memory) {
		part = json_object();
		set_number(part, "bytes", leak_bytes(&station->leak));
		set_number(part, "limit_bytes", station->leak.limit_bytes);
		json_object_set_new(object, "leak", part);
	}
}

/* One route of all workers into its own object, and into the block of all. */
static int route_json(
	const struct tally_json_source *source, size_t index, struct block *all, json_t *list)
{
	const struct route *route = &source->set->routes[index];
	char path[ROUTE_PATH_BYTES + 1];
	struct block block, scratch;
	json_t *object;
	int code = block_init(&block);

	if (code)
		return code;
	code = block_init(&scratch);
	if (code) {
		block_release(&block);
		return code;
	}
	for (size_t i = 0; i < source->tally_count; i++) {
		const struct tally_route *tally = &source->tallies[i]->routes[index];

		block_add(&block, tally, route, &scratch.residence);
		block_add(all, tally, route, &scratch.residence);
	}
	object = json_object();
	snprintf(path, sizeof(path), "%s%s", route->path, route->prefix ? "*" : "");
	json_object_set_new(object, "path", json_string(path));
	block_write(&block, object, source->full);
	json_object_set_new(object, "expect",
		json_pack("{s:I,s:I}", "answered", (json_int_t)block.value[TALLY_ANSWERED_EARLY],
			"refused", (json_int_t)block.value[TALLY_REFUSED_BODY]));
	station_json(route, &source->stations->stations[index], object);
	json_array_append_new(list, object);
	block_release(&block);
	block_release(&scratch);
	return 0;
}

static json_t *counters_json(const struct tally_json_source *source, const char *const *keys,
	const enum tally_counter *counters, size_t count)
{
	json_t *object = json_object();

	for (size_t i = 0; i < count; i++)
		set_number(object, keys[i], sum(source, counters[i]));
	return object;
}

static void freezes_json(const struct tally_json_source *source, json_t *list)
{
	for (size_t i = 0; i < source->tally_count; i++) {
		const struct tally *tally = source->tallies[i];
		uint64_t count = __atomic_load_n(&tally->frozen, __ATOMIC_ACQUIRE);

		for (uint64_t j = 0; j < count; j++)
			json_array_append_new(list,
				json_pack("{s:I,s:I,s:I}", "worker", (json_int_t)i, "from_ns",
					(json_int_t)load(&tally->freezes[j].from_ns), "until_ns",
					(json_int_t)load(&tally->freezes[j].until_ns)));
	}
}

static void log_json(const struct tally *tally, json_t *list)
{
	uint64_t end = __atomic_load_n(&tally->logged, __ATOMIC_ACQUIRE);
	uint64_t begin = end > tally->log_capacity ? end - tally->log_capacity : 0;

	for (uint64_t i = begin; i < end; i++) {
		const struct tally_entry *entry = &tally->log[i % tally->log_capacity];
		json_int_t route = (json_int_t)load(&entry->route);
		json_int_t read_ns = (json_int_t)load(&entry->read_ns);
		json_int_t sent_ns = (json_int_t)load(&entry->sent_ns);

		__atomic_thread_fence(__ATOMIC_ACQUIRE);
		/* The place is written before `logged` moves: one more than it says may be new. */
		if (i + tally->log_capacity > load(&tally->logged))
			json_array_append_new(list, json_pack("[I,I,I]", route, read_ns, sent_ns));
	}
}

static json_t *build(const struct tally_json_source *source, struct block *all)
{
	static const char *const connection_keys[] = {"accepted", "closed", "closed_by_peer",
		"accept_errors", "stats_only", "accept_rounds"};
	static const enum tally_counter connection_counters[] = {TALLY_ACCEPTED, TALLY_CLOSED,
		TALLY_CLOSED_BY_PEER, TALLY_ACCEPT_ERRORS, TALLY_STATS_ONLY, TALLY_ACCEPT_ROUNDS};
	static const char *const apart_keys[] = {"stats_reads", "bad_requests", "continues"};
	static const enum tally_counter apart_counters[] = {
		TALLY_STATS_READS, TALLY_BAD_REQUESTS, TALLY_CONTINUES};
	static const char *const loop_keys[] = {
		"enters", "enobufs", "stale", "overflows", "pauses", "no_memory"};
	static const enum tally_counter loop_counters[] = {TALLY_ENTERS, TALLY_ENOBUFS, TALLY_STALE,
		TALLY_OVERFLOWS, TALLY_PAUSES, TALLY_NO_MEMORY};
	json_t *root = json_object(), *routes = json_array(), *freezes = json_array();
	json_t *connections = counters_json(source, connection_keys, connection_counters, 6);
	int code = 0;

	set_number(connections, "accept_most", most(source, TALLY_ACCEPT_MOST));
	set_number(connections, "open", sum(source, TALLY_ACCEPTED) - sum(source, TALLY_CLOSED));
	json_object_set_new(root, "schema", json_string("ringload.serve/1"));
	set_number(root, "start_ns", source->start_ns);
	set_number(root, "now_ns", clock_now_ns());
	set_number(root, "workers", source->tally_count);
	json_object_set_new(root, "connections", connections);
	for (size_t i = 0; i < source->set->count && !code; i++)
		code = route_json(source, i, all, routes);
	block_write(all, root, source->full);
	json_object_set_new(root, "routes", routes);
	json_object_set_new(root, "apart", counters_json(source, apart_keys, apart_counters, 3));
	freezes_json(source, freezes);
	json_object_set_new(root, "freezes", freezes);
	json_object_set_new(root, "loop", counters_json(source, loop_keys, loop_counters, 6));
	if (source->full) {
		json_t *log = json_array();

		for (size_t i = 0; i < source->tally_count; i++)
			log_json(source->tallies[i], log);
		json_object_set_new(root, "log", log);
	}
	if (code) {
		json_decref(root);
		return NULL;
	}
	return root;
}

int tally_json(struct buf *out, const struct tally_json_source *source)
{
	struct block all;
	json_t *root;
	char *text;
	int code = block_init(&all);

	if (code)
		return code;
	root = build(source, &all);
	text = root ? json_dumps(root, JSON_COMPACT) : NULL;
	if (text)
		buf_text(out, text);
	code = text && !out->failed ? 0 : -ENOMEM;
	free(text);
	json_decref(root);
	block_release(&all);
	return code;
}
