/* SPDX-License-Identifier: MIT */
/*
 * The processes of a server: those it was found by (they hold the listening socket, or the user
 * named them), called roots, and all their descendants, as they come and go.
 *
 * Each sample looks for new processes in the list of /proc (only numbers that were not there before
 * are looked into), so that a forked worker is taken in by the next sample. What a process used
 * until it ended counts: the last reading of it, and what its parent inherited when it waited for
 * it, which is also how processes that live shorter than a sample are counted.
 *
 * A restart is a process that was seen for at least one interval, ended, and has a successor of the
 * same name (which may have begun before it ended, as in a graceful reload). Short-lived children,
 * as of a server that forks for each request, are therefore none.
 *
 * Not members: this process and its descendants, also below a root.
 *
 * Owner: the struct is the caller's, what it points to its own until members_release. Threads: one.
 * Errors: memory, as a negative code; what cannot be read is passed over. Bounds: MEMBERS_LIMIT
 * processes; the costlier half of their figures is read of MEMBERS_MORE of them a sample, in turns,
 * and context switches only of targets of at most MEMBERS_THREADS threads.
 */
#ifndef RINGLOAD_OBSERVE_MEMBERS_H
#define RINGLOAD_OBSERVE_MEMBERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "observe/process.h"
#include "observe/reading.h"

#define MEMBERS_LIMIT   1024
#define MEMBERS_KEPT    8 /* whose files stay open: three each */
#define MEMBERS_MORE    64
#define MEMBERS_THREADS 128
#define MEMBERS_NEW     256 /* new processes of the machine looked into in a sample */
#define MEMBERS_PAST    32
#define MEMBERS_NAMES   64 /* that restarts are told by */

struct member {
	struct process process;
	uint64_t last[PROCESS_COUNTER_COUNT]; /* as far as it was counted */
	uint64_t last_children[PROCESS_INHERITED];
	/* What children left that were counted already, and are in what this one inherits. */
	uint64_t owed[PROCESS_COUNTER_COUNT];
	uint32_t owed_samples; /* since when; 0: nothing is owed */
	uint64_t cpu_ticks;    /* its own, since the watching began */
	uint32_t samples;      /* it was seen in */
	bool root, first;      /* first: there when the watching began */
	bool started;          /* counted as a possible successor */
	bool zombie;           /* ended, and not waited for */
	bool kept;             /* its files stay open */
	bool more;             /* the costlier half was read */
};

struct members_name {
	char name[PROCESS_NAME_BYTES];
	uint32_t ended, began; /* without a counterpart so far */
};

/* One that ended. */
struct members_past {
	uint32_t pid, threads;
	char name[PROCESS_NAME_BYTES];
	bool first;
	uint64_t cpu_ticks;
};

struct members {
	struct reading *reading;
	struct member *list; /* in the order in which they began */
	size_t count, room;
	uint64_t total[PROCESS_COUNTER_COUNT]; /* gained since the first sample */
	uint64_t started, exited, restarts;
	struct members_past past[MEMBERS_PAST]; /* the first that ended */
	size_t past_count;
	bool overflowed; /* there are more than MEMBERS_LIMIT */
	bool root_ended; /* in the last sample, and no member is there to start it again */

	/* Its own. */
	uint32_t *known, *listing; /* numbers of all processes of the machine, ascending */
	size_t known_count, known_room, listing_room;
	uint64_t since_ticks;
	uint32_t self;
	size_t turn, kept;
	struct members_name names[MEMBERS_NAMES];
	size_t name_count;
};

/*
 * since_ticks: now, in ticks since the machine came up (proc_pid_stat(5), starttime): what began
 * later is counted from its beginning. self: this process. The reading must outlive it.
 */
void members_init(
	struct members *members, struct reading *reading, uint64_t since_ticks, uint32_t self);
void members_release(struct members *members);

/* Makes processes roots, and takes them and their descendants in, unless they are gone. */
int members_add_roots(struct members *members, const uint32_t *pids, size_t count);

/* Reads all of them, takes new ones in, drops those that ended. */
int members_sample(struct members *members);

/* Processes that run, and their threads. */
size_t members_running(const struct members *members, uint64_t *threads);

#endif
