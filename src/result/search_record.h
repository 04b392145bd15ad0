/* SPDX-License-Identifier: MIT */
/*
 * A search as one record: schema "ringload.search/1". Reports, causes and safe capacity are made
 * from it alone, so a stored search and a live one are the same thing.
 *
 * In JSON, in this order:
 *
 *   schema, complete, tool{version}, started_at, command[], target{url},
 *   goal{thresholds[], slo, precision, budget_s, ladder[]},
 *   answer{kind, lower_rps, upper_rps, width, precise, lower_confirmed, upper_confirmed,
 *     lower_trials[], upper_trials[], safe_rps, sentence},
 *   doubling{verdict, bound, from_rps, to_rps, p50_growth, p99_growth, reason},
 *   causes[]{key, sign, strength, sentence, advice}, unknown[],
 *   usl{status, limit, lambda_rps, sigma, kappa, peak_concurrency, peak_rps, base_concurrency,
 *     base_rps, doubled_rps, error, levels[]{concurrency, rps}, sentence},
 *   trials[]{index, stage, t_s, rps, warmup_s, duration_s, verdict, reason, backlog_growth,
 *     result{} (a whole ringload.result/1)},
 *   calibration{highest_rps, bound, measured_at} or null, elapsed_s, interrupted, notes[]
 *
 * - answer.kind: found; generator_limit (lower_rps passed, above it the generator could not follow:
 *   says nothing of the server); above_highest (nothing failed); below_lowest (nothing passed);
 *   undecided (budget or patience ended before both bounds). lower_rps and upper_rps are null where
 *   there is none; width = (upper - lower) / upper. Trials are indices into trials[].
 *   The sentence may be null.
 * - precision is null in a ladder, which has none; ladder is empty in a search.
 * - thresholds[]: expressions as given; slo: the usual objectives were used, as none were given.
 * - backlog_growth: requests a second by which what was unanswered grew, over the rate; null when
 *   the trial was too short to say.
 * - safe_rps: SEARCH_SAFE_SHARE of lower_rps; null without it.
 * - doubling: how latency grows from a load to its double (analysis/doubling.h); verdict is as in
 *   result_stability.h, growths are null where they are not known, and reason is when the verdict
 *   is. Older records have none, and neither has one written from them.
 * - usl: the Universal Scalability Law fitted to what the trials completed (analysis/usl.h, which
 *   has the law, and analysis/usl_advice.h, which has the trials that count and when each figure is
 *   there). Without a fit, status says why, and all but levels and sentence is null. Older records
 *   have none, and neither has one written from them.
 *
 * Owner: the struct is the caller's; all it points to belongs to it until search_record_release; a
 * zeroed struct is empty. Threads: one at a time. Errors: as result_read. Units: in the names.
 */
#ifndef RINGLOAD_RESULT_SEARCH_RECORD_H
#define RINGLOAD_RESULT_SEARCH_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "result/result.h"

#define SEARCH_SCHEMA "ringload.search/1"
/* Of the lower bound one may go in service. */
#define SEARCH_SAFE_SHARE 0.75

enum search_stage {
	SEARCH_RANGE,
	SEARCH_NARROW,
	SEARCH_CONFIRM,
	SEARCH_EXPLAIN, /* of a bound once more, with the probe: no bound rests on it */
	SEARCH_LADDER,
	SEARCH_STAGE_COUNT
};

enum search_verdict {
	SEARCH_PASS,
	SEARCH_FAIL,
	SEARCH_GENERATOR, /* the generator could not drive it */
	SEARCH_VOID,      /* says nothing */
	SEARCH_VERDICT_COUNT
};

enum search_answer_kind {
	SEARCH_FOUND,
	SEARCH_GENERATOR_LIMIT,
	SEARCH_ABOVE_HIGHEST,
	SEARCH_BELOW_LOWEST,
	SEARCH_UNDECIDED,
	SEARCH_ANSWER_KIND_COUNT
};

/* Whether the law was fitted, else why not. */
enum search_usl_status {
	SEARCH_USL_FEW_LEVELS, /* of concurrency */
	SEARCH_USL_NARROW,     /* loads or concurrency hardly varied */
	SEARCH_USL_POOR,       /* the trials lie too far from any such law */
	SEARCH_USL_SUDDEN,     /* throughput stopped growing at once, which is none of them */
	SEARCH_USL_FITTED,
	SEARCH_USL_STATUS_COUNT
};

enum search_usl_limit {
	SEARCH_USL_NOT_SEEN, /* in proportion, within what was tried */
	SEARCH_USL_CONTENTION,
	SEARCH_USL_COHERENCY,
	SEARCH_USL_LIMIT_COUNT
};

/* Trials of about the same concurrency: the medians. */
struct search_usl_level {
	double concurrency; /* requests in the service at a time */
	double rps;         /* completed */
};

struct search_usl {
	enum search_usl_status status;
	struct search_usl_level *levels; /* by concurrency */
	size_t level_count;
	char *sentence; /* for people: the advice, or why there is none; NULL: nobody looked */
	/* The rest means nothing without a fit. */
	enum search_usl_limit limit;
	double lambda_rps, sigma, kappa;
	double error; /* of throughput: root of the mean square share */
	bool has_peak, has_doubled;
	double peak_concurrency, peak_rps;
	double base_concurrency, base_rps; /* of the lower bound */
	double doubled_rps;                /* with twice as many in flight */
};

struct search_trial {
	enum search_stage stage;
	double t_s; /* its begin, since the search began */
	double rps; /* as asked */
	double warmup_s, duration_s;
	enum search_verdict verdict;
	char *reason; /* a sentence; NULL: passed */
	bool has_backlog_growth;
	double backlog_growth;
	struct result result;
};

struct search_cause {
	char *key;
	bool sign;       /* how it showed rather than why */
	double strength; /* 0 to 1 */
	char *sentence;  /* with its figures */
	char *advice;    /* what to do about it; NULL: nothing to say */
};

struct search_doubling {
	bool judged;
	enum result_stability_verdict verdict;
	double bound;
	bool has_growth;
	double from_rps, to_rps, p50_growth, p99_growth; /* of it */
	char *reason;                                    /* NULL: the verdict is known */
};

struct search_record {
	bool complete;
	char *tool_version;
	char *started_at;
	char **command;
	size_t command_count;
	char *url;

	struct {
		char **thresholds;
		size_t threshold_count;
		bool slo;
		double precision, budget_s;
		double *ladder_rps;
		size_t rung_count;
	} goal;

	struct {
		enum search_answer_kind kind;
		bool has_lower, has_upper;
		double lower_rps, upper_rps;
		bool precise, lower_confirmed, upper_confirmed;
		size_t *lower_trials, *upper_trials;
		size_t lower_trial_count, upper_trial_count;
		char *sentence;
	} answer;

	struct search_doubling doubling;

	struct search_cause *causes;
	size_t cause_count;
	char **unknown; /* what could not be looked at, with the reason: a sentence each */
	size_t unknown_count;

	struct search_usl usl;

	struct search_trial *trials;
	size_t trial_count;

	struct {
		bool known;
		double highest_rps;
		bool bound; /* measured without the null server: an upper bound of the cost */
		char *measured_at;
	} calibration;

	double elapsed_s;
	bool interrupted;
	char **notes;
	size_t note_count;
};

void search_record_release(struct search_record *record);

/* Append copies; 0 or -ENOMEM. A trial's result is moved in: the caller's becomes empty. */
int search_record_add_trial(struct search_record *record, const struct search_trial *trial,
	struct result *result, const char *reason);
int search_record_add_cause(struct search_record *record, const struct search_cause *cause);
int search_record_add_unknown(struct search_record *record, const char *sentence);
int search_record_add_note(struct search_record *record, const char *sentence);

/*
 * The lowest and the highest load that passed, and the lowest that failed, the longest trial of
 * each; NULL: there is none. Of equal length: the latest. Where the answer has a bound, the trials
 * at that bound count: chance, or a break that comes slowly, lets single trials pass above it and
 * fail below. The pointers hold until the next trial is added.
 */
const struct search_trial *search_record_base(const struct search_record *record);
const struct search_trial *search_record_lower(const struct search_record *record);
const struct search_trial *search_record_broken(const struct search_record *record);

/* JSON key of each enumeration's members; NULL above the last. */
const char *search_stage_key(enum search_stage stage);
const char *search_verdict_key(enum search_verdict verdict);
const char *search_answer_key(enum search_answer_kind kind);
const char *search_usl_status_key(enum search_usl_status status);
const char *search_usl_limit_key(enum search_usl_limit limit);

/* Appends the record as canonical JSON, with a newline at its end. out->failed tells of memory. */
void search_record_write(const struct search_record *record, struct buf *out);

/* As result_read, of this schema. */
int search_record_read(struct search_record *record, const char *name, const char *text,
	size_t text_bytes, struct err *err);

#endif
