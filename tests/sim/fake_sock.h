/* SPDX-License-Identifier: MIT */
/*
 * The second implementation of what a worker uses of net/sock.h (sock_open, sock_stamp,
 * sock_bind_source, sock_reset_on_close, sock_close, sock_local_port): descriptors of fake_net.h.
 * The rest of sock.h is not there.
 *
 * Owner: nothing. Threads: one. Errors: -EMFILE from sock_open, one call in so many.
 */
#ifndef RINGLOAD_TESTS_SIM_FAKE_SOCK_H
#define RINGLOAD_TESTS_SIM_FAKE_SOCK_H

#include <stdint.h>

#include "tests/sim/fake_net.h"

struct fake_sock_watch {
	void *watcher;
	void (*opened)(void *watcher, int result); /* the descriptor or -errno */
	void (*bound)(void *watcher, const struct fake_conn *conn, uint32_t source);
	void (*resets)(void *watcher, const struct fake_conn *conn);
	void (*stamped)(void *watcher, int result);
	void (*asked_port)(void *watcher, const struct fake_conn *conn);
};

/* fails_one_in 0: never. watch may be NULL. */
void fake_sock_setup(struct fake_net *net, uint64_t seed, uint32_t fails_one_in,
	const struct fake_sock_watch *watch);

#endif
