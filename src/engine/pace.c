/* SPDX-License-Identifier: MIT */
#include "engine/pace.h"

#include "base/clock.h"
#include "engine/churn.h"
#include "engine/conn.h"
#include "engine/launch.h"
#include "engine/phase.h"

/* From here on submitting alone takes so long that waiting in the same enter would hide it. */
#define SPLIT_ENTER_SENDS 4

static void earlier(uint64_t *wake_ns, uint64_t at_ns)
{
	if (at_ns < *wake_ns)
		*wake_ns = at_ns;
}

/* When the next arrival wants attention; it need not, while no connection could take it. */
static uint64_t next_due(const struct worker *worker)
{
	bool takes = !index_list_empty(&worker->available) ||
		     worker->plan->max_in_flight_per_worker != UINT64_MAX;

	if (worker->phase != WORKER_RUNNING && worker->phase != WORKER_READY)
		return UINT64_MAX;
	if (worker->start_ns == UINT64_MAX)
		return UINT64_MAX;
	/* The start may have passed since the phase was looked at: then it is due now. */
	if (worker->phase == WORKER_READY && !worker->plan->open_loop)
		return worker->start_ns;
	if (!worker->plan->open_loop || !takes || worker->due.next_ns == ARRIVAL_NONE)
		return UINT64_MAX;
	return worker->start_ns + worker->due.next_ns;
}

/* When anything else does. */
static uint64_t next_other(const struct worker *worker)
{
	uint64_t wake_ns = worker->tick_ns;

	if (!index_list_empty(&worker->unanswered))
		earlier(&wake_ns, worker->requests[worker->unanswered.first].sent_ns +
					  worker->plan->timeout_ns);
	if (worker->backlog.count)
		earlier(&wake_ns, worker->start_ns + backlog_oldest(&worker->backlog) +
					  worker->plan->timeout_ns);
	if (worker->phase == WORKER_ESTABLISHING)
		earlier(&wake_ns, worker->next_connect_ns);
	if (worker->phase == WORKER_RUNNING)
		earlier(&wake_ns, worker->end_ns);
	if (worker->phase == WORKER_DRAINING)
		earlier(&wake_ns, worker->drain_until_ns);
	return wake_ns;
}

static void spin(struct worker *worker, uint64_t due_ns, uint64_t until_ns)
{
	uint64_t begun_ns = worker->now_ns;

	margin_spins(&worker->margin, due_ns, due_ns - begun_ns);
	/* With deferred task work a response stays unseen until an enter: watch for the kernel's
	 * flag. */
	while (worker->now_ns < until_ns && !ring_pending(worker->ring)) {
		clock_relax();
		worker->now_ns = clock_now_ns();
	}
	COUNT_BY(&worker->stats->health, HEALTH_SPIN_NS, worker->now_ns - begun_ns);
}

/* How long the coming enter may wait, or that the time until spin_until_ns is spun instead. */
struct pace {
	uint64_t wait_ns;
	bool spins;
	uint64_t due_ns, spin_until_ns;
};

static struct pace decide(const struct worker *worker)
{
	uint64_t due_ns = next_due(worker);
	uint64_t wake_ns = next_other(worker);
	uint64_t margin_ns = worker->plan->pacing == SCENARIO_PACING_AUTO ? worker->margin.ns : 0;

	if (worker->churn.gap_ns)
		earlier(&due_ns, launch_next_connect(worker));
	if (launch_pending(worker) || due_ns <= worker->now_ns || wake_ns <= worker->now_ns ||
		phase_awaits_start(worker))
		return (struct pace){0};
	if (worker->plan->pacing == SCENARIO_PACING_SPIN || due_ns - worker->now_ns <= margin_ns)
		return (struct pace){.spins = true,
			.due_ns = due_ns,
			.spin_until_ns = due_ns < wake_ns ? due_ns : wake_ns};
	if (due_ns != UINT64_MAX)
		earlier(&wake_ns, due_ns - margin_ns);
	return (struct pace){.wait_ns = wake_ns - worker->now_ns};
}

static void enter(struct worker *worker, uint64_t wait_ns)
{
	uint64_t before_ns = worker->now_ns;
	int code = ring_enter(worker->ring, wait_ns);

	worker->now_ns = clock_now_ns();
	/* A wait is no loss of resolution: a completion ends it. Before the start nothing is
	 * measured. */
	if (worker->phase >= WORKER_RUNNING)
		hist_record(&worker->stats->loop,
			(wait_ns ? before_ns : worker->now_ns) - worker->reaped_ns);
	if (wait_ns && worker->now_ns - before_ns >= wait_ns)
		margin_waited(&worker->margin, worker->now_ns - before_ns - wait_ns);
	worker->reaped_ns = worker->now_ns;
	COUNT(&worker->stats->health, HEALTH_ENTERS);
	if (worker->unasked_count)
		conn_learn_ports(worker);
	if (code) {
		worker->fault = code;
		phase_finish(worker);
	}
}

void pace_enter(struct worker *worker)
{
	bool heavy = worker->queued_sends >= SPLIT_ENTER_SENDS;
	struct pace pace;

	worker->now_ns = clock_now_ns();
	launch_stamp(worker, worker->now_ns);
	if (worker->churn.on)
		churn_stamp(worker, worker->now_ns);
	pace = decide(worker);
	if (!pace.spins) {
		enter(worker, heavy ? 0 : pace.wait_ns);
		return;
	}
	if (ring_submission_space(worker->ring) < WORKER_SUBMISSION_ENTRIES) {
		enter(worker, 0);
		return;
	}
	spin(worker, pace.due_ns, pace.spin_until_ns);
	worker->reaped_ns = worker->now_ns; /* it looked all the time */
	if (ring_pending(worker->ring))
		enter(worker, 0);
}
