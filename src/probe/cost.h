/* SPDX-License-Identifier: MIT */
/*
 * What the probe's own programs cost: the time they ran, from the kernel's statistics of BPF
 * programs, which are on in some stretches only, as they cost something themselves.
 *
 * The stretches are spread over the window, and their cost is held against their own requests. The
 * time that the kernel takes to get into a program is not in it.
 *
 * Owner: the struct is the caller's; cost_release switches statistics off; a zeroed struct may be
 * released. The loader is borrowed. Threads: one. Errors: kept as the reason why nothing was
 * measured. Units: nanoseconds of clock.h.
 */
#ifndef RINGLOAD_PROBE_COST_H
#define RINGLOAD_PROBE_COST_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "loader/loader.h"

struct cost {
	const struct loader *loader;
	bool looking;
	int statistics; /* descriptor, while looking */
	uint64_t spent_ns;
	uint64_t since_requests;
	uint64_t programs_ns, requests; /* of the window's stretches */
	struct err failure;             /* why it cannot be known */
};

void cost_init(struct cost *cost, const struct loader *loader);
void cost_release(struct cost *cost);

/* A window begins: forgets, and looks no more. */
void cost_begin(struct cost *cost);

/* Ends the stretch, if there is one, and begins another if wanted. requests: followed so far. */
void cost_look(struct cost *cost, bool wanted, uint64_t requests);

/* For each request of the server, of which one in `sample` was followed; false with a reason. */
bool cost_per_request(
	const struct cost *cost, uint32_t sample, double *per_request_ns, const char **reason);

#endif
