/* SPDX-License-Identifier: MIT */
/*
 * What the rules of cause.h read: the figures of three trials, taken from their records once, in
 * the units rules compare (shares, means, rates), and the few words in which rules tell them.
 *
 *   base    the lowest load that passed
 *   lower   the highest that passed; may be the same trial
 *   broken  the lowest that failed
 *
 * Of each the trial that search_record.h picks; where the probe followed hardly a request of that
 * one, or was left out, the nearest of its verdict of which more is known, if there is one.
 *
 * A figure that was not measured has its has_… false and is 0: rules ask before they conclude from
 * an absence.
 *
 * Owner: borrows the record, which must outlive it. Threads: pure. Errors: none; sentences' are
 * those of the buf. Units: in the names; shares are 0 to 1.
 */
#ifndef RINGLOAD_ANALYSIS_CAUSE_EVIDENCE_H
#define RINGLOAD_ANALYSIS_CAUSE_EVIDENCE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/units.h"
#include "result/search_record.h"

/* Fewer attributed requests say nothing of where they spent their time. */
#define CAUSE_FEW_REQUESTS 30

/* A thread that runs or wants to for this share of the time is saturated; so are CPUs. */
#define CAUSE_SATURATED 0.90
/* Held back by a quota for this share of the time. */
#define CAUSE_THROTTLED 0.05

/* A thread that reads requests. */
struct cause_thread {
	uint32_t tid;
	const char *name;
	double cpu, runq; /* shares of the window */
};

/* All threads that had requests but the busiest one. */
struct cause_others {
	unsigned int count;
	double cpu;            /* CPUs they kept busy */
	double in_request;     /* share of the time one was blocked with a request of its own */
	double sleeps;         /* times that they gave up their CPUs */
	double requests_share; /* of the answers */
};

/* One trial. */
struct cause_view {
	const struct search_trial *trial; /* NULL: there is none, and the rest is 0 */
	const struct result *result;
	double rps, completed_rps; /* asked; while the window was open */
	double seconds;

	/* Shares of the scheduled requests. */
	double errors;              /* the record's error_rate */
	double timed_out;           /* expired ones included */
	double busy_status;         /* 429 and 503: come later */
	double other_status;        /* other errors by status */
	double gateway;             /* of these 502 and 504: who stands behind did not answer */
	double closed, reset;       /* before an answer, or within one */
	double no_connection;       /* dropped, as none was established */
	uint64_t connects;          /* attempted */
	double connect_refused;     /* shares of these */
	double connect_failed;      /* the others, but for want of a port */
	uint64_t no_port, no_fd;    /* connections that failed for want of either */
	bool has_connect;           /* some was established */
	double connect_ns;          /* p99 */
	double wait_ns, service_ns; /* means: for a connection; of the exchange */
	double p50_ns, p99_ns;      /* of total */
	bool p99_at_least;          /* it is a lower bound */
	bool has_latency;

	bool has_resources;
	double cpus, limit_cpus, cpu_share; /* kept busy; may use; of it (0: unknown) */
	bool has_quota;
	bool has_throttled;
	double throttled; /* time held back by the quota, of the window; summed over CPUs */
	bool has_memory;
	double memory_bytes, memory_grown_bytes; /* most; in the window, first to last reading */
	double memory_late_bytes;                /* of it, in the second half */
	uint64_t memory_requests;                /* completed between these readings */
	double limit_bytes, limit_share;         /* 0: none; of it, at most */
	double memory_events, oom_kills, swap_bytes;
	double memory_stall, io_stall, cpu_stall; /* shares of the window */
	bool stall_is_own;                        /* else of the machine */
	bool has_processes;
	double restarts, exited;
	bool has_files;
	double files, files_share; /* most; of the limit, of the process nearest to it */

	bool has_kernel; /* enough requests followed */
	bool has_parts;  /* and most of them attributed */
	double residence_ns;
	double part_ns[PROBE_ABI_PARTS], share[PROBE_ABI_PARTS];
	double queue_share, app_blocked_ns;
	double blocked; /* share in which a thread slept inside a request, this one or another */
	bool has_residual;
	double residual_ns;
	struct cause_thread busiest; /* of those with their part of the requests */
	struct cause_others others;
	unsigned int threads; /* that had requests */
	double threads_cpu;   /* CPUs they kept busy */
	double pressed;       /* share of time they run or want to, by requests */
	bool has_listen;
	uint64_t listen_overflows, syn_drops; /* of the server's network namespace */
	uint64_t retransmits;
};

struct cause_evidence {
	const struct search_record *record;
	struct cause_view base, lower, broken;
};

void cause_evidence_take(const struct search_record *record, struct cause_evidence *evidence);

/* The view of any trial of the record. */
void cause_evidence_view(const struct search_trial *trial, struct cause_view *view);

/* Whether the busiest thread is, and those that answer most of the requests. */
bool cause_evidence_saturated(const struct cause_view *view);

/* Whether nobody listened any more when the trial ended: each connect it made was refused. */
bool cause_evidence_gone(const struct search_trial *trial);

/*
 * How strong a figure is: 0 below `from`, where a rule begins to fire; there 0.5, and 1 from `full`
 * on.
 */
double cause_evidence_ramp(double value, double from, double full);

/* Whether a threshold that failed in the trial is on a metric that begins so ("target_memory"). */
bool cause_evidence_failed(const struct cause_view *view, const char *metric);

/* As units_format_size, of whatever a stored record may hold. */
char *cause_evidence_format_bytes(char text[UNITS_TEXT_BYTES], double bytes);
/* As units_format_duration, likewise. */
char *cause_evidence_format_ns(char text[UNITS_TEXT_BYTES], double time_ns);

/* "queue_busy grew from 4 to 81 % of residence"; without a base "queue_busy is 81 % of ...". */
void cause_evidence_tell_share(const char *what, const char *of, bool has_base, double base,
	double broken, struct buf *out);
/* The same of times: "residence grew from 1.20 ms to 85.0 ms". */
void cause_evidence_tell_time(
	const char *what, bool has_base, double base_ns, double broken_ns, struct buf *out);

#endif
