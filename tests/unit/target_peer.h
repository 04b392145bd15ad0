/* SPDX-License-Identifier: MIT */
/*
 * A running embedded server on loopback, and clients that talk to it through plain blocking
 * sockets: what the tests of src/target share.
 *
 * Everything fails the test that calls it instead of returning an error. Reads give up after
 * PEER_PATIENCE_S, so that a server that does not answer fails a test and does not hang it.
 */
#ifndef TESTS_TARGET_PEER_H
#define TESTS_TARGET_PEER_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "net/http1.h"
#include "target/target.h"

#define PEER_PATIENCE_S 20

struct peer_server {
	struct route_set set;
	struct target *target;
	uint16_t port;
	int descriptors; /* open in this process before */
};

/* Opens a server with these routes (ending in NULL); options other than these two may be set. */
void peer_open(struct peer_server *server, const char *const *routes,
	const struct target_options *options);

/*
 * Waits until all clients' connections are gone, checks that every request came to its end, stops
 * the server and checks that no descriptor is left.
 */
void peer_close(struct peer_server *server);

/* What the server counted, read beside the network. The caller drops it. */
json_t *peer_stats(const struct peer_server *server);

/* A number of it by its path, as in "connections.open" or "routes./a.requests". */
int64_t peer_number(const json_t *stats, const char *path);

/* peer_number of the server's figures now. */
int64_t peer_count(const struct peer_server *server, const char *path);

/* Waits until the figure has this value. */
void peer_await(const struct peer_server *server, const char *path, int64_t value);

struct peer {
	int fd;
	struct http1_response response;
	char input[65536];
	size_t begin, end;
};

struct peer_response {
	unsigned int status;
	uint64_t body_bytes;
	bool pattern_kept; /* the body is the one that a route without chunks sends */
	bool keep_alive;
	uint8_t framing;
	uint64_t informational; /* interim responses before it */
	char head[512];         /* as received, cut; without interim responses */
	char body[8192];        /* cut */
};

void peer_connect(struct peer *peer, const struct peer_server *server);
void peer_disconnect(struct peer *peer);

/* Closes with a reset. */
void peer_abort(struct peer *peer);

void peer_send(struct peer *peer, const char *text);
void peer_send_bytes(struct peer *peer, const char *data, size_t bytes);

/* The next response, whole. */
void peer_receive(struct peer *peer, bool head_request, struct peer_response *response);

/* Nothing but the end of the connection follows: 0, or the errno of a reset. */
int peer_receive_end(struct peer *peer);

/* Whatever comes until the connection ends or nothing came for this long; bytes, and whether it
 * ended. */
size_t peer_receive_raw(struct peer *peer, char *data, size_t limit, int quiet_ms, bool *ended);

/* Whether something can be read now, waiting this long. */
bool peer_readable(const struct peer *peer, int wait_ms);

/* "GET path HTTP/1.1" and its response. */
void peer_get(struct peer *peer, const char *path, struct peer_response *response);

/* Open descriptors of this process. */
int peer_descriptors(void);

#endif
