/* SPDX-License-Identifier: MIT */
/*
 * What no file tells and only a try does: a ring, each BPF program alone, a profile, the null
 * server, and what was measured for a second.
 *
 * Everything tried is taken away again; nothing of it reaches a socket of anybody. Tests fill the
 * struct by hand and so make kernels that are not there.
 *
 * Owner: the caller's storage, which is large; no resources. Threads: the calling one tries, and is
 * in another network namespace for moments; spin.h starts others. Errors: none, they are what is
 * found. Cost: half a second for the programs, 1.3 s for what is measured.
 */
#ifndef RINGLOAD_DOCTOR_LIVE_H
#define RINGLOAD_DOCTOR_LIVE_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "doctor/late.h"
#include "doctor/spin.h"
#include "net/ring.h"
#include "probe/hooks.h"

#define LIVE_NIC_LIMIT 16

/* code 0: it worked; else -errno and why not. */
struct live_try {
	int code;
	struct err reason;
};

struct live_stage {
	const struct hooks_stage *stage;
	struct live_try tries[HOOKS_ALTERNATIVE_LIMIT]; /* of its alternatives */
};

/* How many pairs of queues a network card can have. */
struct live_nic {
	char name[16];
	uint32_t most_queues;
};

struct live {
	char program[PATH_MAX]; /* this one, for what is to be typed */
	struct ring_features features;
	struct live_try ring, stamps, profile, null_server;
	struct live_stage stages[HOOKS_LIMIT];
	size_t stage_count;
	struct live_nic nics[LIVE_NIC_LIMIT];
	size_t nic_count;
	bool quick; /* spin and late were left out */
	struct spin spin;
	struct late late;
};

/* quick: without what takes a second to measure. */
void live_take(struct live *live, bool quick);

#endif
