/* SPDX-License-Identifier: MIT */
#include "engine/outcome.h"

#include "engine/stamp.h"

/* A request whose intended time lies ahead of the clock read (a stop in the same turn) has age 0.
 */
static uint64_t age(uint64_t since_ns, uint64_t now_ns)
{
	return now_ns > since_ns ? now_ns - since_ns : 0;
}

static struct request *take(struct worker *worker, uint32_t index)
{
	struct request *request = &worker->requests[index];

	index_list_remove(&worker->unanswered, worker->request_links, index);
	worker->in_flight--;
	request->state = REQUEST_FREE;
	return request;
}

/* RFC 9110, 15: a status of 600 or more is to be taken as one of 5xx. */
static enum counter status_outcome(uint16_t status)
{
	if (status < 400)
		return COUNTER_OUTCOME_OK;
	return status < 500 ? COUNTER_OUTCOME_4XX : COUNTER_OUTCOME_5XX;
}

/* What the kernel can be asked about it by: the connection and where its first byte was in it. */
static void keep_slow(struct worker *worker, uint32_t index, uint64_t service_ns, uint64_t done_ns)
{
	const struct request *request = &worker->requests[index];
	const struct conn *conn = &worker->conns[index / worker->plan->pipeline];
	struct slowest_row row = {.service_ns = service_ns,
		.intended_ns = request->intended_ns,
		.sent_ns = request->sent_ns,
		.done_ns = done_ns,
		.offset_bytes = request->offset_bytes,
		.local_port = conn->local_port,
		.address = conn->address};

	slowest_insert(&worker->slowest, &row);
}

void outcome_completed(struct worker *worker, uint32_t index, uint64_t done_ns, uint16_t status)
{
	struct request *request = take(worker, index);
	struct stats_request *stats = worker_phase_stats(worker, request->phase);
	uint64_t service_ns = age(request->sent_ns, done_ns);

	hist_record(&stats->total, age(request->intended_ns, done_ns));
	hist_record(&stats->service, service_ns);
	if (worker->stamp.asked)
		stamp_completed(worker, request, done_ns);
	if (worker->slowest.capacity && request->phase == STATS_MEASURED &&
		slowest_wants(&worker->slowest, service_ns))
		keep_slow(worker, index, service_ns, done_ns);
	COUNT(&stats->counters, COUNTER_COMPLETED);
	COUNT(&stats->counters, status_outcome(status));
	COUNT_STATUS(&stats->counters, status);
	if (done_ns < worker->window_until_ns)
		COUNT(&worker_phase_stats(worker, worker_phase_of(worker, done_ns))->counters,
			COUNTER_WINDOW_COMPLETED);
	worker->last_done_ns = done_ns;
}

void outcome_failed(struct worker *worker, uint32_t index, uint64_t now_ns, enum counter failure)
{
	struct request *request = take(worker, index);
	struct stats_request *stats = worker_phase_stats(worker, request->phase);

	hist_record(&stats->failure, age(request->intended_ns, now_ns));
	COUNT(&stats->counters, failure);
	worker->last_done_ns = now_ns;
}

/* What never answered enters at its age, so that a stalled server cannot look fast. */
static void record_censored(struct worker *worker, const struct request *request, uint64_t now_ns)
{
	struct stats_request *stats = worker_phase_stats(worker, request->phase);

	hist_record_censored(&stats->total, age(request->intended_ns, now_ns));
	hist_record_censored(&stats->service, age(request->sent_ns, now_ns));
}

void outcome_timed_out(struct worker *worker, uint32_t index, uint64_t now_ns)
{
	struct request *request = take(worker, index);
	struct stats_request *stats = worker_phase_stats(worker, request->phase);

	record_censored(worker, request, now_ns);
	COUNT(&stats->counters, COUNTER_TIMED_OUT);
	worker->last_done_ns = now_ns;
}

void outcome_dropped(struct worker *worker, uint64_t intended_ns, uint64_t now_ns, enum counter why)
{
	struct stats_request *stats = worker_phase_stats(
		worker, worker_phase_of(worker, intended_ns));

	/* One dropped by the limit never waited: it has no age to tell. */
	if (why != COUNTER_DROPPED_LIMIT)
		hist_record_censored(&stats->total, age(intended_ns, now_ns));
	COUNT(&stats->counters, why);
}

void outcome_unsent(struct worker *worker, uint64_t intended_ns, uint64_t now_ns)
{
	struct stats_request *stats = worker_phase_stats(
		worker, worker_phase_of(worker, intended_ns));

	hist_record_censored(&stats->total, age(intended_ns, now_ns));
	COUNT(&stats->counters, COUNTER_UNSENT);
}

void outcome_in_flight(struct worker *worker, uint32_t index, uint64_t now_ns)
{
	struct request *request = take(worker, index);
	struct stats_request *stats = worker_phase_stats(worker, request->phase);

	record_censored(worker, request, now_ns);
	COUNT(&stats->counters, COUNTER_IN_FLIGHT);
}
