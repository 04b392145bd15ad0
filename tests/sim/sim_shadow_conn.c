/* SPDX-License-Identifier: MIT */
#include "tests/sim/sim_shadow.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "tests/sim/fake_log.h"

#define BACKOFF_FIRST_NS (10 * NS_PER_MS)
#define BACKOFF_LAST_NS  (1000 * NS_PER_MS)
/* Retry times are looked at every 10 ms; the look may just have been. */
#define RETRY_LATE_NS (20 * NS_PER_MS)

/* --- how a request ends -------------------------------------------------------------------- */

static struct shadow_request take_oldest(struct shadow *shadow, struct shadow_conn *conn)
{
	struct shadow_request request = conn->requests[0];

	conn->count--;
	shadow->in_flight--;
	memmove(conn->requests, conn->requests + 1, conn->count * sizeof(*conn->requests));
	return request;
}

/* Of a request of the measured phase. */
static void count_outcome(struct shadow *shadow, const struct shadow_conn *conn,
	const struct shadow_request *request, enum address_counter outcome)
{
	if (request->phase == STATS_MEASURED)
		shadow->addresses[conn->peer->address].value[outcome]++;
}

static void completed(
	struct shadow *shadow, struct shadow_conn *conn, uint16_t status, uint64_t now_ns)
{
	struct shadow_request request = take_oldest(shadow, conn);
	struct shadow_phase *phase = &shadow->phase[request.phase];

	shadow->last_done_ns = now_ns;
	phase->value[COUNTER_COMPLETED]++;
	count_outcome(shadow, conn, &request, ADDRESS_COMPLETED);
	phase->status[status]++;
	shadow_count_in_window(shadow, COUNTER_WINDOW_COMPLETED, now_ns);
	phase->value[status < 400   ? COUNTER_OUTCOME_OK
		     : status < 500 ? COUNTER_OUTCOME_4XX
				    : COUNTER_OUTCOME_5XX]++;
	shadow_record(&phase->total, now_ns - request.intended_ns, false);
	shadow_record(&phase->service, now_ns - request.sent_ns, false);
	shadow_stamp_completed(shadow, &request, now_ns);
	shadow_slowest_completed(shadow, conn, &request, now_ns);
	conn->served = true;
}

void shadow_break(
	struct shadow *shadow, struct shadow_conn *conn, enum counter failure, uint64_t now_ns)
{
	while (conn->count) {
		struct shadow_request request = take_oldest(shadow, conn);
		struct shadow_phase *phase = &shadow->phase[request.phase];

		shadow->last_done_ns = now_ns;
		phase->value[failure]++;
		count_outcome(shadow, conn, &request,
			failure == COUNTER_TIMED_OUT ? ADDRESS_TIMED_OUT : ADDRESS_REQUESTS_FAILED);
		if (failure == COUNTER_TIMED_OUT) {
			shadow_record(&phase->total, now_ns - request.intended_ns, true);
			shadow_record(&phase->service, now_ns - request.sent_ns, true);
		} else {
			shadow_record(&phase->failure, now_ns - request.intended_ns, false);
		}
		failure = COUNTER_FAILED_COLLATERAL;
	}
	conn->state = SHADOW_CLOSING;
	conn->available = conn->idle = false;
	shadow->last_established_ns = now_ns;
}

/* --- bytes --------------------------------------------------------------------------------- */

/* The answer that ended lies behind; the connection may be over with it. */
static bool answered(struct shadow *shadow, struct shadow_conn *conn,
	const struct fake_message *message, uint64_t now_ns)
{
	completed(shadow, conn, message->status, now_ns);
	conn->answer_begin = message->end;
	if (message->keep_alive) {
		shadow_become_available(shadow, conn, now_ns);
		return true;
	}
	/* With --no-keepalive it was asked for. */
	shadow->connections[CONNECTION_CLOSED_BY_PEER] += !shadow->plan->no_keepalive;
	shadow_break(shadow, conn, COUNTER_FAILED_COLLATERAL, now_ns);
	return false;
}

/* The server's stream was read up to `until`. */
static void feed(struct shadow *shadow, struct shadow_conn *conn, uint64_t until, uint64_t now_ns)
{
	while (conn->count && conn->message < conn->peer->message_count) {
		const struct fake_message *message = &conn->peer->messages[conn->message];

		if (message->error_at < until) {
			shadow_break(shadow, conn, COUNTER_FAILED_PARSE, now_ns);
			return;
		}
		if (message->end > until)
			return;
		conn->message++;
		conn->stream_bytes = message->end;
		if (!message->interim && !answered(shadow, conn, message, now_ns))
			return;
	}
	if (conn->count || conn->stream_bytes == until)
		return;
	shadow->connections[CONNECTION_UNSOLICITED]++;
	shadow_break(shadow, conn, COUNTER_FAILED_COLLATERAL, now_ns);
}

static void bytes_came(struct shadow *shadow, struct shadow_conn *conn,
	const struct fake_completion *completion, uint64_t now_ns)
{
	enum stats_phase phase = conn->count ? conn->requests[0].phase : STATS_MEASURED;

	if (conn->state != SHADOW_OPEN)
		return;
	*shadow_counter(shadow, phase, COUNTER_BYTES_RECEIVED) += (uint64_t)completion->seen.result;
	conn->read_bytes = completion->stream_bytes;
	feed(shadow, conn, completion->stream_bytes, now_ns);
}

/* A byte of the answer to the oldest request was read. */
static bool inside(const struct shadow_conn *conn)
{
	return conn->count && conn->read_bytes > conn->answer_begin;
}

static void peer_ended(struct shadow *shadow, struct shadow_conn *conn, uint64_t now_ns)
{
	const struct fake_message *message = conn->message < conn->peer->message_count
						     ? &conn->peer->messages[conn->message]
						     : NULL;

	shadow->connections[CONNECTION_CLOSED_BY_PEER]++;
	if (!inside(conn)) {
		shadow_break(shadow, conn, COUNTER_FAILED_CLOSED, now_ns);
	} else if (message && message->body_at <= conn->read_bytes) {
		completed(shadow, conn, message->status, now_ns);
		shadow_break(shadow, conn, COUNTER_FAILED_COLLATERAL, now_ns);
	} else {
		shadow_break(shadow, conn, COUNTER_FAILED_SHORT, now_ns);
	}
}

/* Not while a cancel is under way: it might end the new receive too. */
static void arm_again(struct shadow *shadow, struct shadow_conn *conn)
{
	if (conn->state != SHADOW_OPEN || conn->receiving || conn->looks_again)
		return;
	shadow->health[HEALTH_REARMED]++;
	conn->receiving = true;
	conn->receives++;
}

static void received(struct shadow *shadow, struct shadow_conn *conn,
	const struct fake_completion *completion, uint64_t now_ns)
{
	int result = completion->seen.result;

	if (!(completion->seen.flags & RING_MORE))
		conn->receiving = false;
	if (result > 0) {
		bytes_came(shadow, conn, completion, now_ns);
	} else if (result == -ENOBUFS) {
		shadow->health[HEALTH_ENOBUFS]++;
	} else if (conn->state == SHADOW_OPEN && result == -ECANCELED) {
		/* The worker wants it to look again. */
	} else if (conn->state == SHADOW_OPEN && !result && !conn->reset && !conn->cut) {
		peer_ended(shadow, conn, now_ns);
	} else if (conn->state == SHADOW_OPEN) {
		shadow->connections[CONNECTION_CLOSED_BY_PEER]++;
		shadow_break(shadow, conn,
			inside(conn) ? COUNTER_FAILED_SHORT : COUNTER_FAILED_RESET, now_ns);
	}
	arm_again(shadow, conn);
}

/* --- connections --------------------------------------------------------------------------- */

static enum connection_counter failure_of(int error)
{
	switch (error) {
	case -ECONNREFUSED:
	case -ECONNRESET:
		return CONNECTION_FAILED_REFUSED;
	case -ETIMEDOUT:
	case -ECANCELED:
		return CONNECTION_FAILED_TIMEOUT;
	case -EADDRNOTAVAIL:
		return CONNECTION_FAILED_NO_PORT;
	case -EMFILE:
		return CONNECTION_FAILED_NO_FD;
	default:
		return CONNECTION_FAILED_UNREACHABLE;
	}
}

/* Which slot it was for cannot be seen. */
void shadow_open_failed(struct shadow *shadow, int result)
{
	shadow->connections[failure_of(result)]++;
	shadow->failed_opens++;
	shadow->failed_opens_ever++;
	shadow->socketless++;
	shadow->uncertain_replaced++;
}

void shadow_opened(struct shadow *shadow, int result)
{
	shadow->connections[CONNECTION_ATTEMPTED]++;
	shadow->has_source = shadow->resets = false;
	if (result < 0)
		shadow_open_failed(shadow, result);
}

void shadow_bound(void *watcher, const struct fake_conn *conn, uint32_t source)
{
	struct shadow *shadow = watcher;

	(void)conn;
	shadow->has_source = true;
	shadow->source = source;
}

void shadow_resets(void *watcher, const struct fake_conn *conn)
{
	struct shadow *shadow = watcher;

	(void)conn;
	shadow->resets = true;
}

/* The addresses of the pool come round for each address of the plan; those of several workers
 * interleave. */
static void check_source(struct shadow *shadow, const struct shadow_conn *conn)
{
	const struct source_range *ranges = shadow->plan->sources.ranges;
	uint64_t number = shadow->index +
			  shadow->sources[conn->address]++ * shadow->plan->worker_count;
	uint64_t all = 0;

	for (size_t i = 0; i < shadow->plan->sources.range_count; i++)
		all += ranges[i].count;
	for (number %= all; number >= ranges->count; ranges++)
		number -= ranges->count;
	number += (uint64_t)ranges->first[0] << 24 | (uint64_t)ranges->first[1] << 16 |
		  (uint64_t)ranges->first[2] << 8 | ranges->first[3];
	if (shadow->source != number)
		fake_log_fail(
			"a socket is bound to %08x instead of %08" PRIx64, shadow->source, number);
}

static void check_socket(struct shadow *shadow, const struct shadow_conn *conn)
{
	if (shadow->has_source != (shadow->plan->sources.range_count > 0) ||
		shadow->resets != shadow->plan->reset_on_close)
		fake_log_fail("a socket that is not as asked for");
	/* Where a socket was not to be had, another address is tried next: of which slot? */
	if (shadow->has_source && !shadow->failed_opens_ever)
		check_source(shadow, conn);
}

/* Another address may do better. */
static void connect_failed(struct shadow *shadow, struct shadow_conn *conn, int result)
{
	shadow->connections[failure_of(result)]++;
	conn->address = (conn->address + 1) % shadow->plan->address_count;
}

/* The first connects are paced; a connection that had served comes back at once, others later and
 * later. */
static void check_connect_time(
	const struct shadow *shadow, const struct shadow_conn *conn, uint32_t slot)
{
	uint64_t gap_ns = (uint64_t)(1e9 / shadow->control->connects_per_second);
	uint64_t now_ns = shadow->clock->read_ns;

	if (!shadow_ready(shadow)) {
		if (now_ns < shadow->begun_ns + shadow->first_connects * gap_ns)
			fake_log_fail("slot %u: it is connected faster than asked", slot);
		if (conn->tried)
			fake_log_fail("slot %u: it is attempted again before the start", slot);
		return;
	}
	if (!shadow->failed_opens_ever && now_ns < conn->retry_from_ns)
		fake_log_fail("slot %u: it is connected again before %" PRIu64, slot,
			conn->retry_from_ns);
}

static void down(struct shadow_conn *conn, uint64_t now_ns)
{
	conn->state = SHADOW_DOWN;
	if (!conn->backoff_ns || conn->served)
		conn->backoff_ns = BACKOFF_FIRST_NS;
	conn->retry_from_ns = conn->retry_until_ns = now_ns;
	if (conn->served)
		return;
	conn->retry_from_ns += conn->backoff_ns / 2;
	conn->retry_until_ns += conn->backoff_ns;
	conn->backoff_ns *= 2;
	if (conn->backoff_ns > BACKOFF_LAST_NS)
		conn->backoff_ns = BACKOFF_LAST_NS;
}

void shadow_installed(struct shadow *shadow, uint32_t slot, int result)
{
	struct shadow_conn *conn = &shadow->conns[slot];

	if (shadow->settling)
		fake_log_fail("slot %u: a connect before all was seen that had happened", slot);
	if (conn->state != SHADOW_DOWN)
		fake_log_fail("slot %u: a socket for a connection that is not down", slot);
	check_socket(shadow, conn);
	if (result)
		connect_failed(shadow, conn, result);
	if (shadow->plan->no_keepalive) {
		shadow->socketless += result != 0;
		shadow_churn_dials(shadow, slot, result != 0);
		return;
	}
	check_connect_time(shadow, conn, slot);
	shadow->first_connects += !shadow_ready(shadow);
	conn->tried = true;
	shadow->connections[CONNECTION_REPLACED] += conn->established_once;
	if (!result)
		return;
	shadow->failed_opens++;
	shadow->socketless++;
	conn->served = false;
	down(conn, shadow->clock->read_ns);
}

void shadow_connecting(struct shadow *shadow, uint32_t slot, uint32_t generation)
{
	struct shadow_conn *conn = &shadow->conns[slot];

	if (conn->state != SHADOW_DOWN)
		fake_log_fail("slot %u: a connect that was not due", slot);
	conn->state = SHADOW_CONNECTING;
	conn->dialling = true;
	conn->generation = generation;
	conn->cancelled = conn->served = conn->reconnects = false;
	conn->receiving = conn->sending = conn->reset = conn->looks_again = false;
	conn->rest_due = conn->cut = conn->early = false;
	conn->message = 0;
	conn->stream_bytes = conn->read_bytes = conn->answer_begin = 0;
	conn->receives = conn->armed_receives = 0;
	conn->connect_ns = shadow->clock->read_ns;
}

void shadow_cancelled(struct shadow *shadow, uint32_t slot)
{
	struct shadow_conn *conn = &shadow->conns[slot];

	conn->cancelled = true;
	if (conn->state == SHADOW_OPEN && conn->early && !conn->looks_again) {
		if (conn->early_ns + shadow->plan->timeout_ns > shadow->clock->read_ns)
			fake_log_fail("slot %u: a send was given up before its time", slot);
		shadow_break(shadow, conn, COUNTER_FAILED_SEND, shadow->clock->read_ns);
		return;
	}
	if (conn->state != SHADOW_CONNECTING)
		return;
	if ((shadow->plan->no_keepalive ? conn->requests[0].intended_ns : conn->connect_ns) +
			shadow->plan->timeout_ns >
		shadow->clock->read_ns)
		fake_log_fail("slot %u: a connect was given up before its time", slot);
	conn->state = SHADOW_CLOSING;
}

static void connected(struct shadow *shadow, struct shadow_conn *conn,
	const struct fake_completion *completion, uint64_t now_ns)
{
	int result = completion->seen.result;

	conn->peer = completion->conn;
	conn->dialling = false;
	if (conn->abandoned) {
		conn->abandoned = false;
		return;
	}
	if (conn->peer->address != conn->address && !shadow->failed_opens_ever)
		fake_log_fail("a connect to address %zu instead of %zu", conn->peer->address,
			conn->address);
	if (result || conn->state != SHADOW_CONNECTING) {
		connect_failed(shadow, conn, result ? result : -ECANCELED);
		shadow->addresses[conn->peer->address].value[ADDRESS_FAILED]++;
		conn->state = SHADOW_CLOSING;
		return;
	}
	shadow->connections[CONNECTION_ESTABLISHED]++;
	shadow->addresses[conn->peer->address].value[ADDRESS_ESTABLISHED]++;
	shadow_record(&shadow->connect, now_ns - conn->connect_ns, false);
	conn->state = SHADOW_OPEN;
	conn->receiving = true;
	conn->receives = 1;
	if (shadow->plan->no_keepalive) {
		shadow_churn_connected(shadow, conn, now_ns);
		return;
	}
	conn->established_once = true;
	shadow_become_available(shadow, conn, now_ns);
}

static void sent(struct shadow *shadow, struct shadow_conn *conn,
	const struct fake_completion *completion, uint64_t now_ns)
{
	int result = completion->seen.result;
	bool waits = completion->quiet && result == -EAGAIN;

	conn->sending = false;
	if (conn->state != SHADOW_OPEN)
		return;
	if (result == -EPIPE || result == -ECONNRESET) {
		conn->reset = true; /* the receive tells how it went, once it looks again */
		conn->looks_again = true;
		shadow_become_available(shadow, conn, now_ns);
	} else if (waits || (result > 0 && (uint64_t)result < conn->sent_bytes)) {
		conn->sent_bytes -= waits ? 0 : (uint64_t)result;
		conn->cut = conn->cut || !waits;
		conn->sending = conn->rest_due = true;
		shadow_become_available(shadow, conn, now_ns);
	} else if (result <= 0) {
		shadow_break(shadow, conn, COUNTER_FAILED_SEND, now_ns);
	} else {
		conn->cut = false;
		shadow_become_available(shadow, conn, now_ns);
	}
}

/* What the kernel says of a zero-copy send, whosever it was. */
static void reported(struct shadow *shadow, bool copied)
{
	if (!shadow->plan->send_reports)
		return;
	shadow->health[HEALTH_REPORTED]++;
	shadow->health[HEALTH_COPIED] += copied;
	if (shadow->plan->send != SCENARIO_SEND_AUTO)
		return;
	shadow->copied |= copied;
	shadow->trial = false;
	shadow->zero_copy = !shadow->copied;
}

static void closed(struct shadow *shadow, struct shadow_conn *conn, uint64_t now_ns)
{
	conn->closed_in_turn = true;
	if (shadow->plan->no_keepalive) {
		shadow_churn_closed(shadow, conn, now_ns);
		return;
	}
	down(conn, now_ns);
	/* Before a start it comes back at the pace of the first ones. */
	conn->reconnects = conn->served && shadow_wanted(shadow) &&
			   (shadow->life != SHADOW_BEFORE || shadow_ready(shadow));
}

void shadow_completion(
	struct shadow *shadow, const struct fake_completion *completion, uint64_t now_ns)
{
	uint64_t tag = completion->seen.tag;
	struct shadow_conn *conn = &shadow->conns[RING_TAG_SLOT(tag)];
	struct fake_completion opened = *completion;

	shadow->piece = completion;

	if (completion->seen.flags & RING_NOTICE) {
		reported(shadow, completion->seen.result == RING_COPIED);
		return;
	}
	if (RING_TAG_GENERATION(tag) != conn->generation) {
		shadow->health[HEALTH_STALE]++;
		return;
	}
	if (conn->state == SHADOW_DOWN && conn->closed_in_turn) {
		/* In the batch of the close: whether there is another user already cannot be seen.
		 */
		shadow->uncertain_stale++;
		return;
	}
	switch (RING_TAG_OPERATION(tag)) {
	case RING_RECEIVE_STAMPED:
		if (completion->seen.flags & RING_BUFFER)
			opened.seen.result -= RING_STAMPED_BYTES;
		received(shadow, conn, &opened, now_ns);
		break;
	case RING_RECEIVE:
		received(shadow, conn, completion, now_ns);
		break;
	case RING_SEND_ZERO_COPY:
		/* The one that was tried says nothing: another has to be. */
		if (!(completion->seen.flags & RING_MORE) && !shadow->zero_copy)
			shadow->trial = shadow->plan->send == SCENARIO_SEND_AUTO && !shadow->copied;
		sent(shadow, conn, completion, now_ns);
		break;
	case RING_SEND:
		sent(shadow, conn, completion, now_ns);
		break;
	case RING_CONNECT:
		connected(shadow, conn, completion, now_ns);
		break;
	case RING_CANCEL:
		conn->looks_again = false;
		arm_again(shadow, conn);
		break;
	case RING_CLOSE:
		closed(shadow, conn, now_ns);
		break;
	default:
		break;
	}
}

/* Whether a connection stays down though its time has long come. */
static void check_retry(const struct shadow *shadow, const struct shadow_conn *conn, uint32_t slot)
{
	uint64_t from_ns = conn->retry_until_ns > shadow->unwanted_ns ? conn->retry_until_ns
								      : shadow->unwanted_ns;

	if (conn->state == SHADOW_DOWN && conn->tried && !shadow->failed_opens_ever &&
		shadow->life != SHADOW_DONE && from_ns + RETRY_LATE_NS <= shadow->begins_ns)
		fake_log_fail("slot %u: it stays down, though due by %" PRIu64, slot,
			conn->retry_until_ns);
}

void shadow_check_conns(struct shadow *shadow)
{
	if (!shadow_wanted(shadow) || !shadow_ready(shadow))
		shadow->unwanted_ns = shadow->clock->read_ns;
	for (uint32_t i = 0; i < shadow->place->connections; i++) {
		struct shadow_conn *conn = &shadow->conns[i];

		if (conn->state == SHADOW_DOWN && conn->reconnects && !shadow->failed_opens)
			fake_log_fail("slot %u: it served and is not replaced", i);
		check_retry(shadow, conn, i);
		if (conn->rest_due && conn->state == SHADOW_OPEN)
			fake_log_fail("slot %u: the rest of a send did not follow", i);
		if (conn->early && conn->state == SHADOW_OPEN && shadow->life != SHADOW_DONE &&
			conn->early_ns + shadow->plan->timeout_ns + RETRY_LATE_NS <=
				shadow->begins_ns)
			fake_log_fail("slot %u: it is still sent what was answered at %" PRIu64, i,
				conn->early_ns);
		if (conn->state == SHADOW_OPEN && conn->receives != conn->armed_receives)
			fake_log_fail("slot %u: %u receives instead of %u", i, conn->armed_receives,
				conn->receives);
		conn->reconnects = conn->closed_in_turn = false;
	}
}
