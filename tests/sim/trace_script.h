/* SPDX-License-Identifier: MIT */
/*
 * One script of ring operations, played on the real kernel and on the fake one: both must tell the
 * same story, that of tests/golden/ring_trace.txt, or the simulator proves nothing.
 *
 * The script drives net/ring.h and net/sock.h; the world is the other end of its connections. What
 * a kernel may choose is taken out of the trace: where a stream is cut into receives, and the order
 * of completions of different operations.
 *
 * Owner: the caller's. Threads: one. Errors: the test fails.
 */
#ifndef RINGLOAD_TESTS_SIM_TRACE_SCRIPT_H
#define RINGLOAD_TESTS_SIM_TRACE_SCRIPT_H

#include <stddef.h>
#include <sys/socket.h>

/* What clients send, once or several times. */
#define TRACE_REQUEST "GET / HTTP/1.1\r\nHost: trace\r\n\r\n"

/* The far end. Connections are numbered from 0 as they were established. */
struct trace_world {
	/* An address that accepts, and one that refuses. */
	struct sockaddr_storage accepts, refuses;
	socklen_t address_bytes;
	void (*established)(struct trace_world *world); /* the script saw its connect succeed */
	void (*write)(struct trace_world *world, size_t number, const void *data, size_t bytes);
	void (*finish)(struct trace_world *world, size_t number);
	void (*reset)(struct trace_world *world, size_t number);
};

/* Plays the script and compares; returns main's exit status. */
int trace_play(struct trace_world *world);

#endif
