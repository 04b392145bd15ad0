/* SPDX-License-Identifier: MIT */
/*
 * What the user asked for, before anything is resolved or computed: one value per question, each
 * either given or defaulted, with where it came from for messages.
 *
 * Today it is filled from the command line; a scenario file fills the same struct. The plan is made
 * from it and from nothing else.
 *
 * Owner: strings are borrowed (argv, or the file's text) and must outlive the struct; the arrays
 * belong to the struct until scenario_release.
 * Threads: one. Errors: see scenario_check.
 */
#ifndef RINGLOAD_SCENARIO_SCENARIO_H
#define RINGLOAD_SCENARIO_SCENARIO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum scenario_arrival { SCENARIO_CONSTANT, SCENARIO_POISSON, SCENARIO_ARRIVAL_COUNT };
enum scenario_pacing {
	SCENARIO_PACING_AUTO,
	SCENARIO_PACING_SPIN,
	SCENARIO_PACING_SLEEP,
	SCENARIO_PACING_COUNT
};

/* How requests leave: a plain send; from registered memory without a copy (SEND_ZC), where the
 * kernel really does not copy; or that whether it copies or not. */
enum scenario_send {
	SCENARIO_SEND_AUTO,
	SCENARIO_SEND_PLAIN,
	SCENARIO_SEND_ZERO_COPY,
	SCENARIO_SEND_COUNT
};

/* A list of borrowed strings, in the order given. */
struct scenario_list {
	const char **items;
	size_t count;
};

struct scenario {
	const char *url;
	const char *method;           /* NULL: GET, or POST when there is a body */
	struct scenario_list headers; /* "Name: value"; a later one of a name replaces a default */
	const void *body;             /* NULL: none */
	size_t body_bytes;
	const char *body_file;  /* read when the request is rendered, instead of body; NULL: none */
	const char *connect_to; /* HOST:PORT to connect to instead of the URL's; NULL: none */
	/* Address ranges connections come from, "10.0.0.0/24"; none: the kernel chooses. */
	struct scenario_list sources;
	bool no_keepalive;          /* a connection for each request */
	bool reset_on_close;        /* connections end with a reset: no TIME_WAIT is left behind */
	uint64_t connect_rate_mrps; /* thousandths of a connect a second, of all workers; 0: as
				       usual */
	enum scenario_send send;
	bool rx_timestamps;    /* have the kernel stamp what arrives */
	uint32_t buffer_bytes; /* of each buffer responses are received into; 0: chosen */
	const char *cpus;      /* CPU list ("0-3,8"); NULL: chosen */

	uint32_t connections;
	uint32_t workers; /* 0: chosen */
	uint32_t pipeline;
	bool open_loop;     /* a rate was given */
	uint64_t rate_mrps; /* thousandths of a request a second */
	enum scenario_arrival arrival;
	enum scenario_pacing pacing;
	uint64_t max_send_lag_ns; /* more of its p99: generator_limited; 0: as usual */
	bool has_requests;
	uint64_t requests;    /* measured, scheduled; without it the duration ends the run */
	uint64_t duration_ns; /* UINT64_MAX when only requests were given */
	uint64_t warmup_ns;
	uint64_t timeout_ns;
	uint64_t drain_ns;
	bool has_max_in_flight;
	uint64_t max_in_flight;
	bool has_seed;
	uint64_t seed;
	uint64_t memory_limit_bytes;

	struct scenario_list thresholds; /* expressions, in the grammar of analysis/threshold.h */
	bool slo;                        /* the default objectives as well */
};

/* Sets every default of docs/measurement.md; drain_ns is set to "as timeout" by scenario_check. */
void scenario_init(struct scenario *scenario);
void scenario_release(struct scenario *scenario);

int scenario_list_add(struct scenario_list *list, const char *item, struct err *err);

/*
 * Cross-checks of values that are each well-formed: no more workers than connections, a rate for
 * --arrival and --max-in-flight, at least one request in the window, and the like; fills in what
 * depends on other values (drain, method). Sentences name the options.
 */
int scenario_check(struct scenario *scenario, struct err *err);

#endif
