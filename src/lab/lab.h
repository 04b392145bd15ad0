/* SPDX-License-Identifier: MIT */
/*
 * A command run in a laboratory: a private network namespace in which the in-kernel null server
 * answers, so that a load generator can be measured against nothing but itself.
 *
 * The command finds the server's address in the environment variable RINGLOAD_NULL_URL. Nothing of
 * the laboratory outlives it: the command is killed if the caller dies, and the namespace goes with
 * its last process.
 *
 * Owner: everything is the caller's. Threads: call it from the main thread: while the command runs,
 * SIGINT, SIGTERM, SIGHUP and SIGCHLD are blocked in the calling thread and consumed here. Errors:
 * ERR_ENVIRONMENT (root is needed), ERR_USAGE when the command cannot be run or an option makes no
 * sense. Prints nothing.
 */
#ifndef RINGLOAD_LAB_LAB_H
#define RINGLOAD_LAB_LAB_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "lab/null_server.h"

#define LAB_URL_VARIABLE       "RINGLOAD_NULL_URL"
#define LAB_DEFAULT_PORT       8080
#define LAB_DEFAULT_BODY_BYTES 100

struct lab_options {
	uint16_t port;
	size_t body_bytes; /* at most NULL_SERVER_BODY_BYTES_LIMIT */
	/* Networks to add to loopback ("10.0.0.1/8"); 127.0.0.0/8 and ::1 are there already. */
	const char *const *networks;
	size_t network_count;
	struct null_server_counts *counts; /* filled in when the command has ended; NULL: none */
};

void lab_options_init(struct lab_options *options);

/*
 * Runs argv (NULL-terminated, found through PATH) inside and waits for it. *exit_status is what a
 * shell would say: its exit status, or 128 + the signal that killed it. Signals to terminate that
 * were sent to the caller alone are passed on; those of a terminal reach the command by themselves.
 */
int lab_run(
	const struct lab_options *options, char *const argv[], int *exit_status, struct err *err);

#endif
