/* SPDX-License-Identifier: MIT */
#include "target/answer.h"

#include <errno.h>
#include <string.h>

static void count(struct server *server, enum tally_counter counter)
{
	TALLY_ADD(server->options.tally, counter, 1);
}

static void count_route(
	struct server *server, const struct exchange *exchange, enum tally_route_counter counter)
{
	TALLY_ADD(&server->options.tally->routes[exchange->route], counter, 1);
}

/* The last byte of what it answers is on its way, or never will be. */
static void settle(struct server *server, struct exchange *exchange)
{
	if (exchange->settled)
		return;
	exchange->settled = true;
	switch ((enum exchange_kind)exchange->kind) {
	case EXCHANGE_ROUTE:
		if (exchange->spoiled) {
			count_route(server, exchange, TALLY_MISBEHAVED);
			break;
		}
		count_route(server, exchange, TALLY_RESPONSES);
		COUNTERS_ADD(
			server->options.tally->routes[exchange->route].status, exchange->status, 1);
		break;
	case EXCHANGE_CONTINUE:
		count(server, TALLY_CONTINUES);
		break;
	case EXCHANGE_STATS:
		count(server, TALLY_STATS_READS);
		break;
	case EXCHANGE_BAD:
		break;
	}
}

void answer_push(struct server *server, struct client *client, struct exchange *exchange)
{
	if (!exchange) {
		client_end_without_memory(server, client);
		return;
	}
	if (client->last)
		client->last->next = exchange;
	else
		client->first = exchange;
	client->last = exchange;
	client->queued++;
	/* Nothing is read after an answer that ends the connection. */
	client->deaf = exchange->end == EXCHANGE_CLOSE || exchange->end == EXCHANGE_RESET;
	if (exchange->end == EXCHANGE_STALL)
		client->stuck = true;
	if (!exchange->reply && exchange->end == EXCHANGE_STALL)
		settle(server, exchange);
}

void answer_abandon(struct server *server, struct client *client)
{
	for (struct exchange *exchange = client->first; exchange; exchange = exchange->next)
		if (exchange->kind == EXCHANGE_ROUTE && !exchange->settled)
			count_route(server, exchange, TALLY_ABANDONED);
}

static void release_batch(struct server *server, struct client *client)
{
	if (client->batch)
		server_batch_return(server, client->batch);
	client->batch = NULL;
}

/* Takes the first exchange off; how it ends. */
static enum exchange_end pop(struct server *server, struct client *client)
{
	struct exchange *exchange = client->first;
	enum exchange_end end = (enum exchange_end)exchange->end;

	client->first = exchange->next;
	if (!client->first)
		client->last = NULL;
	client->queued--;
	exchange_free(&server->exchanges, exchange);
	return end;
}

void answer_release(struct server *server, struct client *client)
{
	while (client->first)
		pop(server, client);
	release_batch(server, client);
}

void answer_stamp(struct server *server, struct client *client, uint64_t sent_ns)
{
	struct tally *tally = server->options.tally;
	struct exchange *exchange = client->first;
	uint32_t carried = client->covered ? client->covered : 1;

	/* Of a connection that ended meanwhile everything is counted as abandoned. */
	if (client->state != CLIENT_OPEN)
		return;
	for (uint32_t i = 0; i < carried; i++, exchange = exchange->next) {
		uint64_t bytes = carried > 1 ? exchange->limit_bytes : client->send_bytes;

		if (exchange->kind == EXCHANGE_ROUTE) {
			if (!client->offset)
				tally_sent(tally, exchange->route, exchange->read_ns, sent_ns);
			TALLY_ADD(&tally->routes[exchange->route], TALLY_BYTES_SENT, bytes);
		}
		if (client->offset + bytes == exchange->limit_bytes)
			settle(server, exchange);
	}
}

/* Whether an answer may share a send with the one before it. */
static bool joins(const struct server *server, const struct exchange *exchange, size_t room)
{
	return exchange && exchange->reply && exchange->due_ns <= server->now_ns &&
	       !exchange->spin_ns && !exchange->lock_ns && exchange->end != EXCHANGE_STALL &&
	       exchange->limit_bytes <= exchange->reply->start_bytes &&
	       exchange->limit_bytes <= room;
}

static void coalesce(struct server *server, struct client *client)
{
	struct exchange *exchange = client->first;
	size_t used = client->send_bytes;

	if (exchange->end != EXCHANGE_KEEP || used > SERVER_BATCH_BYTES ||
		!joins(server, exchange->next, SERVER_BATCH_BYTES - used))
		return;
	client->batch = server_batch_take(server);
	if (!client->batch)
		return;
	memcpy(client->batch, client->send_data, used);
	while (exchange->end == EXCHANGE_KEEP &&
		joins(server, exchange->next, SERVER_BATCH_BYTES - used)) {
		exchange = exchange->next;
		memcpy(client->batch + used, exchange->reply->start, exchange->limit_bytes);
		used += exchange->limit_bytes;
		client->covered++;
	}
	client->send_data = client->batch;
	client->send_bytes = used;
}

static void send_first(struct server *server, struct client *client)
{
	const struct exchange *exchange = client->first;

	client->send_bytes = reply_piece(
		exchange->reply, client->offset, exchange->limit_bytes, &client->send_data);
	client->covered = client->offset + client->send_bytes == exchange->limit_bytes &&
			  exchange->end != EXCHANGE_STALL;
	if (!client->offset && client->covered)
		coalesce(server, client);
	client->send_left = client->send_bytes;
	client->sending = true;
	server_queue_send(server, client->slot, client->send_data, client->send_left,
		RING_TAG(RING_SEND, client->slot, client->generation));
}

/* Rendered as late as can be, so that it tells of everything before it. */
static bool render_stats(struct server *server, struct exchange *exchange)
{
	exchange->own = server_stats(server, exchange->full, (enum reply_variant)exchange->variant);
	if (!exchange->own)
		return false;
	exchange->reply = exchange->own;
	exchange->limit_bytes = exchange->head ? exchange->own->head_bytes
					       : exchange->own->total_bytes;
	return true;
}

/* Burns the CPU time an answer costs; whether it costs any. */
static bool work(struct server *server, struct exchange *exchange)
{
	struct lock *lock = server->options.stations->stations[exchange->route].lock;

	if (!exchange->spin_ns && !exchange->lock_ns)
		return false;
	if (exchange->spin_ns)
		server_spin(server, exchange->spin_ns);
	if (exchange->lock_ns) {
		lock_take(lock);
		server_spin(server, exchange->lock_ns);
		lock_drop(lock);
	}
	exchange->spin_ns = 0;
	exchange->lock_ns = 0;
	return true;
}

/* The first exchange is due. */
static void answer_first(struct server *server, struct client *client)
{
	struct exchange *exchange = client->first;
	bool spun = work(server, exchange);

	if (exchange->end == EXCHANGE_RESET) {
		settle(server, exchange);
		client_reset(server, client);
	} else if (exchange->end == EXCHANGE_CLOSE && exchange->kind == EXCHANGE_ROUTE &&
		   !exchange->reply) {
		settle(server, exchange);
		client_end(server, client, false);
	} else if (exchange->kind == EXCHANGE_STATS && !exchange->reply &&
		   !render_stats(server, exchange)) {
		client_end_without_memory(server, client);
	} else if (exchange->reply && client->offset < exchange->limit_bytes) {
		send_first(server, client);
		/* It must not wait for the next connection's spin. */
		if (spun)
			server_flush(server);
	} else if (client->peer_ended) {
		/* Nothing more would ever come of this exchange. */
		client_end(server, client, true);
	}
}

void answer_advance(struct server *server, struct client *client)
{
	struct exchange *exchange = client->first;

	if (client->state != CLIENT_OPEN || client->sending)
		return;
	if (exchange && exchange->due_ns > server->now_ns)
		deadline_set(&server->deadlines, client->slot, exchange->due_ns);
	else if (exchange)
		answer_first(server, client);
	else if (client->peer_ended)
		client_end(server, client, true);
}

/* Takes off what the send answered; the end of the last of them. */
static enum exchange_end pop_covered(struct server *server, struct client *client)
{
	enum exchange_end end = EXCHANGE_KEEP;

	if (!client->covered) {
		client->offset += client->send_bytes;
		return EXCHANGE_KEEP;
	}
	client->offset = 0;
	for (; client->covered; client->covered--)
		end = pop(server, client);
	return end;
}

void answer_sent(struct server *server, struct client *client, int32_t result)
{
	if (result > 0 && (size_t)result <= client->send_left) {
		client->send_data += result;
		client->send_left -= (size_t)result;
	} else if (result != -ECANCELED && result != -EINTR) {
		client->sending = false;
		client_end(server, client, true);
		return;
	}
	if (client->send_left) {
		/* Holding the client back interrupted it; the rest was stamped with the first. */
		server_reserve(server);
		ring_send(server->ring, client->slot, client->send_data, client->send_left, false,
			RING_TAG(RING_SEND, client->slot, client->generation));
		return;
	}
	client->sending = false;
	release_batch(server, client);
	if (pop_covered(server, client) == EXCHANGE_CLOSE) {
		client_end(server, client, false);
		return;
	}
	client_resume(server, client);
	answer_advance(server, client);
}
