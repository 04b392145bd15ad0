/* SPDX-License-Identifier: MIT */
#include "plan/window.h"

#include <errno.h>
#include <stdlib.h>

#include "plan/arrival.h"

static void divide_evenly(struct plan *plan)
{
	for (size_t i = 0; i < plan->worker_count; i++)
		plan->workers[i].requests = plan->requests / plan->worker_count +
					    (i < plan->requests % plan->worker_count);
}

/* Of the arrivals [0, count) of the run, those that are the worker's: i mod workers = worker. */
static uint64_t share_of(const struct plan *plan, size_t worker, uint64_t count)
{
	return count / plan->worker_count + (worker < count % plan->worker_count);
}

static void fit_constant(struct plan *plan)
{
	uint64_t first = arrival_constant_before(plan->rate_mrps, plan->warmup_ns);
	uint64_t needed_ns = arrival_constant_ns(plan->rate_mrps, first + plan->requests) -
			     plan->warmup_ns;

	if (plan->duration_ns <= needed_ns)
		plan->requests = arrival_constant_before(
					 plan->rate_mrps, plan->warmup_ns + plan->duration_ns) -
				 first;
	else
		plan->duration_ns = needed_ns;
	for (size_t i = 0; i < plan->worker_count; i++)
		plan->workers[i].requests = share_of(plan, i, first + plan->requests) -
					    share_of(plan, i, first);
}

/* Advances to the first arrival at or after time_ns; returns how many were passed. */
static uint64_t pass(struct arrival *arrival, uint64_t time_ns)
{
	uint64_t passed = 0;

	while (arrival->next_ns < time_ns) {
		arrival_advance(arrival);
		passed++;
	}
	return passed;
}

static struct arrival *earliest(struct arrival *arrivals, size_t count)
{
	struct arrival *first = &arrivals[0];

	for (size_t i = 1; i < count; i++) {
		if (arrivals[i].next_ns < first->next_ns)
			first = &arrivals[i];
	}
	return first;
}

/*
 * A moment that lies before the last of the requests, with the certainty of eight standard
 * deviations of a Poisson count: up to there the workers' processes are replayed one by one, and
 * only the rest is merged arrival by arrival.
 */
static uint64_t surely_inside(const struct plan *plan)
{
	double requests = (double)plan->requests;
	double low = requests - 8 * __builtin_sqrt(requests);

	if (low <= 0)
		return plan->warmup_ns;
	return plan->warmup_ns + (uint64_t)(low * 1e12 / (double)plan->rate_mrps);
}

/* Counts into workers[].requests and returns the arrivals in [warmup, until). */
static uint64_t replay(struct plan *plan, struct arrival *arrivals, uint64_t until_ns)
{
	uint64_t total = 0;

	for (size_t i = 0; i < plan->worker_count; i++) {
		arrival_init(&arrivals[i], plan, i);
		pass(&arrivals[i], plan->warmup_ns);
		plan->workers[i].requests = pass(&arrivals[i], until_ns);
		total += plan->workers[i].requests;
	}
	return total;
}

static void fit_poisson(struct plan *plan, struct arrival *arrivals)
{
	uint64_t total, last_ns = 0;
	struct arrival *next;

	/* The processes as they are, bounded by the duration alone. */
	plan->has_requests = false;
	total = replay(plan, arrivals, surely_inside(plan));
	if (total > plan->requests) /* the one seed in 10^15 */
		total = replay(plan, arrivals, plan->warmup_ns);
	next = earliest(arrivals, plan->worker_count);
	while (total < plan->requests && next->next_ns != ARRIVAL_NONE) {
		plan->workers[next - arrivals].requests++;
		total++;
		last_ns = next->next_ns;
		arrival_advance(next);
		next = earliest(arrivals, plan->worker_count);
	}
	plan->has_requests = true;
	plan->requests = total;
	if (next->next_ns == ARRIVAL_NONE)
		return;
	/* Two arrivals of different workers may share a nanosecond. */
	plan->duration_ns = (next->next_ns > last_ns ? next->next_ns : last_ns + 1) -
			    plan->warmup_ns;
}

int window_fit(struct plan *plan, struct err *err)
{
	struct arrival *arrivals;

	if (!plan->has_requests)
		return 0;
	if (!plan->open_loop) {
		divide_evenly(plan);
		return 0;
	}
	if (plan->arrival == SCENARIO_CONSTANT) {
		fit_constant(plan);
		return 0;
	}
	arrivals = calloc(plan->worker_count, sizeof(*arrivals));
	if (!arrivals)
		return err_set_errno(err, ERR_ENVIRONMENT, -ENOMEM, "cannot plan the arrivals");
	fit_poisson(plan, arrivals);
	free(arrivals);
	return 0;
}
