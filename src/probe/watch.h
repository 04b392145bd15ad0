/* SPDX-License-Identifier: MIT */
/*
 * The attribution programs in the kernel: loaded once, on duty or off it, and the memory they share
 * with the probe. What is followed and when, the probe decides.
 *
 * A program on duty costs the kernel about 130 ns each time it is entered, also for the
 * sockets of others and for requests that are not followed: more than what it then does. So those
 * that every request enters can be taken off and put on again, in well under a millisecond.
 *
 * Owner: the struct is the caller's; a zeroed struct may be released. Threads: one. Errors:
 * ERR_ENVIRONMENT, with the stage that is missing and why.
 */
#ifndef RINGLOAD_PROBE_WATCH_H
#define RINGLOAD_PROBE_WATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "loader/loader.h"
#include "probe/hooks.h"
#include "probe/probe.h"
#include "ringload/probe_abi.h"

#define WATCH_WALK "walk_tcp"

struct watch {
	struct probe_abi_config config;
	struct loader loader;
	struct hooks hooks;
	int stamps_fd; /* a socket; while it wants receive stamps, all packets have them */
	bool stamped;  /* they may be had; stamps_fd is open then */

	struct probe_abi_control *control;
	const struct probe_abi_cpu *cpus;
	struct probe_abi_thread *threads;
	const struct probe_abi_open_bucket *open_buckets;
};

/* Opens the programs, configured and not loaded, so that each can be tried alone (trial.h). */
int watch_prepare(
	struct watch *watch, const struct probe_options *options, bool rests, struct err *err);

/* Loads what serves; nothing is on duty yet. rests: nobody may be admitted at times. */
int watch_open(
	struct watch *watch, const struct probe_options *options, bool rests, struct err *err);
void watch_release(struct watch *watch);

/* Puts on what has this duty and is off it. */
int watch_attach(struct watch *watch, enum hooks_duty duty, struct err *err);
void watch_detach(struct watch *watch, enum hooks_duty duty);

/* Admits the requests of a bucket from now on; PROBE_ABI_SAMPLE_LIMIT: of none. */
void watch_admit(struct watch *watch, uint32_t bucket);

/* Admitted requests that are not done with; of a probe that samples. */
uint64_t watch_open_requests(const struct watch *watch);

/* Forgets which requests the threads have open: the programs have missed how they ended. */
void watch_forget_open(struct watch *watch);

/* Tells the programs how far the clock of receive stamps is from theirs. */
void watch_align_clocks(struct watch *watch);

#endif
