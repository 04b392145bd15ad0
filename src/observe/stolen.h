/* SPDX-License-Identifier: MIT */
/*
 * Time that the hypervisor took from the CPUs a server's threads ran on, sample by sample.
 *
 * Which CPUs these are is seen at each sample, thread by thread; of a server of more than
 * STOLEN_THREADS threads, or of one that cannot be seen, all CPUs of the machine count. The share
 * is
 *
 *   time taken / max(length, time for which something ran there or wanted to)
 *
 * summed over these CPUs, from the first sample to the last. So a thread that moves about on idle
 * CPUs, where nothing can be taken, is told of as one that stays; and what little is taken from a
 * server that hardly runs is held against one CPU's time.
 *
 * Owner: the struct is the caller's (large: on the heap); stolen_init is all there is to do.
 * Threads: one. Errors: none: what cannot be read is not known. Cost of a sample: /proc/stat, and
 * of processes with several threads one file each. Units: in the names; told in the kernel's ticks,
 * mostly of 10 ms, so that a short window is known roughly.
 * Source: proc_stat(5), proc_pid_stat(5) (processor).
 */
#ifndef RINGLOAD_OBSERVE_STOLEN_H
#define RINGLOAD_OBSERVE_STOLEN_H

#include <stdbool.h>
#include <stdint.h>

#include "observe/members.h"
#include "observe/reading.h"

#define STOLEN_CPUS    1024 /* told apart; those beyond are not seen */
#define STOLEN_THREADS 64   /* looked at in a sample */
/* Fewer may be rounding. */
#define STOLEN_TICKS 2

struct stolen_cpu {
	bool used, known;
	uint64_t first_steal, first_busy, steal, busy; /* ticks; busy: with steal, without idle */
};

struct stolen {
	struct reading reading;
	struct stolen_cpu cpus[STOLEN_CPUS];
	bool everywhere; /* all CPUs count */
	uint64_t samples, first_ns, last_ns;
	double ns_per_tick;
};

/* root: "/" or a test's folder. */
void stolen_init(struct stolen *stolen, const char *root);

/* members: as of their last sample; NULL: the server cannot be seen. now_ns: clock.h. */
void stolen_sample(struct stolen *stolen, const struct members *members, uint64_t now_ns);

/* False: there were no two samples, or the machine does not tell. 0 to 1. */
bool stolen_share(const struct stolen *stolen, double *share);

#endif
