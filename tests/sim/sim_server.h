/* SPDX-License-Identifier: MIT */
/*
 * The servers of the simulator: how one behaves is drawn from the seed, request by request, with
 * the chances a case gives. Whatever it writes, it notes what that means (struct fake_message), so
 * that the outcome of every request is known without a parser.
 *
 * Owner: sim_server_init fills the caller's struct, which must outlive the net. Threads: one.
 * Errors: failures of the test. Units: ns; chances are one in so many, 0 is never.
 */
#ifndef RINGLOAD_TESTS_SIM_SIM_SERVER_H
#define RINGLOAD_TESTS_SIM_SIM_SERVER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/rng.h"
#include "tests/sim/fake_net.h"

#define SIM_SERVER_ADDRESSES 4

enum sim_address {
	SIM_ADDRESS_ACCEPTS,
	SIM_ADDRESS_REFUSES,
	SIM_ADDRESS_SILENT, /* no answer to a connect */
	SIM_ADDRESS_MOODY,  /* each of these, and other errors */
	SIM_ADDRESS_COUNT
};

struct sim_server_options {
	uint64_t seed;
	bool head;  /* requests are HEAD */
	bool early; /* answers begin with the first byte of a request */
	enum sim_address addresses[SIM_SERVER_ADDRESSES];
	uint64_t connect_ns;   /* a connect takes up to this */
	uint64_t delay_ns;     /* an answer up to this */
	uint64_t burst_ns;     /* answers leave at multiples of this; 0: when ready */
	uint64_t piece_ns;     /* between pieces of an answer, up to this */
	uint64_t idle_ns;      /* until something happens on an idle connection, up to this */
	uint32_t pieces;       /* an answer comes in up to this many */
	uint32_t body_bytes;   /* up to */
	uint64_t window_bytes; /* what a socket takes at once; 0: everything */
	uint32_t window_stays_one_in;        /* a full socket stays full */
	uint32_t close_after;                /* answers, then the end; 0: never */
	uint32_t close_told_one_in;          /* answers with "Connection: close" */
	uint32_t mute_one_in;                /* requests that are never answered, nor any after */
	uint32_t slow_one_in;                /* answers that take up to 50 times as long */
	uint32_t reset_one_in, leave_one_in; /* instead of an answer */
	uint32_t cut_one_in;                 /* answers that end, reset or stall in the middle */
	uint32_t garbage_one_in;
	uint32_t interim_one_in;
	uint32_t until_close_one_in;
	uint32_t idle_one_in; /* idle connections on which something happens */
};

struct sim_server {
	struct sim_server_options options;
	struct rng rng;
	struct fake_net_server net;
};

void sim_server_init(struct sim_server *server, const struct sim_server_options *options);

#endif
