/* SPDX-License-Identifier: MIT */
/*
 * Where the server's requests spent most of their residence, and what follows from it, as one
 * sentence that is only as sure as the figures allow.
 *
 * Stages with one cause are judged as one: waiting for a CPU before a request is read and after is
 * the same shortage. A cause dominates from KERNEL_DOMINANT_SHARE on; below, the two largest are
 * named. Where too few requests could be followed, the sentence says what cannot be said.
 *
 * Threads: pure. Errors: none; the sentence's are those of the buf.
 * Units: shares are 0 to 1, of the residence of the attributed requests.
 */
#ifndef RINGLOAD_ANALYSIS_KERNEL_DOMINANT_H
#define RINGLOAD_ANALYSIS_KERNEL_DOMINANT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "result/result_kernel.h"

/* From this share on a cause dominates. */
#define KERNEL_DOMINANT_SHARE 0.40
/* Of the requests, this share must be attributed for a word about all; below the second, the
 * sentence says of which share it speaks. */
#define KERNEL_DOMINANT_ATTRIBUTED     0.50
#define KERNEL_DOMINANT_ATTRIBUTED_ALL 0.98
/* Fewer attributed requests than this are mentioned. */
#define KERNEL_DOMINANT_FEW 100
/* Fewer slow requests than this get no word of their own. */
#define KERNEL_DOMINANT_SLOW_FEW 10
/* Threads that are running or runnable for this share of the time are saturated. */
#define KERNEL_DOMINANT_SATURATED 0.90

enum kernel_dominant_cause {
	KERNEL_DOMINANT_BUSY,         /* the reader was running */
	KERNEL_DOMINANT_RUNQ,         /* runnable, without a CPU; before and after the read */
	KERNEL_DOMINANT_BUSY_BLOCKED, /* the reader slept inside another request */
	KERNEL_DOMINANT_WAKEUP,       /* the reader was idle */
	KERNEL_DOMINANT_UNKNOWN,      /* the reader was not known then */
	KERNEL_DOMINANT_CPU,
	KERNEL_DOMINANT_SLEEP,
	KERNEL_DOMINANT_DISK,
	KERNEL_DOMINANT_STOPPED,
	KERNEL_DOMINANT_CAUSE_COUNT
};

/* The two largest causes of a set of requests. */
struct kernel_dominant_mix {
	bool known; /* false: none of its requests is attributed */
	enum kernel_dominant_cause first, second;
	double first_share, second_share;
	double mean_ns; /* residence of the attributed */
};

struct kernel_dominant {
	double attributed; /* share of the requests */
	struct kernel_dominant_mix all, slowest;
};

void kernel_dominant_find(const struct result_kernel *kernel, struct kernel_dominant *dominant);

/* Appends the sentence; nothing for a record that was not measured. */
void kernel_dominant_sentence(const struct result_kernel *kernel, struct buf *out);

#endif
