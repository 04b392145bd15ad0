/* SPDX-License-Identifier: MIT */
/*
 * How many requests a trial needs so that its objectives can be told. Of n requests without an
 * error a server that errs on a share of p of them has none with a probability of (1 - p)^n: below
 * 5 % from n = 3 / p on (the rule of three; J. A. Hanley, A. Lippman-Hand: If nothing goes wrong,
 * is everything all right?, JAMA 249, 1983). So error_rate<1% takes 300 requests, and so does a
 * p99, which at most 1 % may exceed. A trial of fewer may fail, but that it passed says nothing.
 *
 * Counted are objectives that fail a run: error_rate, and percentiles of the latencies that every
 * request has (total, service), where at most so much is asked. One that allows no error at all
 * needs no number: none would be enough.
 *
 * Threads: pure. Errors: none. Units: requests.
 */
#ifndef RINGLOAD_ANALYSIS_ENOUGH_H
#define RINGLOAD_ANALYSIS_ENOUGH_H

#include "analysis/threshold.h"

struct enough {
	double requests; /* 0: any number is enough */
	const char *
		expression; /* of the last objective that needs most, the list's; NULL: none does */
};
void enough_find(const struct threshold_list *list, struct enough *enough);

#endif
