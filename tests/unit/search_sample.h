/* SPDX-License-Identifier: MIT */
/*
 * A search that never took place, for tests of its record and its reports: trials against a server
 * that answers in SEARCH_SAMPLE_SERVICE_NS while it is idle, ever later near its capacity, and
 * falls behind above it.
 *
 * search_sample_init gives a record without trials; search_sample_add makes one with its whole
 * result; search_sample_found is a search that went as most do.
 *
 * Owner: the record is the caller's, to be released. Errors: asserted.
 */
#ifndef TESTS_UNIT_SEARCH_SAMPLE_H
#define TESTS_UNIT_SEARCH_SAMPLE_H

#include "result/search_record.h"

#define SEARCH_SAMPLE_CAPACITY_RPS 12000
#define SEARCH_SAMPLE_SERVICE_NS   800000

struct search_sample_trial {
	enum search_stage stage;
	double rps;
	double duration_s;
	enum search_verdict verdict;
	unsigned int requests;  /* recorded; the rates are as if all had been */
	unsigned int timed_out; /* besides, after 10 s */
	const char *reason;
};

/* A search with --slo, within 2 % and 5 minutes, interrupted by nothing, that found nothing. */
void search_sample_init(struct search_record *record);

void search_sample_add(struct search_record *record, const struct search_sample_trial *trial);

/* Sets the interval; a bound of 0 is none. Its trials are those that decided at that rate. */
void search_sample_answer(struct search_record *record, enum search_answer_kind kind,
	double lower_rps, double upper_rps);

/* Searched, narrowed and confirmed around the capacity, each trial of so many requests, with what
 * gave way, what could not be looked at, and what more concurrency would give. */
void search_sample_found(struct search_record *record, unsigned int requests);

#endif
