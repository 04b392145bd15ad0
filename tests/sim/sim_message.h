/* SPDX-License-Identifier: MIT */
/*
 * HTTP/1.1 responses as text, drawn at random, with what they mean said beside them: length,
 * status, whether the connection stays, and for what is not HTTP the byte that shows it.
 *
 * Source: RFC 9112, 6.3 (which body follows), 9.3 (which connection stays); the limits of
 * net/http1.h. Written without looking at the parser.
 *
 * Owner: the caller's storage. Threads: one a generator. Errors: none; texts fit SIM_TEXT_BYTES for
 * bodies up to SIM_BODY_BYTES.
 */
#ifndef RINGLOAD_TESTS_SIM_SIM_MESSAGE_H
#define RINGLOAD_TESTS_SIM_SIM_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/rng.h"
#include "tests/sim/fake_net.h"

#define SIM_BODY_BYTES 8192
#define SIM_TEXT_BYTES (8 * SIM_BODY_BYTES)

struct sim_text {
	size_t count;
	char bytes[SIM_TEXT_BYTES];
};

struct sim_message_options {
	bool head;        /* answers HEAD: no body follows, whatever the head says */
	bool close;       /* says that the connection will not stay */
	bool until_close; /* the body has no length of its own, if there is one */
	uint32_t body_bytes;
};

/* A final response; fills end, status and keep_alive of the message, whose begin is set. */
void sim_message_answer(struct sim_text *text, struct rng *rng,
	const struct sim_message_options *options, struct fake_message *message);

/* A 1xx; returns its status. */
uint16_t sim_message_interim(struct sim_text *text, struct rng *rng);

/* Something that is not HTTP/1.1; returns the position of the first byte that cannot be. head: as
 * an answer to HEAD. */
size_t sim_message_garbage(struct sim_text *text, struct rng *rng, bool head);

#endif
