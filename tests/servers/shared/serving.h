/* SPDX-License-Identifier: MIT */
/*
 * What the servers whose behaviour is known have in common: their options, their listening socket,
 * and how they end. Each says "listening on http://127.0.0.1:PORT" on standard output, serves until
 * SIGTERM or SIGINT, and then prints its summary (stamps.h).
 *
 * Owner: the caller's struct, which must stay where it is. Threads: serving_open first, then any
 * may read. Errors: exits with a sentence, 2 for a wrong option.
 */
#ifndef TESTS_SERVERS_SHARED_SERVING_H
#define TESTS_SERVERS_SHARED_SERVING_H

#include <stdbool.h>
#include <stdint.h>

#include "tests/servers/shared/stamps.h"
#include "tests/servers/shared/work.h"

#define SERVING_THREAD_LIMIT 64

struct serving {
	const char *name;
	unsigned int threads;
	int cpu;            /* all threads run there; -1: anywhere */
	unsigned int parts; /* a response goes in as many sends */
	int64_t pause_ns;   /* between them */
	bool sqpoll;        /* io_uring only */
	const char *log_path;
	struct work work;
	struct stamps stamps;
	int listener;
};

/* Reads the options, listens, and blocks the signals that end the server for all its threads. */
void serving_open(struct serving *serving, int argc, char **argv);

/* As many as asked for, each with the struct as its argument. */
void serving_start(struct serving *serving, void *(*thread)(void *));

/* Ends the process once it was asked to and has told what it saw. */
int serving_wait(struct serving *serving);

/* A system call that had to succeed has not. */
_Noreturn void serving_fail(const char *what);

#endif
