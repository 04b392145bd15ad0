/* SPDX-License-Identifier: MIT */
/*
 * Several measured windows on one set of warm connections, each with a record of its own.
 *
 * session_open does once what a run does before its load: plan, preflight, the kernel's side; the
 * first trial makes the connections. Each session_trial measures one window of an open loop and
 * gives the same record, judged in the same way, as a run of that rate and duration would; the
 * notes of the preflight stand in each and are shown once. Between trials nothing is sent.
 * run_execute is a session of one trial.
 *
 * Signals: as in run.h. A trial that was interrupted still has its record (verdict interrupted);
 * session_interrupted tells that no other should begin. One that begins all the same, or for which
 * the signal came before its load, fails with ERR_INTERRUPTED.
 *
 * Owner: scenario and options must outlive the session; each result is the caller's. Threads: the
 * calling thread is the collector. One session at a time in a process. Errors: those of
 * run_execute; after one of a trial's no other trial can be had, only session_close.
 */
#ifndef RINGLOAD_RUN_SESSION_H
#define RINGLOAD_RUN_SESSION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "result/result.h"
#include "run/run.h"
#include "scenario/scenario.h"

struct session;

/* scenario: an open loop whose rate is the highest any trial will ask. */
int session_open(struct session **session, const struct scenario *scenario,
	const struct run_options *options, struct err *err);

struct session_window {
	uint64_t rate_mrps;
	uint64_t warmup_ns, duration_ns;
	/* The timeline's intervals; 0: a second. At least 50 ms. */
	uint64_t interval_ns;
	/* The probe rests in this trial, so that it takes nothing from the server: what is measured
	 * is what the server bears by itself, and not where its time goes. */
	bool unprobed;
	/* A breach that lasts so long ends the trial (run.h has that of a run); 0: none does. */
	uint64_t abort_ns;
	bool abort_lost_only; /* and only when an objective cannot hold any more */
	const char *label;    /* before the progress line: "trial 7"; NULL: none */
};

/*
 * window NULL: the scenario's own, which may then be of any kind; only as the first and last.
 */
int session_trial(struct session *session, const struct session_window *window,
	struct result *result, struct err *err);

bool session_interrupted(const struct session *session);

/* Whether the probe looks into the server's kernel, in trials that are not unprobed. */
bool session_probes(const struct session *session);

/*
 * What the hypervisor took from the server in the last trial, from its start to the end of its
 * window: a share (stolen.h). False: not known; the server is on another machine, say.
 */
bool session_steal(const struct session *session, double *share);

void session_close(struct session *session);

/*
 * What --dry-run prints: the plan of one window in words, as a session would have it, with nothing
 * sent and no address tried. window NULL: the scenario's own.
 */
int session_describe(const struct scenario *scenario, const struct run_options *options,
	const struct session_window *window, struct buf *out, struct err *err);

/*
 * Whether session_probes may be expected: the server is found on this machine, and this process has
 * the capabilities. Nothing is loaded to see about it.
 */
int session_foresees_probe(const struct scenario *scenario, const struct run_options *options,
	bool *probes, struct err *err);

#endif
