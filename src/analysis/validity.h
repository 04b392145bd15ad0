/* SPDX-License-Identifier: MIT */
/*
 * Whether a measurement may be believed: a pure function of the record.
 *
 * Verdicts, weightiest first; the first that applies is given, and every reason found is listed:
 * - internal_error: an identity of the counters is violated, or a worker gave up.
 * - interrupted: stopped before the window's end.
 * - generator_limited: what was measured is (also) the generator. Open loop: send_lag p99 above
 *   max(100 us, 5 % of total p50), or above the bound the user set; a worker busy above 90 % in
 * more than 5 % of the measured intervals; the completion queue overflowed; a worker lost more than
 * 5 % of wall to the hypervisor, the CPU quota or the run queue (the run queue's delay contains the
 * quota's on kernels that were measured, so the larger of the two counts, plus steal). Both loops:
 * no local port or no descriptor left.
 * - too_short: fewer than VALIDITY_MIN_SAMPLES samples of `total`, or a measured window shorter
 *   than VALIDITY_MIN_WINDOW_S. Such a run still has its whole report. One that was ended early for
 *   a breach is not judged so: it measured what it was ended for.
 * - valid. A closed loop whose workers are busy above 95 %, or that lost CPU or overflowed its
 *   queue, is valid with the reason throughput_is_lower_bound: it saturates by design.
 * A CPU shared with another worker or the target is a note.
 *
 * Threads: pure. Errors: memory.
 */
#ifndef RINGLOAD_ANALYSIS_VALIDITY_H
#define RINGLOAD_ANALYSIS_VALIDITY_H

#include "base/err.h"
#include "result/result.h"

#define VALIDITY_MIN_SAMPLES      100
#define VALIDITY_MIN_WINDOW_S     1.0
#define VALIDITY_SEND_LAG_NS      100000
#define VALIDITY_SEND_LAG_SHARE   0.05
#define VALIDITY_BUSY             0.90
#define VALIDITY_BUSY_INTERVALS   0.05
#define VALIDITY_CPU_LOST         0.05
#define VALIDITY_CLOSED_LOOP_BUSY 0.95

/* Writes *validity (result->validity may be meant), releasing nothing; 0 or -ENOMEM. */
int validity_judge(const struct result *result, struct result_validity *validity, struct err *err);

#endif
