/* SPDX-License-Identifier: MIT */
/*
 * The in-kernel null server (bpf/null_server.bpf.c) on the loopback device of the calling thread's
 * network namespace: every request to its port gets the same 200, from no process at all.
 *
 * It answers what it sees on loopback: GET, HEAD, POST, PUT, PATCH, DELETE and OPTIONS, one to a
 * segment, over IPv4 and IPv6. It is for measuring what a client costs, not for testing one.
 *
 * Owner: the caller's storage; started in a namespace, and released anywhere (the namespace's end
 * detaches it). Threads: one. Errors: those of loader/loader.h.
 */
#ifndef RINGLOAD_LAB_NULL_SERVER_H
#define RINGLOAD_LAB_NULL_SERVER_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "loader/loader.h"

#define NULL_SERVER_BODY_BYTES_LIMIT 8000

struct null_server {
	struct loader loader;
};

/* Since the start; see ringload/null_abi.h for what is counted when. */
struct null_server_counts {
	uint64_t connections;
	uint64_t requests;
	uint64_t continued;
	uint64_t closed;
	uint64_t reset;
	uint64_t failed;
};

int null_server_start(
	struct null_server *server, uint16_t port, size_t body_bytes, struct err *err);

int null_server_counts(
	struct null_server *server, struct null_server_counts *counts, struct err *err);

void null_server_release(struct null_server *server);

#endif
