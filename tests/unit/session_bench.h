/* SPDX-License-Identifier: MIT */
/*
 * A session on the embedded server, for tests of several trials.
 *
 * Owner: the struct is the caller's and must stay where it is; session_bench_close frees what it
 * holds and ends the server. Threads: one. Errors: asserted.
 */
#ifndef TESTS_UNIT_SESSION_BENCH_H
#define TESTS_UNIT_SESSION_BENCH_H

#include <sys/types.h>

#include "run/session.h"

/* The embedded server in a process that was forked before this one has other threads. */
struct session_server {
	pid_t pid;
	uint16_t port;
	int orders, answers; /* ends of pipes: the port to take, the port that was taken */
};

/* A session on its server. */
struct session_bench {
	struct session_server server;
	char url[64];
	struct scenario scenario;
	struct threshold_list thresholds;
	struct run_options options;
	struct session *session;
};

/* A server that waits for a port, see session_bench_replace. */
void session_bench_fork(struct session_server *server, const char *route);
/* Ends the server, and has another one on its port once its connections are closed. */
void session_bench_replace(struct session_server *server, struct session_server *successor);

/* All but the session; then that. */
void session_bench_lay(
	struct session_bench *bench, const char *route, enum attribution_mode attribution);
void session_bench_begin(struct session_bench *bench);
/* Both. */
void session_bench_open(
	struct session_bench *bench, const char *route, enum attribution_mode attribution);
void session_bench_close(struct session_bench *bench);

void session_bench_trial(
	struct session_bench *bench, const struct session_window *window, struct result *result);

/* Everything sent was answered, and the figures agree with one another. */
void session_bench_expect(const struct result *result, uint64_t scheduled, uint64_t warmup);

#endif
