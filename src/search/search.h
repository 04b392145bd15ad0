/* SPDX-License-Identifier: MIT */
/*
 * The search for the breaking point: drives the stepper with trials on warm connections, judges
 * each, lets the server's queues drain between them, and makes the record.
 *
 * Between trials: nothing is sent until what the last one left behind is gone. A failed trial is
 * followed by a pause, and the rate of the next passing trial is what tells whether the server
 * recovered (cause.h: slow_recovery).
 *
 * Where the server's kernel is measured, trials whose verdicts become bounds go without the probe,
 * which costs the server a little, and both bounds have one more trial with it at the end: what
 * gave way is explained by those.
 *
 * A server that went away ends the search: trials that say so are void, and what is known stays,
 * but is no answer (gone.h).
 *
 * Interrupted (Ctrl-C): the trial under way ends, and the record holds the interval so far. In the
 * trials at the end, which explain the answer, it leaves the answer whole: the record is not called
 * interrupted then, and a note says that the explanation was cut short.
 *
 * Owner: options are the caller's and must outlive the call; the record is the caller's to release
 * when 0 was returned. Threads: the calling thread becomes the collector. Errors: a sentence with
 * its class; there is no record then.
 */
#ifndef RINGLOAD_SEARCH_SEARCH_H
#define RINGLOAD_SEARCH_SEARCH_H

#include <stdbool.h>

#include "analysis/stepper.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "result/search_record.h"
#include "run/run.h"
#include "scenario/scenario.h"

/*
 * What lies between two trials, after the drain of the first. What was answered left nothing
 * behind; a server that was overloaded may have more to clean up than its answers show; one that
 * still works on requests nobody waits for any more needs time to get rid of them.
 */
#define SEARCH_PAUSE_PASSED_NS     (100 * NS_PER_MS)
#define SEARCH_PAUSE_FAILED_NS     (500 * NS_PER_MS)
#define SEARCH_PAUSE_UNANSWERED_NS (1 * NS_PER_S)
/* For one that went away: as long as it may take to start again. */
#define SEARCH_PAUSE_GONE_NS (2 * NS_PER_S)

struct search_options {
	struct run_options run; /* with the thresholds trials are judged by, never none */
	bool slo;               /* they are the usual ones, as none were given */
	struct stepper_options stepper;
	/* Told of each trial once it is judged, for the screen; NULL: nobody. */
	void (*told)(void *context, const struct search_record *record);
	void *context;
};

/* scenario: an open loop; its rate is set to stepper.highest_rps. */
int search_execute(const struct scenario *scenario, const struct search_options *options,
	struct search_record *record, struct err *err);

/* Of the budget, what is kept for the trials that explain: one in so many parts. */
#define SEARCH_EXPLAINED_SHARE 8

/* The note of a search that was interrupted when it had its answer. */
#define SEARCH_UNEXPLAINED                                                                         \
	"interrupted after the answer was found, which is whole: only the trials that explain it " \
	"from the server's kernel were cut short"

/* What --dry-run prints: the trials that would be made if all passed, and the plan of the last. */
int search_describe(const struct scenario *scenario, const struct search_options *options,
	struct buf *out, struct err *err);

#endif
