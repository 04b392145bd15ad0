/* SPDX-License-Identifier: MIT */
/*
 * The kernel probe on an embedded server of the test's own (target_peer.h): what the live tests of
 * src/probe share. Everything fails the test that calls it instead of returning an error.
 */
#ifndef TESTS_PROBE_PEER_H
#define TESTS_PROBE_PEER_H

#include <stdint.h>

#include "probe/probe.h"
#include "tests/unit/target_peer.h"

/* On the server's port, else with these options; NULL: every request. */
struct probe *probe_peer_open(const struct peer_server *server, const struct probe_options *like);

/* Of the window. */
uint64_t probe_peer_count(const struct probe *probe, enum probe_abi_count count);

const struct probe_hook *probe_peer_hook(const struct probe *probe, const char *stage);

/* Requests one after the other, each answered. */
void probe_peer_ask(struct peer *peer, const char *path, int times);

#endif
