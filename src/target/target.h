/* SPDX-License-Identifier: MIT */
/*
 * The embedded server: an HTTP/1.1 server on io_uring whose behaviour is programmed by routes and
 * which stamps what it did. It is what `ringload serve` runs, what the demo loads, and the known
 * answer that measurements are tested against.
 *
 * It answers GET /__stats with what it counted (tally_json.h; /__stats?full adds histograms and the
 * log) and everything else by its routes (route.h). It does not serve files, and knows no TLS.
 *
 * Owner: target_open makes it, target_close frees it; it also borrows the routes, which must
 * outlive it. Threads: one a worker, started by target_open and pinned if asked; the functions
 * below belong to the thread that opened it, but target_stop may be called from any and from a
 * signal handler. Workers block all signals. Errors: sentences.
 * Limits: each worker takes up to `connections` at a time; target_open raises the soft limit of
 * open files to the hard one when the connections need that, as io_uring bounds its table by it.
 */
#ifndef RINGLOAD_TARGET_TARGET_H
#define RINGLOAD_TARGET_TARGET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "target/route.h"

#define TARGET_WORKER_LIMIT        256
#define TARGET_ADDRESS_LIMIT       16
#define TARGET_DEFAULT_CONNECTIONS 16384
#define TARGET_CONNECTION_LIMIT    (1U << 20)
#define TARGET_LOG_LIMIT           (1U << 24)

struct target_options {
	const char *const *addresses; /* see listener.h */
	size_t address_count;
	size_t worker_count;            /* 0: one */
	const unsigned int *cpus;       /* one for each worker, or NULL: not pinned */
	const struct route_set *routes; /* finished */
	uint64_t seed;
	uint32_t connections;     /* most at a time for each worker; 0: the default, or what the
				     limit of open files allows */
	uint64_t accept_delay_ns; /* see door.h; 0: connections are taken at once */
	uint32_t backlog;         /* connections that may wait to be taken; 0: as many as can be */
	size_t log_entries;       /* how many of the latest requests each worker keeps for ?full */
};

struct target;

/* Binds, listens, starts the workers; connections are accepted once it returned 0. */
int target_open(struct target **target, const struct target_options *options, struct err *err);

/* The port of an address, the chosen one where 0 was asked; 0 of a unix socket. */
uint16_t target_port(const struct target *target, size_t address);

/* "127.0.0.1:8080": an address as it is bound; valid until target_close. */
const char *target_address(const struct target *target, size_t address);

/* Appends its URL without a path: "http://127.0.0.1:8080", "http+unix://%2Frun%2Fx.sock". */
void target_url(const struct target *target, size_t address, struct buf *out);

/* Offsets of freezes count from here (clock.h). */
uint64_t target_start_ns(const struct target *target);

/* Async-signal-safe. Workers end their connections and then themselves. */
void target_stop(struct target *target);

/* Waits until all workers have ended; the sentence of one that failed, if any did. */
int target_wait(struct target *target, struct err *err);

/* What /__stats answers, appended; -ENOMEM at worst. Also between target_wait and target_close. */
int target_stats_json(const struct target *target, bool full, struct buf *out);

/* Stops and waits as well, where that was not done. NULL is allowed. */
void target_close(struct target *target);

#endif
