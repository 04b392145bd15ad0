/* SPDX-License-Identifier: MIT */
#include "engine/zero_copy.h"

#include <errno.h>

#include "base/units.h"

/* Every ring pins the whole of it, and all of them count against one limit. */
static int refused(const struct worker *worker, size_t bytes, int code, struct err *err)
{
	char size[UNITS_TEXT_BYTES];
	size_t all_kib = (bytes + 4096) / 1024 * worker->plan->worker_count + 1;

	units_format_size(size, bytes);
	if (code == -ENOMEM)
		return err_set(err, ERR_ENVIRONMENT, code,
			"--send zero-copy: the kernel refused to lock %s of memory: raise the "
			"limit of locked memory as root with \"ulimit -l %zu\" (or \"ulimit -l "
			"unlimited\") before, or use --send auto, which copies then",
			size, all_kib);
	return err_set_errno(err, ERR_ENVIRONMENT, code,
		"--send zero-copy: the kernel refused to lock %s of memory", size);
}

int zero_copy_init(struct worker *worker, struct err *err)
{
	const struct plan *plan = worker->plan;
	size_t bytes = plan->request.wire_bytes * worker->wire_copies;
	int code;

	if (plan->send == SCENARIO_SEND_PLAIN)
		return 0;
	code = ring_register_memory(worker->ring, worker->wire, bytes);
	if (code && plan->send == SCENARIO_SEND_ZERO_COPY)
		return refused(worker, bytes, code, err);
	worker->send_refused = code;
	if (!code)
		worker->send = plan->send == SCENARIO_SEND_AUTO ? WORKER_SEND_TRIAL
								: WORKER_SEND_ZERO_COPY;
	return 0;
}

bool zero_copy_next(struct worker *worker)
{
	if (worker->send < WORKER_SEND_TRIAL)
		return false;
	if (worker->send == WORKER_SEND_TRIAL)
		worker->send = WORKER_SEND_LOUD;
	COUNT(&worker->stats->health, HEALTH_ZERO_COPY);
	return true;
}

void zero_copy_unreported(struct worker *worker)
{
	/* The trial told nothing. */
	if (worker->plan->send == SCENARIO_SEND_AUTO && !worker->copied &&
		worker->send == WORKER_SEND_LOUD)
		worker->send = WORKER_SEND_TRIAL;
}

void zero_copy_reported(struct worker *worker, const struct ring_completion *completion)
{
	bool copied = completion->result == RING_COPIED;

	/* A kernel that does not tell says the same as one that did not copy. */
	if (!worker->plan->send_reports)
		return;
	COUNT(&worker->stats->health, HEALTH_REPORTED);
	if (copied)
		COUNT(&worker->stats->health, HEALTH_COPIED);
	if (worker->plan->send != SCENARIO_SEND_AUTO)
		return;
	worker->copied |= copied;
	worker->send = worker->copied ? WORKER_SEND_LOUD : WORKER_SEND_ZERO_COPY;
}

const char *zero_copy_path(const struct worker *worker)
{
	const uint64_t *health = worker->stats->health.value;

	return 2 * health[HEALTH_ZERO_COPY] > health[HEALTH_SENDS] ? "send_zc" : "send";
}
