/* SPDX-License-Identifier: MIT */
#include "tests/sim/sim_server.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tests/sim/fake_log.h"
#include "tests/sim/sim_message.h"

enum idle_event { IDLE_UNSOLICITED, IDLE_GARBAGE, IDLE_LEAVE, IDLE_RESET, IDLE_EVENT_COUNT };

/* What the server knows of a connection. */
struct served {
	uint64_t answered; /* requests that were looked at */
	uint64_t free_ns;  /* answers leave one after another */
	uint32_t answers;
	bool over; /* no answer any more */
};

static bool chance(struct sim_server *server, uint32_t one_in)
{
	return one_in && rng_below(&server->rng, one_in) == 0;
}

static uint64_t up_to(struct sim_server *server, uint64_t most)
{
	return most ? rng_below(&server->rng, most + 1) : 0;
}

static int asked(void *context, struct fake_conn *conn, uint64_t now_ns, uint64_t *known_ns)
{
	static const int errors[] = {-ECONNREFUSED, -ECONNRESET, -ETIMEDOUT, -EHOSTUNREACH,
		-ENETUNREACH, -EADDRNOTAVAIL};
	struct sim_server *server = context;
	enum sim_address address = server->options.addresses[conn->address];

	*known_ns = now_ns + up_to(server, server->options.connect_ns);
	if (address == SIM_ADDRESS_MOODY)
		address = (enum sim_address)rng_below(&server->rng, SIM_ADDRESS_COUNT);
	switch (address) {
	case SIM_ADDRESS_REFUSES:
		return -ECONNREFUSED;
	case SIM_ADDRESS_SILENT:
		*known_ns = FAKE_NET_NEVER;
		return -ETIMEDOUT;
	case SIM_ADDRESS_MOODY:
		return errors[rng_below(&server->rng, sizeof(errors) / sizeof(errors[0]))];
	default:
		return 0;
	}
}

static void maybe_idle_event(struct sim_server *server, struct fake_conn *conn, uint64_t from_ns)
{
	if (chance(server, server->options.idle_one_in))
		fake_net_timer(conn, from_ns + up_to(server, server->options.idle_ns),
			rng_below(&server->rng, IDLE_EVENT_COUNT));
}

static void connected(void *context, struct fake_conn *conn, uint64_t now_ns)
{
	struct sim_server *server = context;

	conn->server = calloc(1, sizeof(struct served));
	if (!conn->server)
		fake_log_fail("no memory");
	if (server->options.window_bytes)
		conn->window_bytes = server->options.window_bytes;
	maybe_idle_event(server, conn, now_ns);
}

/* Up to `bytes` of the text go out in pieces; returns when the last has arrived. */
static uint64_t deliver(struct sim_server *server, struct fake_conn *conn,
	const struct sim_text *text, size_t bytes, uint64_t at_ns)
{
	uint64_t begin = conn->stream_bytes;
	uint32_t pieces = 1 + (uint32_t)up_to(server, server->options.pieces);
	uint64_t offset = 0;

	fake_net_write(conn, text->bytes, bytes);
	while (--pieces && offset < bytes) {
		offset += up_to(server, bytes - offset);
		fake_net_arrive(conn, begin + offset, at_ns);
		at_ns += up_to(server, server->options.piece_ns);
	}
	fake_net_arrive(conn, begin + bytes, at_ns);
	return at_ns;
}

/* Closes, or resets, or stays and says nothing more. */
static void go(struct sim_server *server, struct fake_conn *conn, uint64_t at_ns)
{
	struct served *served = conn->server;

	served->over = true;
	switch (rng_below(&server->rng, 8)) {
	case 0:
		break;
	case 1:
		fake_net_reset(conn, at_ns);
		break;
	default:
		fake_net_finish(conn, at_ns);
		break;
	}
}

static void write_garbage(struct sim_server *server, struct fake_conn *conn, uint64_t at_ns)
{
	struct served *served = conn->server;
	struct fake_message *message = fake_net_message(conn);
	struct sim_text text;

	message->error_at = message->begin +
			    sim_message_garbage(&text, &server->rng, server->options.head);
	served->over = true;
	deliver(server, conn, &text, text.count, at_ns);
}

static uint64_t write_interim(struct sim_server *server, struct fake_conn *conn, uint64_t at_ns)
{
	struct fake_message *message = fake_net_message(conn);
	struct sim_text text;

	message->interim = true;
	message->status = sim_message_interim(&text, &server->rng);
	message->end = message->begin + text.count;
	return deliver(server, conn, &text, text.count, at_ns);
}

static void write_answer(struct sim_server *server, struct fake_conn *conn, uint64_t at_ns)
{
	const struct sim_server_options *options = &server->options;
	struct served *served = conn->server;
	struct fake_message *message;
	struct sim_message_options wanted = {
		.head = options->head,
		.close = chance(server, options->close_told_one_in),
		.until_close = chance(server, options->until_close_one_in),
		.body_bytes = (uint32_t)up_to(server, options->body_bytes),
	};
	struct sim_text text;
	size_t bytes;

	while (chance(server, options->interim_one_in))
		at_ns = write_interim(server, conn, at_ns);
	message = fake_net_message(conn);
	sim_message_answer(&text, &server->rng, &wanted, message);
	bytes = text.count;
	served->answers++;
	if (chance(server, options->cut_one_in)) {
		bytes = (size_t)rng_below(&server->rng, bytes);
		served->over = true;
	}
	served->free_ns = deliver(server, conn, &text, bytes, at_ns);
	if (served->over || !message->keep_alive || served->answers == options->close_after)
		go(server, conn, served->free_ns + up_to(server, options->piece_ns));
	else
		maybe_idle_event(server, conn, served->free_ns);
}

/* One request was seen. */
static void answer(struct sim_server *server, struct fake_conn *conn, uint64_t now_ns)
{
	const struct sim_server_options *options = &server->options;
	struct served *served = conn->server;
	uint64_t delay_ns = up_to(server, options->delay_ns);
	uint64_t at_ns;

	if (chance(server, options->slow_one_in))
		delay_ns *= 1 + rng_below(&server->rng, 50);
	at_ns = (now_ns > served->free_ns ? now_ns : served->free_ns) + delay_ns;
	if (options->burst_ns)
		at_ns += options->burst_ns - at_ns % options->burst_ns;
	served->free_ns = at_ns;
	if (chance(server, options->mute_one_in)) {
		served->over = true;
	} else if (chance(server, options->reset_one_in)) {
		served->over = true;
		fake_net_reset(conn, at_ns);
	} else if (chance(server, options->leave_one_in)) {
		served->over = true;
		fake_net_finish(conn, at_ns);
	} else if (chance(server, options->garbage_one_in)) {
		write_garbage(server, conn, at_ns);
	} else {
		write_answer(server, conn, at_ns);
	}
}

static void bytes_came(void *context, struct fake_conn *conn, uint64_t now_ns)
{
	struct sim_server *server = context;
	struct served *served = conn->server;
	uint64_t request_bytes = conn->net->request_bytes;
	uint64_t seen = conn->reached_bytes / request_bytes;

	if (server->options.early)
		seen = (conn->reached_bytes + request_bytes - 1) / request_bytes;
	for (; served->answered < seen && !served->over; served->answered++)
		answer(server, conn, now_ns);
}

static uint64_t blocked(void *context, struct fake_conn *conn, uint64_t now_ns, uint64_t *bytes)
{
	struct sim_server *server = context;

	(void)conn;
	*bytes = 1 + up_to(server, server->options.window_bytes);
	if (chance(server, server->options.window_stays_one_in))
		return FAKE_NET_NEVER;
	return now_ns + 1 + up_to(server, server->options.delay_ns);
}

static void timer(void *context, struct fake_conn *conn, uint64_t now_ns, uint64_t value)
{
	struct sim_server *server = context;
	struct served *served = conn->server;

	if (served->over)
		return;
	switch ((enum idle_event)value) {
	case IDLE_UNSOLICITED:
		write_answer(server, conn, now_ns);
		break;
	case IDLE_GARBAGE:
		write_garbage(server, conn, now_ns);
		break;
	case IDLE_RESET:
		served->over = true;
		fake_net_reset(conn, now_ns);
		break;
	default:
		served->over = true;
		fake_net_finish(conn, now_ns);
		break;
	}
}

static void forget(void *context, struct fake_conn *conn)
{
	(void)context;
	free(conn->server);
}

void sim_server_init(struct sim_server *server, const struct sim_server_options *options)
{
	memset(server, 0, sizeof(*server));
	server->options = *options;
	rng_init(&server->rng, options->seed, 4);
	server->net = (struct fake_net_server){.context = server,
		.asked = asked,
		.connected = connected,
		.bytes = bytes_came,
		.blocked = blocked,
		.timer = timer,
		.forget = forget};
}
