/* SPDX-License-Identifier: MIT */
/* The script of ring operations on the fake kernel. */
#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include "tests/sim/fake_clock.h"
#include "tests/sim/fake_log.h"
#include "tests/sim/fake_net.h"
#include "tests/sim/fake_ring.h"
#include "tests/sim/fake_sock.h"
#include "tests/sim/trace_script.h"

struct fake_world {
	struct trace_world world;
	struct fake_clock clock;
	struct fake_net net;
	struct fake_conn *asked; /* the latest to be asked for */
	struct fake_conn *peers[8];
	size_t count;
};

static int asked(void *context, struct fake_conn *conn, uint64_t now_ns, uint64_t *known_ns)
{
	struct fake_world *fake = context;

	*known_ns = now_ns;
	fake->asked = conn;
	return conn->address == 0 ? 0 : -ECONNREFUSED;
}

static void ignore(void *context, struct fake_conn *conn, uint64_t now_ns)
{
	(void)context;
	(void)conn;
	(void)now_ns;
}

static uint64_t blocked(void *context, struct fake_conn *conn, uint64_t now_ns, uint64_t *bytes)
{
	(void)context;
	(void)conn;
	(void)now_ns;
	*bytes = 0;
	return FAKE_NET_NEVER;
}

static void timer(void *context, struct fake_conn *conn, uint64_t now_ns, uint64_t value)
{
	(void)value;
	ignore(context, conn, now_ns);
}

static void forget(void *context, struct fake_conn *conn)
{
	(void)context;
	(void)conn;
}

static void established(struct trace_world *world)
{
	struct fake_world *fake = (struct fake_world *)world;

	fake->peers[fake->count++] = fake->asked;
}

static void write_bytes(struct trace_world *world, size_t number, const void *data, size_t bytes)
{
	struct fake_world *fake = (struct fake_world *)world;
	struct fake_conn *conn = fake->peers[number];

	fake_net_write(conn, data, bytes);
	fake_net_arrive(conn, conn->stream_bytes, fake->clock.now_ns);
}

static void finish(struct trace_world *world, size_t number)
{
	struct fake_world *fake = (struct fake_world *)world;

	fake_net_finish(fake->peers[number], fake->clock.now_ns);
}

static void reset(struct trace_world *world, size_t number)
{
	struct fake_world *fake = (struct fake_world *)world;

	fake_net_reset(fake->peers[number], fake->clock.now_ns);
}

int main(void)
{
	static struct fake_world fake = {.world = {.established = established,
						 .write = write_bytes,
						 .finish = finish,
						 .reset = reset,
						 .address_bytes = sizeof(struct sockaddr_in)}};
	const struct fake_net_server server = {.context = &fake,
		.asked = asked,
		.connected = ignore,
		.bytes = ignore,
		.blocked = blocked,
		.timer = timer,
		.forget = forget};
	const struct fake_clock_options clock = {
		.start_ns = NS_PER_S, .reading_ns = 50, .relax_ns = 10};
	const struct fake_ring_options ring = {.seed = 1, .enter_ns = 200, .operation_ns = 100};
	const struct sockaddr *addresses[2] = {
		(struct sockaddr *)&fake.world.accepts, (struct sockaddr *)&fake.world.refuses};
	int status;

	fake_log_begin(1, false);
	fake.world.accepts.ss_family = fake.world.refuses.ss_family = AF_INET;
	((struct sockaddr_in *)&fake.world.accepts)->sin_port = 1;
	((struct sockaddr_in *)&fake.world.refuses)->sin_port = 2;
	fake_clock_init(&fake.clock, &clock, 1);
	fake_clock_current = &fake.clock;
	fake_net_init(&fake.net, &server);
	fake.net.request = (const uint8_t *)TRACE_REQUEST;
	fake.net.request_bytes = sizeof(TRACE_REQUEST) - 1;
	fake.net.addresses = addresses;
	fake.net.address_count = 2;
	fake_ring_setup(&ring, &fake.net, NULL);
	fake_sock_setup(&fake.net, 1, 0, NULL);
	status = trace_play(&fake.world);
	fake_net_release(&fake.net);
	return status;
}
