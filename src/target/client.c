/* SPDX-License-Identifier: MIT */
#include "target/client.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "target/answer.h"
#include "target/request.h"

static uint64_t tag(const struct client *client, enum ring_operation operation)
{
	return RING_TAG(operation, client->slot, client->generation);
}

static void count(struct server *server, enum tally_counter counter)
{
	TALLY_ADD(server->options.tally, counter, 1);
}

/* The tag of a probe; beside those of enum ring_operation. */
#define PROBE RING_OPERATION_COUNT

/* --- the end ------------------------------------------------------------------------------ */

void client_release(struct server *server, struct client *client)
{
	answer_release(server, client);
	free(client->held);
	client->held = NULL;
}

static void freed(struct server *server, struct client *client)
{
	count(server, TALLY_CLOSED);
	if (client->asked_stats && !client->asked_other)
		count(server, TALLY_STATS_ONLY);
	client->state = CLIENT_FREE;
	client->generation++;
	server->live--;
	server_slot_freed(server);
}

/* Once nothing is outstanding any more: the memory is ours alone, and the slot can be closed. */
static void close_when_idle(struct server *server, struct client *client)
{
	if (client->state != CLIENT_ENDING || client->receiving || client->sending ||
		client->probing || client->resetting || client->starved || client->cancels)
		return;
	client_release(server, client);
	client->state = CLIENT_CLOSING;
	server_reserve(server);
	ring_close(server->ring, client->slot, tag(client, RING_CLOSE));
}

static void cancel(struct server *server, struct client *client)
{
	server_reserve(server);
	ring_cancel(server->ring, client->slot, tag(client, RING_CANCEL));
	client->cancels++;
}

void client_end(struct server *server, struct client *client, bool by_peer)
{
	if (client->state != CLIENT_OPEN)
		return;
	client->state = CLIENT_ENDING;
	deadline_clear(&server->deadlines, client->slot);
	if (by_peer)
		count(server, TALLY_CLOSED_BY_PEER);
	answer_abandon(server, client);
	if (client->receiving || client->sending || client->probing)
		cancel(server, client);
	close_when_idle(server, client);
}

void client_end_without_memory(struct server *server, struct client *client)
{
	count(server, TALLY_NO_MEMORY);
	client_end(server, client, false);
}

void client_reset(struct server *server, struct client *client)
{
	static const struct sockaddr nowhere = {.sa_family = AF_UNSPEC};

	/* connect(2) to AF_UNSPEC disconnects, which resets an established connection
	 * (tcp_disconnect() in the kernel); a close would end it in good order. */
	server_reserve(server);
	ring_connect(
		server->ring, client->slot, &nowhere, sizeof(nowhere), tag(client, RING_CONNECT));
	client->resetting = true;
	client_end(server, client, false);
}

/* --- reading ------------------------------------------------------------------------------ */

static void arm(struct server *server, struct client *client)
{
	server_reserve(server);
	ring_receive(server->ring, client->slot, tag(client, RING_RECEIVE));
	client->receiving = true;
}

static void arm_again(struct server *server, struct client *client)
{
	if (client->state == CLIENT_OPEN && !client->receiving && !client->peer_ended &&
		!client->paused && !client->starved)
		arm(server, client);
}

/* A receive armed before buffers came back would end at once, again and again. */
static void starve(struct server *server, struct client *client)
{
	count(server, TALLY_ENOBUFS);
	if (!client->starved)
		server_starved(server, client);
	client->starved = true;
}

void client_fed(struct server *server, struct client *client)
{
	client->starved = false;
	arm_again(server, client);
	close_when_idle(server, client);
}

/* The head of a request that waits for a word before its body: the word, or the answer itself. The
 * body is read all the same, should it come: only then is it known where the next request begins
 * (RFC 9110, 10.1.1). */
static void told_head(struct server *server, struct client *client, uint64_t read_ns)
{
	enum route_continue word = request_expectation(server, client);
	struct exchange *exchange;

	if (word == ROUTE_CONTINUE_YES) {
		answer_push(server, client,
			request_fixed(server, EXCHANGE_CONTINUE, &server->options.book->go_on,
				EXCHANGE_KEEP));
		return;
	}
	exchange = request_exchange(server, client, read_ns);
	if (exchange) {
		client->answered_early = true;
		client->early_route = exchange->route;
		TALLY_ADD(&server->options.tally->routes[exchange->route],
			word == ROUTE_CONTINUE_NO ? TALLY_ANSWERED_EARLY : TALLY_REFUSED_BODY, 1);
	}
	client->message_bytes = 0;
	answer_push(server, client, exchange);
}

static void told_complete(struct server *server, struct client *client, uint64_t read_ns)
{
	struct tally *tally = server->options.tally;

	if (client->answered_early)
		TALLY_ADD(&tally->routes[client->early_route], TALLY_BYTES_RECEIVED,
			client->message_bytes);
	else
		answer_push(server, client, request_exchange(server, client, read_ns));
	client->answered_early = false;
	client->message_bytes = 0;
	http1_request_begin(&client->request);
}

static void told(
	struct server *server, struct client *client, enum http1_event event, uint64_t read_ns)
{
	const struct reply_book *book = server->options.book;

	switch (event) {
	case HTTP1_HEAD:
		if (request_waits(client))
			told_head(server, client, read_ns);
		break;
	case HTTP1_COMPLETE:
		told_complete(server, client, read_ns);
		break;
	case HTTP1_ERROR:
		count(server, TALLY_BAD_REQUESTS);
		client->asked_other = true;
		answer_push(server, client,
			request_fixed(server, EXCHANGE_BAD, &book->bad_request, EXCHANGE_CLOSE));
		break;
	default:
		break;
	}
}

/* Reads requests as long as there is input and their answers find room. */
static void feed(struct server *server, struct client *client, struct span *in, uint64_t read_ns)
{
	struct http1_request *request = &client->request;
	enum http1_event event = HTTP1_BODY;

	while (event != HTTP1_MORE && client->state == CLIENT_OPEN && !client->deaf &&
		(request->started || client->queued < CLIENT_QUEUE_LIMIT)) {
		const uint8_t *before = in->data;
		struct span body;

		event = http1_request_next(request, in, &body);
		client->message_bytes += (uint64_t)(in->data - before);
		told(server, client, event, read_ns);
	}
}

/* Keeps bytes for later, and asks the kernel to bring no more. */
static void hold(
	struct server *server, struct client *client, const struct span *in, uint64_t read_ns)
{
	char *held = realloc(client->held, client->held_bytes + in->bytes);

	if (!held) {
		client_end_without_memory(server, client);
		return;
	}
	memcpy(held + client->held_bytes, in->data, in->bytes);
	client->held = held;
	client->held_bytes += in->bytes;
	client->held_read_ns = read_ns;
	if (client->paused)
		return;
	client->paused = true;
	count(server, TALLY_PAUSES);
	/* This interrupts a send, too; its completion says how far it came, and it goes on. */
	if (client->receiving)
		cancel(server, client);
}

void client_resume(struct server *server, struct client *client)
{
	struct span in;

	if (!client->paused || client->queued > CLIENT_QUEUE_LIMIT / 2)
		return;
	in.data = (const uint8_t *)client->held + client->held_used;
	in.bytes = client->held_bytes - client->held_used;
	feed(server, client, &in, client->held_read_ns);
	client->held_used = client->held_bytes - in.bytes;
	if (client->state != CLIENT_OPEN || (in.bytes && !client->deaf))
		return;
	free(client->held);
	client->held = NULL;
	client->held_bytes = 0;
	client->held_used = 0;
	client->paused = false;
	arm_again(server, client);
}

static void take(struct server *server, struct client *client,
	const struct ring_completion *completion, uint64_t read_ns)
{
	struct span in = {.data = ring_buffer_data(server->ring, completion->buffer),
		.bytes = (size_t)completion->result};

	if (!client->paused)
		feed(server, client, &in, read_ns);
	if (!in.bytes || client->state != CLIENT_OPEN || client->deaf)
		return;
	/* Behind an answer that never ends nothing is ever answered. Go on receiving, to see the
	 * client leave. */
	if (client->stuck)
		client->deaf = true;
	else
		hold(server, client, &in, read_ns);
}

/*
 * A reset that comes right behind data may stay unseen: the kernel's poll of a multishot receive
 * takes both wake-ups for one (io_poll_check_events()), and there is no third. Where no answer
 * would find out, a send of nothing does: it fails on a dead connection and puts nothing on the
 * wire. It runs in a later enter than the receive, so what it does not see wakes the receive.
 */
static void probe(struct server *server, struct client *client)
{
	const struct exchange *first = client->first;

	if (client->state != CLIENT_OPEN || client->sending || client->probing ||
		(first && first->due_ns > server->now_ns))
		return;
	server_reserve(server);
	ring_send(server->ring, client->slot, "", 0, false,
		RING_TAG(PROBE, client->slot, client->generation));
	client->probing = true;
}

static void probed(struct server *server, struct client *client, int32_t result)
{
	client->probing = false;
	if (result < 0 && result != -ECANCELED && result != -EINTR)
		client_end(server, client, true);
	close_when_idle(server, client);
}

static void received(struct server *server, struct client *client,
	const struct ring_completion *completion, uint64_t read_ns)
{
	int32_t result = completion->result;

	if (!(completion->flags & RING_MORE))
		client->receiving = false;
	if (completion->flags & RING_BUFFER) {
		if (result > 0 && client->state == CLIENT_OPEN)
			take(server, client, completion, read_ns);
		ring_buffer_return(server->ring, completion->buffer);
	}
	if (result == 0)
		client->peer_ended = true;
	else if (result == -ENOBUFS)
		starve(server, client);
	else if (result < 0 && result != -ECANCELED)
		client_end(server, client, true);
	if (client->state != CLIENT_OPEN) {
		close_when_idle(server, client);
		return;
	}
	arm_again(server, client);
	answer_advance(server, client);
	if (result > 0)
		probe(server, client);
}

/* --- what the server calls ---------------------------------------------------------------- */

void client_accepted(struct server *server, uint32_t slot)
{
	struct client *client = &server->clients[slot];
	uint32_t generation;

	/* The kernel gives a slot out again as soon as it closed it: the completion that tells so
	 * may still be behind this one. */
	if (client->state == CLIENT_CLOSING)
		freed(server, client);
	assert(client->state == CLIENT_FREE);
	generation = client->generation;
	*client = (struct client){.state = CLIENT_OPEN, .slot = slot, .generation = generation};
	server->live++;
	count(server, TALLY_ACCEPTED);
	http1_request_init(&client->request);
	arm(server, client);
}

void client_completed(struct server *server, struct client *client,
	const struct ring_completion *completion, uint64_t read_ns)
{
	switch (RING_TAG_OPERATION(completion->tag)) {
	case PROBE:
		probed(server, client, completion->result);
		break;
	case RING_RECEIVE:
		received(server, client, completion, read_ns);
		break;
	case RING_SEND:
		if (client->state == CLIENT_OPEN) {
			answer_sent(server, client, completion->result);
			break;
		}
		client->sending = false;
		close_when_idle(server, client);
		break;
	case RING_CANCEL:
		client->cancels--;
		close_when_idle(server, client);
		break;
	case RING_CONNECT:
		client->resetting = false;
		close_when_idle(server, client);
		break;
	case RING_CLOSE:
		freed(server, client);
		break;
	default:
		assert(!"an operation of a client");
	}
}
