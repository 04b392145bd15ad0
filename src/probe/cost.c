/* SPDX-License-Identifier: MIT */
#include "probe/cost.h"

#include <string.h>
#include <unistd.h>

void cost_init(struct cost *cost, const struct loader *loader)
{
	memset(cost, 0, sizeof(*cost));
	cost->loader = loader;
}

static void cost_stop(struct cost *cost)
{
	if (cost->looking)
		close(cost->statistics);
	cost->looking = false;
}

void cost_release(struct cost *cost)
{
	cost_stop(cost);
}

void cost_begin(struct cost *cost)
{
	cost_stop(cost);
	cost->requests = 0;
	cost->programs_ns = 0;
}

static void cost_end_stretch(struct cost *cost, uint64_t requests)
{
	uint64_t spent_ns, calls;

	if (loader_spent(cost->loader, &spent_ns, &calls, &cost->failure) == 0) {
		cost->programs_ns += spent_ns - cost->spent_ns;
		cost->requests += requests - cost->since_requests;
	}
	cost_stop(cost);
}

void cost_look(struct cost *cost, bool wanted, uint64_t requests)
{
	uint64_t calls;

	if (cost->looking)
		cost_end_stretch(cost, requests);
	if (!wanted || cost->failure.kind != ERR_NONE)
		return;
	cost->statistics = loader_statistics(&cost->failure);
	if (cost->statistics < 0)
		return;
	cost->looking = true;
	cost->since_requests = requests;
	if (loader_spent(cost->loader, &cost->spent_ns, &calls, &cost->failure))
		cost_stop(cost);
}

bool cost_per_request(
	const struct cost *cost, uint32_t sample, double *per_request_ns, const char **reason)
{
	if (cost->failure.kind != ERR_NONE)
		*reason = cost->failure.text;
	else if (cost->requests == 0)
		*reason =
			"no request was followed while it was looked at: the window was too short";
	else
		*reason = NULL;
	if (*reason)
		return false;
	*per_request_ns = (double)cost->programs_ns / ((double)cost->requests * sample);
	return true;
}
