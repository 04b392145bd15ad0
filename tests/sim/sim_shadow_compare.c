/* SPDX-License-Identifier: MIT */
#include "tests/sim/sim_shadow.h"

#include <inttypes.h>
#include <string.h>

#include "tests/sim/fake_log.h"

static const char *const phase_names[] = {"warm-up", "measured"};

static const char *const health_names[HEALTH_COUNT] = {"busy_ns", "spin_ns", "wait_ns", "loops",
	"enters", "completions", "enobufs", "rearmed", "stale", "sends", "zero_copy", "reported",
	"copied", "cq_overflow"};

static void compare_hist(const struct hist *hist, const struct shadow_hist *wanted,
	const char *phase, const char *name, bool at_end)
{
	uint64_t min_ns = wanted->count ? wanted->min_ns : UINT64_MAX;

	if (hist->sum_ns != wanted->sum_ns || hist->min_ns != min_ns ||
		hist->max_ns != wanted->max_ns || hist->censored != wanted->censored)
		fake_log_fail("%s %s: sum %" PRIu64 " min %" PRIu64 " max %" PRIu64
			      " censored %" PRIu64 "; expected %" PRIu64 " %" PRIu64 " %" PRIu64
			      " %" PRIu64 " of %" PRIu64,
			phase, name, hist->sum_ns, hist->min_ns, hist->max_ns, hist->censored,
			wanted->sum_ns, min_ns, wanted->max_ns, wanted->censored, wanted->count);
	if (at_end && hist_count(hist) != wanted->count)
		fake_log_fail("%s %s: %" PRIu64 " samples, expected %" PRIu64, phase, name,
			hist_count(hist), wanted->count);
}

static void compare_phase(const struct stats_request *stats, const struct shadow_phase *wanted,
	const char *name, bool at_end)
{
	for (unsigned int i = 0; i < COUNTER_COUNT; i++)
		if (stats->counters.value[i] != wanted->value[i])
			fake_log_fail("%s %s (%u): %" PRIu64 ", expected %" PRIu64, name,
				counter_key((enum counter)i), i, stats->counters.value[i],
				wanted->value[i]);
	for (unsigned int i = 0; at_end && i < COUNTERS_STATUS_LIMIT; i++)
		if (stats->counters.status[i] != wanted->status[i])
			fake_log_fail("%s status %u: %" PRIu64 ", expected %" PRIu64, name, i,
				stats->counters.status[i], wanted->status[i]);
	compare_hist(&stats->total, &wanted->total, name, "total", at_end);
	compare_hist(&stats->service, &wanted->service, name, "service", at_end);
	compare_hist(
		&stats->connection_wait, &wanted->connection_wait, name, "connection_wait", at_end);
	compare_hist(&stats->send_lag, &wanted->send_lag, name, "send_lag", at_end);
	compare_hist(&stats->failure, &wanted->failure, name, "failure", at_end);
	compare_hist(&stats->until_arrival, &wanted->until_arrival, name, "until_arrival", at_end);
	compare_hist(&stats->client_queue, &wanted->client_queue, name, "client_queue", at_end);
}

/* value within [wanted, wanted + uncertain]. */
static void compare_about(const char *name, uint64_t value, uint64_t wanted, uint64_t uncertain)
{
	if (value < wanted || value > wanted + uncertain)
		fake_log_fail("%s: %" PRIu64 ", expected %" PRIu64 " to %" PRIu64, name, value,
			wanted, wanted + uncertain);
}

static void compare_states(const struct shadow *shadow)
{
	static const enum shadow_state states[] = {[CONN_DOWN] = SHADOW_DOWN,
		[CONN_CONNECTING] = SHADOW_CONNECTING,
		[CONN_OPEN] = SHADOW_OPEN,
		[CONN_CLOSING] = SHADOW_CLOSING};
	const struct worker *worker = shadow->worker;

	for (uint32_t i = 0; i < shadow->place->connections; i++) {
		const struct conn *conn = &worker->conns[i];
		const struct shadow_conn *wanted = &shadow->conns[i];

		if (states[conn->state] != wanted->state)
			fake_log_fail(
				"slot %u: state %u, expected %u", i, conn->state, wanted->state);
		if (shadow->life != SHADOW_DONE && conn->outstanding != wanted->count)
			fake_log_fail("slot %u: %u outstanding, expected %u", i, conn->outstanding,
				wanted->count);
	}
	if (worker->margin.ns != shadow->margin_ns)
		fake_log_fail("a margin of %" PRIu64 ", expected %" PRIu64, worker->margin.ns,
			shadow->margin_ns);
	if (shadow->life != SHADOW_DONE && worker->in_flight != shadow->in_flight)
		fake_log_fail("%" PRIu64 " in flight, expected %" PRIu64, worker->in_flight,
			shadow->in_flight);
}

/* Attempts that are still under way. */
static uint64_t connecting_to(const struct worker *worker, size_t address)
{
	uint64_t count = 0;

	for (uint32_t i = 0; i < worker->place->connections; i++)
		count += worker->conns[i].address == address &&
			 (worker->conns[i].armed & CONN_ARMED_CONNECT);
	return count;
}

static void compare_addresses(const struct shadow *shadow)
{
	static const char *const names[ADDRESS_COUNTER_COUNT] = {
		"attempted", "established", "failed", "completed", "requests failed", "timed out"};
	const struct worker *worker = shadow->worker;
	const uint64_t *total = worker->stats->connections.value;
	uint64_t failed = 0, attempted = 0;

	for (size_t a = 0; a < shadow->plan->address_count; a++) {
		const uint64_t *value = worker->addresses[a].value;
		uint64_t ended = value[ADDRESS_ESTABLISHED] + value[ADDRESS_FAILED];

		for (unsigned int i = ADDRESS_ESTABLISHED; i < ADDRESS_COUNTER_COUNT; i++)
			compare_about(names[i], value[i], shadow->addresses[a].value[i],
				i == ADDRESS_FAILED ? shadow->socketless : 0);
		compare_about(names[ADDRESS_ATTEMPTED], value[ADDRESS_ATTEMPTED],
			ended + connecting_to(worker, a), 0);
		attempted += value[ADDRESS_ATTEMPTED];
		failed += value[ADDRESS_FAILED];
	}
	compare_about("attempted over all addresses", attempted, total[CONNECTION_ATTEMPTED], 0);
	compare_about("failed over all addresses", failed,
		total[CONNECTION_FAILED_REFUSED] + total[CONNECTION_FAILED_TIMEOUT] +
			total[CONNECTION_FAILED_UNREACHABLE] + total[CONNECTION_FAILED_NO_PORT] +
			total[CONNECTION_FAILED_NO_FD],
		0);
}

/* What the identities promise, among the worker's own figures. */
static void check_identity(const struct stats_request *stats, const char *name, bool asked)
{
	const uint64_t *value = stats->counters.value;
	uint64_t given_up = value[COUNTER_TIMED_OUT] + value[COUNTER_IN_FLIGHT];
	uint64_t dropped = value[COUNTER_DROPPED_EXPIRED] + value[COUNTER_DROPPED_NO_CONNECTION];
	const char *broken;

	if (!counters_identity(&stats->counters, &broken))
		fake_log_fail("%s: %s", name, broken);
	if (hist_count(&stats->total) !=
		value[COUNTER_COMPLETED] + given_up + dropped + value[COUNTER_UNSENT])
		fake_log_fail("%s: the samples of total are not those that have an age", name);
	if (hist_count(&stats->service) != value[COUNTER_COMPLETED] + given_up)
		fake_log_fail("%s: the samples of service are not those that were sent", name);
	if (hist_count(&stats->failure) != counters_failed(&stats->counters))
		fake_log_fail("%s: the samples of failure are not the failed", name);
	if (hist_count(&stats->send_lag) != value[COUNTER_SENT] ||
		hist_count(&stats->connection_wait) != value[COUNTER_SENT])
		fake_log_fail("%s: send_lag or connection_wait lacks one that was sent", name);
	if (asked && (hist_count(&stats->client_queue) + value[COUNTER_UNSTAMPED] !=
				     value[COUNTER_COMPLETED] ||
			     hist_count(&stats->until_arrival) != hist_count(&stats->client_queue)))
		fake_log_fail("%s: a completed one is neither stamped nor unstamped", name);
}

static void compare_end(const struct shadow *shadow)
{
	const struct worker *worker = shadow->worker;
	bool odd = shadow->connections[CONNECTION_UNSOLICITED] > 0;

	for (unsigned int i = 0; i < STATS_PHASE_COUNT; i++)
		odd |= shadow->phase[i].value[COUNTER_FAILED_PARSE] > 0;
	if ((worker->odd_reason != NULL) != odd || (worker->odd_byte_count > 0) != odd)
		fake_log_fail("%zu odd bytes, expected %s", worker->odd_byte_count,
			odd ? "some" : "none");
	if (worker->window_end_ns != shadow->window_end_ns)
		fake_log_fail("the window ended at %" PRIu64 ", expected %" PRIu64,
			worker->window_end_ns, shadow->window_end_ns);
}

void sim_shadow_compare(const struct shadow *shadow, const struct ring *ring, bool at_end)
{
	const struct stats *stats = shadow->worker->stats;

	compare_states(shadow);
	compare_addresses(shadow);
	shadow_slowest_compare(shadow, at_end);
	for (unsigned int i = 0; i < STATS_PHASE_COUNT; i++) {
		compare_phase(&stats->phase[i], &shadow->phase[i], phase_names[i], at_end);
		if (at_end)
			check_identity(
				&stats->phase[i], phase_names[i], shadow->plan->rx_timestamps);
	}
	for (unsigned int i = 0; i < CONNECTION_COUNTER_COUNT; i++)
		compare_about(connection_counter_key((enum connection_counter)i),
			stats->connections.value[i], shadow->connections[i],
			i == CONNECTION_REPLACED ? shadow->uncertain_replaced : 0);
	for (unsigned int i = 0; i < HEALTH_CQ_OVERFLOW; i++)
		compare_about(health_names[i], stats->health.value[i], shadow->health[i],
			i == HEALTH_STALE ? shadow->uncertain_stale : 0);
	if (at_end)
		compare_about("cq_overflow", stats->health.value[HEALTH_CQ_OVERFLOW],
			ring_overflows(ring) - shadow->overflows_before, 0);
	if (at_end)
		compare_end(shadow);
	compare_hist(&stats->connect, &shadow->connect, "", "connect", at_end);
	compare_hist(&stats->loop, &shadow->loop, "", "loop", at_end);
}
