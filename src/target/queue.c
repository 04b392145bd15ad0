/* SPDX-License-Identifier: MIT */
#include "target/queue.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "target/service.h"
#include "target/share.h"

#define FIRST_FINISHES 1024U
/* Nanoseconds of a second times the thousandths a capacity is written in. */
#define NS_MRPS (NS_PER_S * 1000)

/* A moment or a time: ns + part / parts of a nanosecond, part < parts. */
struct moment {
	uint64_t ns, part;
};

struct queue {
	struct queue_options options;
	pthread_mutex_t mutex;
	/* What divides both service times without a rest: capacity times degraded share. */
	uint64_t parts;
	struct moment usual, degraded; /* what a server takes for a request */

	struct moment *free; /* of each server: a heap, the earliest first */

	/* Finishes of those in the queue, in their order: a circle that grows when it must. */
	uint64_t *finishes;
	uint32_t finish_room, first, length;

	/* The slower server: what it takes for a request, when it is done, and since when it has
	 * work without a pause. */
	uint64_t sustained_ns, sustained_until_ns, strained_from_ns;

	uint64_t latest_ns; /* the latest moment anybody named */
	uint64_t degraded_until_ns;
	uint64_t longest, entered, refused, overloads;
};

static struct moment quotient(unsigned __int128 dividend, uint64_t parts)
{
	return (struct moment){
		.ns = (uint64_t)(dividend / parts), .part = (uint64_t)(dividend % parts)};
}

static bool before(struct moment a, struct moment b)
{
	return a.ns < b.ns || (a.ns == b.ns && a.part < b.part);
}

/* parts is at most 10^15, so the sum of two parts fits. */
static struct moment sum(struct moment a, struct moment b, uint64_t parts)
{
	struct moment result = {.ns = a.ns + b.ns, .part = a.part + b.part};

	if (result.part >= parts) {
		result.part -= parts;
		result.ns++;
	}
	return result;
}

int queue_check(const struct queue_options *options, struct err *err)
{
	unsigned __int128 slowest = (unsigned __int128)options->servers * NS_MRPS * SHARE_WHOLE;

	slowest /= (unsigned __int128)options->capacity_mrps * options->degraded_share;
	if (slowest > SERVICE_LONGEST_NS)
		return err_set(err, ERR_USAGE, -ERANGE,
			"a request would take longer than 1h: write a larger capacity or degraded "
			"share, or fewer servers");
	return 0;
}

struct queue *queue_new(const struct queue_options *options)
{
	struct queue *queue = calloc(1, sizeof(*queue));
	unsigned __int128 servers_ns = (unsigned __int128)options->servers * NS_MRPS;

	assert(options->capacity_mrps && options->capacity_mrps <= QUEUE_CAPACITY_LIMIT_MRPS);
	assert(options->servers && options->servers <= QUEUE_SERVER_LIMIT);
	assert(options->degraded_share && options->degraded_share <= SHARE_WHOLE);
	assert(options->sustained_share && options->sustained_share <= SHARE_WHOLE);
	assert(options->refuse_above && options->refuse_above <= QUEUE_LENGTH_LIMIT);
	if (!queue)
		return NULL;
	queue->options = *options;
	queue->parts = options->capacity_mrps * options->degraded_share;
	queue->usual = quotient(servers_ns * options->degraded_share, queue->parts);
	queue->degraded = quotient(servers_ns * SHARE_WHOLE, queue->parts);
	queue->sustained_ns = (uint64_t)((unsigned __int128)NS_MRPS * SHARE_WHOLE /
					 options->capacity_mrps / options->sustained_share);
	queue->free = calloc(options->servers, sizeof(*queue->free));
	queue->finish_room = FIRST_FINISHES;
	queue->finishes = calloc(queue->finish_room, sizeof(*queue->finishes));
	pthread_mutex_init(&queue->mutex, NULL);
	if (queue->free && queue->finishes)
		return queue;
	queue_free(queue);
	return NULL;
}

void queue_free(struct queue *queue)
{
	if (!queue)
		return;
	pthread_mutex_destroy(&queue->mutex);
	free(queue->free);
	free(queue->finishes);
	free(queue);
}

/* --- who is in the queue ------------------------------------------------------------------ */

static uint64_t *finish_at(struct queue *queue, uint32_t place)
{
	return &queue->finishes[(queue->first + place) % queue->finish_room];
}

static void let_go(struct queue *queue, uint64_t now_ns)
{
	if (now_ns > queue->latest_ns)
		queue->latest_ns = now_ns;
	while (queue->length && *finish_at(queue, 0) <= queue->latest_ns) {
		queue->first = (queue->first + 1) % queue->finish_room;
		queue->length--;
	}
}

static bool grow(struct queue *queue)
{
	uint64_t *grown = calloc(queue->finish_room, 2 * sizeof(*grown));

	if (!grown)
		return false;
	for (uint32_t i = 0; i < queue->length; i++)
		grown[i] = *finish_at(queue, i);
	free(queue->finishes);
	queue->finishes = grown;
	queue->finish_room *= 2;
	queue->first = 0;
	return true;
}

/*
 * The last is the latest, except when the capacity has just come back: then one of several servers
 * may be done with a later request before another is with an earlier, slower one. No more than the
 * servers' number of requests are passed.
 */
static void keep(struct queue *queue, uint64_t finish_ns)
{
	uint32_t place = queue->length++;

	for (; place && *finish_at(queue, place - 1) > finish_ns; place--)
		*finish_at(queue, place) = *finish_at(queue, place - 1);
	*finish_at(queue, place) = finish_ns;
	if (queue->length > queue->longest)
		queue->longest = queue->length;
}

/* --- serving ------------------------------------------------------------------------------ */

/* The first of the heap takes another value, and its place. */
static void replace_first(struct queue *queue, struct moment value)
{
	struct moment *heap = queue->free;
	uint32_t place = 0, count = queue->options.servers;

	for (;;) {
		uint32_t child = 2 * place + 1;

		if (child + 1 < count && before(heap[child + 1], heap[child]))
			child++;
		if (child >= count || !before(heap[child], value))
			break;
		heap[place] = heap[child];
		place = child;
	}
	heap[place] = value;
}

static bool is_degraded(const struct queue *queue, uint64_t now_ns)
{
	return now_ns < queue->degraded_until_ns;
}

/* Whether the load has been above the sustained share for too long. */
static bool is_tired(struct queue *queue, uint64_t now_ns)
{
	if (queue->options.sustained_share == SHARE_WHOLE)
		return false;
	if (now_ns >= queue->sustained_until_ns)
		queue->sustained_until_ns = queue->strained_from_ns = now_ns;
	queue->sustained_until_ns += queue->sustained_ns;
	return now_ns - queue->strained_from_ns >= queue->options.endurance_ns;
}

static void note_overload(struct queue *queue, uint64_t now_ns)
{
	bool tired = is_tired(queue, now_ns);

	if (queue->options.degraded_share == SHARE_WHOLE ||
		(queue->length <= queue->options.overload_above && !tired))
		return;
	queue->overloads += !is_degraded(queue, now_ns);
	queue->degraded_until_ns = now_ns + queue->options.recovery_ns;
}

static uint64_t serve(struct queue *queue, uint64_t arrival_ns)
{
	struct moment start = {.ns = arrival_ns}, finish;
	bool slow = is_degraded(queue, queue->latest_ns);

	if (before(start, queue->free[0]))
		start = queue->free[0];
	finish = sum(start, slow ? queue->degraded : queue->usual, queue->parts);
	replace_first(queue, finish);
	return finish.ns + (finish.part > 0);
}

bool queue_enter(struct queue *queue, uint64_t arrival_ns, uint64_t *finish_ns)
{
	bool enters;

	pthread_mutex_lock(&queue->mutex);
	let_go(queue, arrival_ns);
	note_overload(queue, queue->latest_ns);
	enters = queue->length < queue->options.refuse_above &&
		 (queue->length < queue->finish_room || grow(queue));
	if (enters) {
		*finish_ns = serve(queue, arrival_ns);
		keep(queue, *finish_ns);
		queue->entered++;
	} else {
		queue->refused++;
	}
	pthread_mutex_unlock(&queue->mutex);
	return enters;
}

void queue_read(struct queue *queue, uint64_t now_ns, struct queue_figures *figures)
{
	pthread_mutex_lock(&queue->mutex);
	let_go(queue, now_ns);
	*figures = (struct queue_figures){.capacity_mrps = queue->options.capacity_mrps,
		.degraded = is_degraded(queue, queue->latest_ns),
		.length = queue->length,
		.longest = queue->longest,
		.entered = queue->entered,
		.refused = queue->refused,
		.overloads = queue->overloads};
	pthread_mutex_unlock(&queue->mutex);
	if (figures->degraded)
		figures->capacity_mrps = figures->capacity_mrps * queue->options.degraded_share /
					 SHARE_WHOLE;
}
