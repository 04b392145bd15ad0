/* SPDX-License-Identifier: MIT */
/*
 * What trying shows on machines that lack something (doctor_machine.h has the one that lacks
 * nothing): each changes what the doctor was told of one thing.
 *
 * Owner, threads, errors: none of their own.
 */
#ifndef TESTS_UNIT_LIVE_SPOIL_H
#define TESTS_UNIT_LIVE_SPOIL_H

#include "doctor/live.h"

/* Refuses the programs from `first` on of a stage, or of all (NULL). */
void live_spoil_refuse(struct live *live, const char *stage, size_t first, size_t count);

typedef void live_spoil(struct live *live);

live_spoil live_spoil_no_ring, live_spoil_old_ring, live_spoil_no_hooks, live_spoil_second_send,
	live_spoil_last_send, live_spoil_last_read, live_spoil_second_tx, live_spoil_no_stages,
	live_spoil_no_stamps, live_spoil_no_profile, live_spoil_no_null_server, live_spoil_quick,
	live_spoil_unmeasured, live_spoil_steal, live_spoil_no_steal, live_spoil_long_pause,
	live_spoil_many_pauses, live_spoil_late_timers, live_spoil_few_queues;

#endif
