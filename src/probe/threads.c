/* SPDX-License-Identifier: MIT */
#include "probe/threads.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* Copies of an entry that changes all the time. */
#define THREADS_ATTEMPTS 4
/* This many unused places in a row end the used ones: places are taken in turn, but as many CPUs as
 * there may be fill those they took in any order. */
#define THREADS_SLACK 256

int threads_init(struct threads *threads, const struct probe_abi_thread *table, uint32_t count,
	uint32_t self, struct err *err)
{
	*threads = (struct threads){.table = table, .count = count, .self = self};
	threads->places = calloc(count, sizeof(*threads->places));
	threads->rows = calloc(count + THREADS_ENDED_LIMIT, sizeof(*threads->rows));
	if (!threads->places || !threads->rows) {
		threads_release(threads);
		return err_set_errno(
			err, ERR_ENVIRONMENT, -ENOMEM, "cannot keep the server's threads");
	}
	return 0;
}

void threads_release(struct threads *threads)
{
	free(threads->places);
	free(threads->rows);
	memset(threads, 0, sizeof(*threads));
}

/* False when the entry is being written. */
static bool threads_copy(const struct probe_abi_thread *entry, struct probe_abi_thread *copy)
{
	for (int i = 0; i < THREADS_ATTEMPTS; i++) {
		memcpy(copy, entry, sizeof(*copy));
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
		if (copy->state != 0 &&
			copy->generation == __atomic_load_n(&entry->generation, __ATOMIC_RELAXED) &&
			copy->changed_ns == __atomic_load_n(&entry->changed_ns, __ATOMIC_RELAXED) &&
			copy->state == __atomic_load_n(&entry->state, __ATOMIC_RELAXED))
			return true;
	}
	return false;
}

/* The spell that a thread is in is counted up to now, as what it began as. */
static void threads_add_spell(
	struct stages_thread *sums, const struct probe_abi_thread *entry, uint64_t now_ns)
{
	uint64_t spell_ns = now_ns > entry->changed_ns ? now_ns - entry->changed_ns : 0;

	if (entry->state != 1)
		return;
	if (!entry->running && entry->kind != PROBE_ABI_OFF_PREEMPTED && entry->owning)
		sums->in_request_ns += spell_ns;
	if (entry->running)
		sums->cpu_ns += spell_ns;
	else if (entry->kind == PROBE_ABI_OFF_PREEMPTED)
		sums->runq_ns += spell_ns;
	else if (entry->kind == PROBE_ABI_OFF_DISK)
		sums->disk_ns += spell_ns;
	else if (entry->kind == PROBE_ABI_OFF_STOPPED)
		sums->stopped_ns += spell_ns;
	else
		sums->sleep_ns += spell_ns;
}

static void threads_sum(
	struct threads_seen *seen, const struct probe_abi_thread *entry, uint64_t now_ns)
{
	struct stages_thread *sums = &seen->sums;

	seen->generation = entry->generation;
	*sums = (struct stages_thread){
		.tid = entry->tid,
		.tgid = entry->tgid,
		.exited = entry->state == 2,
		.offloaded = entry->offloaded != 0,
		.requests = entry->requests,
		.cpu_ns = entry->cpu_ns,
		.runq_ns = entry->runq_ns,
		.sleep_ns = entry->blocked_ns[PROBE_ABI_OFF_SLEEP],
		.disk_ns = entry->blocked_ns[PROBE_ABI_OFF_DISK],
		.stopped_ns = entry->blocked_ns[PROBE_ABI_OFF_STOPPED],
		.in_request_ns = entry->owning_ns,
		.switches = entry->switches,
		.preempted = entry->preempted,
	};
	memcpy(sums->name, entry->name, sizeof(sums->name));
	sums->name[sizeof(sums->name) - 1] = '\0';
	threads_add_spell(sums, entry, now_ns);
	/* From the first sight on it was always one of these. */
	sums->wall_ns = sums->cpu_ns + sums->runq_ns + sums->sleep_ns + sums->disk_ns +
			sums->stopped_ns;
}

static uint64_t threads_less(uint64_t later, uint64_t earlier)
{
	return later > earlier ? later - earlier : 0;
}

/* What the user of a place last seen did in the window. */
static void threads_difference(const struct threads_place *place, struct stages_thread *row)
{
	const struct stages_thread *base = &place->base.sums;

	*row = place->last.sums;
	if (place->base.generation != place->last.generation)
		return;
	/* A spell cut by the window's beginning may have turned out to be of another kind: then a
	 * sum is smaller than its base by that much. */
	row->requests = threads_less(row->requests, base->requests);
	row->wall_ns = threads_less(row->wall_ns, base->wall_ns);
	row->cpu_ns = threads_less(row->cpu_ns, base->cpu_ns);
	row->runq_ns = threads_less(row->runq_ns, base->runq_ns);
	row->sleep_ns = threads_less(row->sleep_ns, base->sleep_ns);
	row->disk_ns = threads_less(row->disk_ns, base->disk_ns);
	row->stopped_ns = threads_less(row->stopped_ns, base->stopped_ns);
	row->in_request_ns = threads_less(row->in_request_ns, base->in_request_ns);
	row->switches = threads_less(row->switches, base->switches);
	row->preempted = threads_less(row->preempted, base->preempted);
}

static void threads_add(struct stages_thread *sum, const struct stages_thread *row)
{
	sum->requests += row->requests;
	sum->wall_ns += row->wall_ns;
	sum->cpu_ns += row->cpu_ns;
	sum->runq_ns += row->runq_ns;
	sum->sleep_ns += row->sleep_ns;
	sum->disk_ns += row->disk_ns;
	sum->stopped_ns += row->stopped_ns;
	sum->in_request_ns += row->in_request_ns;
	sum->switches += row->switches;
	sum->preempted += row->preempted;
}

/* One that had requests and answered none, as others kept it from them, is no less worth telling.
 */
static bool threads_served(const struct stages_thread *row)
{
	return row->requests > 0 || row->in_request_ns > 0;
}

/* The place has another user: what its former one did becomes a row. */
static void threads_finish(struct threads *threads, const struct threads_place *place)
{
	struct stages_thread row, *others = &threads->rows[THREADS_ENDED_LIMIT - 1];

	threads_difference(place, &row);
	if (!threads_served(&row))
		return;
	row.exited = true;
	if (threads->row_count < THREADS_ENDED_LIMIT - 1) {
		threads->rows[threads->row_count++] = row;
		return;
	}
	if (threads->row_count < THREADS_ENDED_LIMIT) {
		*others = (struct stages_thread){.name = "others", .exited = true};
		threads->row_count++;
	}
	threads_add(others, &row);
}

static void threads_meet(struct threads *threads, uint32_t process)
{
	for (size_t i = 0; i < threads->process_count; i++)
		if (threads->processes[i] == process)
			return;
	if (threads->process_count < THREADS_PROCESS_LIMIT)
		threads->processes[threads->process_count++] = process;
}

/* False when nobody ever was in this place. */
static bool threads_look(struct threads *threads, uint32_t index, uint64_t now_ns)
{
	const struct probe_abi_thread *entry = &threads->table[index];
	struct threads_place *place = &threads->places[index];
	struct probe_abi_thread copy;

	if (__atomic_load_n(&entry->generation, __ATOMIC_RELAXED) == 0)
		return false;
	if (!threads_copy(entry, &copy) || copy.tid == threads->self)
		return true;
	if (place->last.generation && place->last.generation != copy.generation)
		threads_finish(threads, place);
	threads_sum(&place->last, &copy, now_ns);
	threads_meet(threads, copy.tgid);
	return true;
}

void threads_tick(struct threads *threads, uint64_t now_ns)
{
	uint32_t unused = 0, first = 0;
	bool there = false;

	for (uint32_t i = 1; i < threads->count && unused <= THREADS_SLACK; i++) {
		const struct threads_seen *seen = &threads->places[i].last;

		unused = threads_look(threads, i, now_ns) ? 0 : unused + 1;
		if (!seen->generation || seen->sums.exited)
			continue;
		first = first ? first : seen->sums.tgid;
		there |= seen->sums.tgid == threads->process;
	}
	if (!there && first)
		threads->process = first;
}

void threads_begin(struct threads *threads, uint64_t now_ns)
{
	threads_tick(threads, now_ns);
	for (uint32_t i = 1; i < threads->count; i++)
		threads->places[i].base = threads->places[i].last;
	threads->row_count = 0;
}

static int threads_order(const void *left, const void *right)
{
	const struct stages_thread *a = left, *b = right;

	if (a->requests != b->requests)
		return a->requests < b->requests ? 1 : -1;
	return a->tid < b->tid ? -1 : a->tid > b->tid;
}

void threads_end(struct threads *threads, uint64_t now_ns)
{
	threads_tick(threads, now_ns);
	for (uint32_t i = 1; i < threads->count; i++) {
		struct stages_thread *row = &threads->rows[threads->row_count];

		if (!threads->places[i].last.generation)
			continue;
		threads_difference(&threads->places[i], row);
		threads->row_count += threads_served(row);
	}
	qsort(threads->rows, threads->row_count, sizeof(*threads->rows), threads_order);
}

uint64_t threads_cpu_ns(const struct threads *threads)
{
	uint64_t cpu_ns = 0;

	for (uint32_t i = 1; i < threads->count; i++)
		cpu_ns += threads->places[i].last.sums.cpu_ns;
	return cpu_ns;
}

uint32_t threads_new_process(struct threads *threads)
{
	if (threads->process_told == threads->process_count)
		return 0;
	return threads->processes[threads->process_told++];
}
