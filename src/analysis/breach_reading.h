/* SPDX-License-Identifier: MIT */
/*
 * What one interval of a run says of each sign that breach.h looks for, and whether what several of
 * them added up to could be chance.
 *
 * Threads: pure. Errors: an interval for which there is no memory says nothing of a threshold.
 */
#ifndef RINGLOAD_ANALYSIS_BREACH_READING_H
#define RINGLOAD_ANALYSIS_BREACH_READING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "analysis/threshold.h"
#include "measure/stats.h"
#include "result/result.h"

/* What an interval brought: differences of two copies of the statistics. */
struct breach_look {
	uint64_t begin_ns, end_ns; /* since the start of the run */
	bool trusted;              /* the generator did what it should */
	bool outstanding;          /* requests were due and unanswered when it began */
	const struct stats *change;
};

/* What is too much. */
struct breach_bounds {
	double errors, failures; /* shares; the latter of resets and of timeouts */
	bool errors_asked;       /* a threshold says what error_rate may be */
	bool latency_asked;      /* a threshold says what latency may be */
	double asked_ns;         /* the largest such bound */
	uint64_t base_ns;        /* of latency; 0: none yet */
};

/* How a sign is tested against chance. */
enum breach_chance {
	BREACH_SHARE,     /* found of so many, where a share of them is allowed */
	BREACH_SHORTFALL, /* found, where so many were wanted */
	BREACH_FEW        /* of so many requests */
};

struct breach_reading {
	bool known, broken;
	enum result_unit unit;
	double value, bound;
	bool lower_bound; /* the true value is at least this */
	enum breach_chance chance;
	double allowed;   /* the share, of BREACH_SHARE */
	double found, of; /* to be added up */
};

/* Of a sign other than a threshold. */
struct breach_reading breach_reading_sign(
	const struct breach_bounds *bounds, const struct breach_look *look, enum result_sign sign);
/* open_loop: what became due is what was asked. */
struct breach_reading breach_reading_threshold(
	const struct breach_look *look, const struct threshold *threshold, bool open_loop);

/* Whether found and of, added up, are more than chance. */
bool breach_reading_is_sure(const struct breach_reading *reading, double found, double of);

/* Requests that were not ok, and those that came to an end. */
double breach_reading_errors(const struct counters *counters);
double breach_reading_ended(const struct counters *counters);

/* Whether the bound is one from above. */
bool breach_reading_is_upper(const struct threshold *threshold);

#endif
