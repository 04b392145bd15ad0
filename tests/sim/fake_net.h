/* SPDX-License-Identifier: MIT */
/*
 * TCP between the worker's sockets and a server that the test programs: two byte streams a
 * connection, and events in the order of their times.
 *
 * It knows the kernel's side of a socket (what was accepted for sending, what has arrived, end,
 * reset), and nothing of io_uring (fake_ring.h) or HTTP (sim_server.h). The bytes a client sends
 * must be the request over and over: anything else is a failure at once.
 *
 * What it promises of TCP: bytes arrive in order; the end of the stream comes after them; a reset
 * may come at any time, and what had arrived before can still be read. The error of a reset is told
 * once, to whoever asks first (sk_err in the kernel): a send that took it leaves a receive with a
 * plain end.
 *
 * Owner: fake_net_init takes, fake_net_release returns everything. Threads: one. Errors: failures
 * of the test (fake_log_fail). Units: ns of the fake clock.
 */
#ifndef RINGLOAD_TESTS_SIM_FAKE_NET_H
#define RINGLOAD_TESTS_SIM_FAKE_NET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#define FAKE_NET_NEVER UINT64_MAX

/* One message the server has written, as its author knows it without a parser. */
struct fake_message {
	uint64_t begin, end; /* in the server's stream; end is FAKE_NET_NEVER: until it closes */
	uint64_t error_at;   /* the first byte that cannot be HTTP; FAKE_NET_NEVER: none */
	uint64_t body_at;    /* where a body begins that only the end ends; FAKE_NET_NEVER: none */
	uint16_t status;
	bool interim; /* 1xx: the response is still to come */
	bool keep_alive;
};

/* How far the stream had arrived, and when. */
struct fake_arrival {
	uint64_t bytes, at_ns;
};

struct fake_conn {
	struct fake_net *net;
	uint32_t number;      /* counted from 0 over the run */
	int fd;               /* 0: closed */
	unsigned int holders; /* descriptor, slot, armed operations: the last one closes it */
	bool closed;          /* by the client */

	bool connecting, established;
	bool connect_known; /* the outcome is there, in connect_result */
	int connect_result;
	size_t address;
	int family;          /* the socket's */
	uint16_t local_port; /* 0: none yet; a unix socket never has one */
	bool port_asked;

	/* From client to server. */
	uint64_t accepted_bytes; /* taken by the socket */
	uint64_t reached_bytes;  /* seen by the server */
	uint64_t window_bytes;   /* what the socket still takes */
	bool broken_off;         /* a send ended inside a request: nothing may follow */

	/* From server to client. */
	uint8_t *stream;
	size_t stream_bytes, stream_room;
	uint64_t arrived_bytes, taken_bytes;
	struct fake_arrival *arrivals; /* each piece that arrived */
	size_t arrival_count, arrival_room, arrival_taken;
	bool stamps;       /* the socket was told to */
	bool ended, reset; /* have come */
	bool error_told;
	bool finished; /* the server will write no more */
	uint64_t latest_ns;
	struct fake_message *messages;
	size_t message_count, message_room;

	void *server; /* the server's own */
};

/* What the server does; each is called at the event's time. */
struct fake_net_server {
	void *context;
	/* Whether a connection to address is accepted: 0 or -errno, and when that is known
	 * (FAKE_NET_NEVER: not at all). */
	int (*asked)(void *context, struct fake_conn *conn, uint64_t now_ns, uint64_t *known_ns);
	void (*connected)(void *context, struct fake_conn *conn, uint64_t now_ns);
	/* reached_bytes has grown. */
	void (*bytes)(void *context, struct fake_conn *conn, uint64_t now_ns);
	/* The socket takes no more: when (and how much) it will again. */
	uint64_t (*blocked)(
		void *context, struct fake_conn *conn, uint64_t now_ns, uint64_t *bytes);
	void (*timer)(void *context, struct fake_conn *conn, uint64_t now_ns, uint64_t value);
	void (*forget)(void *context, struct fake_conn *conn); /* the run is over */
};

struct net_event;

struct fake_net {
	const struct fake_net_server *server;
	const uint8_t *request; /* what clients must send, over and over */
	size_t request_bytes;
	uint64_t latency_ns; /* from a send to the server's reading */
	const struct sockaddr *const *addresses;
	size_t address_count;

	struct fake_conn **conns;
	size_t conn_count, conn_room;
	struct net_event *events; /* a heap */
	size_t event_count, event_room;
	uint64_t event_order;
	uint64_t now_ns;
	/* What the net counted for itself. */
	uint64_t opened, open_now, connects_asked, connects_accepted, requests_whole;
};

void fake_net_init(struct fake_net *net, const struct fake_net_server *server);
void fake_net_release(struct fake_net *net);

/* Lets everything happen that is due. */
void fake_net_run(struct fake_net *net, uint64_t now_ns);
/* When the next event is due. */
uint64_t fake_net_next(const struct fake_net *net);

/* The kernel's side. */
struct fake_conn *fake_net_open(struct fake_net *net);
struct fake_conn *fake_net_by_fd(struct fake_net *net, int fd);
void fake_net_close_fd(struct fake_net *net, int fd);
void fake_net_hold(struct fake_conn *conn);
void fake_net_drop(struct fake_conn *conn);
void fake_net_connect(struct fake_conn *conn, const struct sockaddr *address, uint64_t now_ns);
/* Bytes accepted (0: none now), or -errno. */
int64_t fake_net_send(struct fake_conn *conn, const void *data, size_t bytes, uint64_t now_ns);
/* Takes up to `bytes` that have arrived; how many. */
size_t fake_net_take(struct fake_conn *conn, void *to, size_t bytes);
/* When the last byte taken had arrived; something was taken. */
uint64_t fake_net_taken_arrived_ns(struct fake_conn *conn);
/* Takes the error of a reset: -ECONNRESET once, then 0. */
int fake_net_take_error(struct fake_conn *conn);
/* Whether a receive would come back with something. */
bool fake_net_readable(const struct fake_conn *conn);

/* The server's side. */
void fake_net_write(struct fake_conn *conn, const void *data, size_t bytes);
/* What was written up to `offset` arrives at at_ns, or later when something before it does. */
void fake_net_arrive(struct fake_conn *conn, uint64_t offset, uint64_t at_ns);
void fake_net_finish(struct fake_conn *conn, uint64_t at_ns);
void fake_net_reset(struct fake_conn *conn, uint64_t at_ns);
void fake_net_timer(struct fake_conn *conn, uint64_t at_ns, uint64_t value);
struct fake_message *fake_net_message(struct fake_conn *conn);

#endif
