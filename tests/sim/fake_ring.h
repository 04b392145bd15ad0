/* SPDX-License-Identifier: MIT */
/*
 * The second implementation of net/ring.h: a seeded fake kernel over the sockets of fake_net.h.
 *
 * What it promises, and no more (a real kernel promises at least this):
 *  - Operations are issued in the order they were queued, inside ring_enter (or when the queue was
 *    full, inside the call that queues another).
 *  - Completions come only inside ring_enter. Those of one receive are in the order of the stream;
 *    everything else may come in any order and any time later: a cancel before or after what it
 *    ends, a send after the answer it asked for, a close late.
 *  - A receive ends with its first completion without RING_MORE: at the peer's end, at an error,
 *    without a buffer (-ENOBUFS, also when only the end would have been told), when cancelled, and
 *    whenever the kernel likes.
 *  - A send completes when the socket took all of it, or with less, or with an error; a quiet one
 *    only in the last two cases: at once when it failed by itself, as late as after its slot has
 *    another socket when it was cancelled.
 *  - A zero-copy send completes as a loud one. When the socket took any of it, and sometimes when
 *    not, it completes once more, with RING_NOTICE: before or after, and as late as after its slot
 *    has another socket.
 *  - Receives share a buffer, where they may, in the order in which they completed; the rest of one
 *    is taken before the next.
 *  - A cancel ends what was issued on the socket before it; what had come to its end by itself
 *    completes with that. It completes with the number it ended or -ENOENT.
 *  - A slot is empty once its close was issued; operations still armed keep the socket open.
 *  - ring_pending may say yes when an enter brings nothing, never no when it would bring something.
 *
 * Breaking a rule of ring.h is a failure of the test: an operation on an empty slot, a socket put
 * into a slot whose last user still has completions to come, a second receive, a send while another
 * is under way, a buffer used after its return or returned twice, an address or data that changed
 * before it was used.
 *
 * Owner, threads, errors: as ring.h. fake_ring_setup says what the next ring_new makes.
 */
#ifndef RINGLOAD_TESTS_SIM_FAKE_RING_H
#define RINGLOAD_TESTS_SIM_FAKE_RING_H

#include <stdbool.h>
#include <stdint.h>

#include "net/ring.h"
#include "tests/sim/fake_net.h"

/* One in so many: 0 is never. */
struct fake_ring_options {
	uint64_t seed;
	uint64_t enter_ns, operation_ns; /* what an enter costs, and each operation in it */
	uint64_t late_ns;                /* a wait that ran out ends 0 to this late */
	uint32_t early_one_in;           /* waits that end with nothing, as by a signal */
	uint32_t delay_one_in;           /* completions that come late */
	uint64_t delay_ns;               /* by 1 to this */
	uint32_t shuffle_one_in;         /* choices that do not take the oldest first */
	uint32_t bound_one_in;    /* enters that leave some of what is ready for the next one */
	uint32_t end_one_in;      /* receives that end though they need not */
	uint32_t split_one_in;    /* receives that take less than there is */
	uint32_t short_one_in;    /* sends that end short or fail for no reason */
	uint32_t spurious_one_in; /* looks at an idle ring that say something is there */
	uint32_t install_fails_one_in;
	uint32_t copied_one_in;      /* zero-copy sends that are copied */
	int register_fails;          /* what registering memory comes to: 0 or -errno */
	uint32_t unstamped_one_in;   /* stamped receives that come without a stamp */
	uint32_t absurd_one_in;      /* … with one of the future */
	uint32_t completion_entries; /* fewer than asked for, to overflow; 0: as asked */
	uint64_t fails_at_enter;     /* the enter that fails, and with what; 0: none */
	int failure;
};

/* A completion with what only the kernel knows of it. */
struct fake_completion {
	struct ring_completion seen;
	struct fake_conn *conn;
	uint64_t stream_bytes; /* receive: how far the server's stream was taken with it */
	bool stamped;          /* a stamp came with it */
	uint64_t arrived_ns;   /* … of this time, of the last byte taken with it */
	uint64_t ready_ns;
	bool quiet; /* of a send that tells only its failure */
};

/* Told of what the worker does, before it takes effect; any may be NULL. */
struct fake_ring_watch {
	void *watcher;
	void (*installed)(void *watcher, uint32_t slot, int result);
	void (*queued)(void *watcher, enum ring_operation operation, uint64_t tag, uint64_t bytes);
	void (*entering)(void *watcher, uint64_t wait_ns);
	void (*entered)(void *watcher, int result);
	void (*asked)(void *watcher); /* whether something is pending */
	void (*reaped)(void *watcher, const struct fake_completion *completions, uint32_t count);
};

/* net outlives the ring. */
void fake_ring_setup(const struct fake_ring_options *options, struct fake_net *net,
	const struct fake_ring_watch *watch);

/* What is at a slot; NULL: nothing. */
struct fake_conn *fake_ring_slot(const struct ring *ring, uint32_t slot);

/* Whether all is well with the buffers, and nothing is armed that should not be: at the end of each
 * turn. */
void fake_ring_check(const struct ring *ring);

#endif
