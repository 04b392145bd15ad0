/* SPDX-License-Identifier: MIT */
/*
 * How long the embedded server takes for a request: a distribution of service times, and draws from
 * it that are the same for the same seed.
 *
 *   fixed:TIME               always TIME
 *   exp:MEAN                 exponential, as of a memoryless service (M in queueing notation)
 *   bimodal:USUAL/RARE@SHARE RARE for SHARE percent of the requests, USUAL for the others
 *
 * Owner: the caller's storage. Threads: read-only after service_parse; the rng is the caller's.
 * Errors: ERR_USAGE sentences that quote the text. Units: nanoseconds; a time is at most
 * SERVICE_LONGEST_NS, and so is what is drawn.
 */
#ifndef RINGLOAD_TARGET_SERVICE_H
#define RINGLOAD_TARGET_SERVICE_H

#include <stdint.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/rng.h"

/* An hour: longer than any timeout a client would wait. */
#define SERVICE_LONGEST_NS (3600 * NS_PER_S)

enum service_kind { SERVICE_FIXED, SERVICE_EXPONENTIAL, SERVICE_BIMODAL };

struct service {
	enum service_kind kind;
	uint64_t usual_ns;   /* the fixed time, the mean, or the usual time */
	uint64_t rare_ns;    /* bimodal only */
	uint32_t rare_share; /* bimodal only; of SHARE_WHOLE */
};

int service_parse(struct service *service, const char *text, struct err *err);

uint64_t service_draw(const struct service *service, struct rng *rng);

#endif
