/* SPDX-License-Identifier: MIT */
/*
 * The inside of the fake kernel: operations from being queued to their last completion. What it
 * promises is said in fake_ring.h; this is its struct and what fake_ring.c asks of it.
 *
 * Owner: the ring's. Threads: one. Errors: failures of the test.
 */
#ifndef RINGLOAD_TESTS_SIM_FAKE_OPERATION_H
#define RINGLOAD_TESTS_SIM_FAKE_OPERATION_H

#include "base/rng.h"
#include "tests/sim/fake_ring.h"

struct fake_operation {
	enum ring_operation kind;
	uint32_t slot;
	uint64_t tag;
	struct fake_conn *conn;
	const void *data; /* of a send; a connect's address */
	size_t bytes, done;
	struct sockaddr_storage address; /* as it was when queued */
	bool quiet;
	bool zero_copy;
	bool stamped;     /* a receive that tells when */
	bool noticed;     /* could go on; hold_ns was drawn then */
	uint64_t hold_ns; /* does not go on before */
};

enum fake_buffer_state {
	FAKE_BUFFER_FREE,        /* the kernel's */
	FAKE_BUFFER_FILLED,      /* in a completion not yet reaped */
	FAKE_BUFFER_HANDED_OVER, /* the worker's */
	FAKE_BUFFER_RETURNED     /* the kernel's from the next enter on */
};

struct fake_buffer {
	enum fake_buffer_state state;
	size_t filled_bytes;      /* by the kernel, since it was given back */
	size_t handed_over_bytes; /* of those, in completions that were reaped */
	size_t done_bytes;        /* of those, what the worker has done with */
};

struct fake_slot {
	struct fake_conn *conn;
	unsigned int awaited; /* last completions of its user's operations, quiet ones apart */
	bool connected;       /* a connect was issued for this socket */
	uint32_t generation;  /* of that connect */
};

struct ring {
	struct ring_options asked;
	struct fake_ring_options options;
	struct fake_net *net;
	struct fake_ring_watch watch;
	struct rng rng;
	uint32_t completion_entries;

	struct fake_slot *slots;
	struct fake_buffer *buffers;
	struct fake_operation *queue; /* not yet submitted */
	uint32_t queued;
	struct fake_operation *armed; /* issued, in that order */
	size_t armed_count, armed_room;
	struct fake_completion *ready; /* come to their end, not yet in the completion queue */
	size_t ready_count, ready_room;
	struct fake_completion *completions;
	size_t completion_count, completion_room;
	size_t visible; /* of them, the first: what the queue holds */
	bool overflowing;
	bool shared; /* a buffer is partly filled: shared_buffer */
	uint16_t shared_buffer;
	const void *registered; /* memory to send from without a copy */
	size_t registered_bytes;
	uint64_t overflows, enters;
};

/* Whether one of one_in chances came; 0: never. */
bool fake_ring_chance(struct ring *ring, uint32_t one_in);

uint8_t *fake_ring_buffer(const struct ring *ring, uint16_t buffer);

/* What a stamped receive left in its buffer. */
bool fake_operation_open_stamped(
	const struct ring *ring, struct ring_completion *completion, uint64_t *wall_ns);

/* Issues what is queued. */
void fake_operation_submit(struct ring *ring);
/* Puts what is ready into the completion queue. */
void fake_operation_run(struct ring *ring);
/* Whether run would. */
bool fake_operation_ready(struct ring *ring);
/* When something may be ready next. */
uint64_t fake_operation_next(struct ring *ring);
void fake_operation_release(struct ring *ring);

#endif
