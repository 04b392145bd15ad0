/* SPDX-License-Identifier: MIT */
/*
 * The second implementation of sock_open (net/sock.h): descriptors of fake_net.h. The rest of
 * sock.h is not there: a worker uses nothing else.
 *
 * Owner: nothing. Threads: one. Errors: -EMFILE, one call in so many.
 */
#ifndef RINGLOAD_TESTS_SIM_FAKE_SOCK_H
#define RINGLOAD_TESTS_SIM_FAKE_SOCK_H

#include <stdint.h>

#include "tests/sim/fake_net.h"

struct fake_sock_watch {
	void *watcher;
	void (*opened)(void *watcher, int result); /* the descriptor or -errno */
};

/* fails_one_in 0: never. watch may be NULL. */
void fake_sock_setup(struct fake_net *net, uint64_t seed, uint32_t fails_one_in,
	const struct fake_sock_watch *watch);

#endif
