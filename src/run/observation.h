/* SPDX-License-Identifier: MIT */
/*
 * The server's resources during a window: which processes the server is, a sample of them now and
 * then, and what of it goes into the record. A run and `ringload probe` use it alike: a run samples
 * with every interval of its timeline, the other once a second.
 *
 * The server is found by the port of the target (whereabouts.h), or by the ports or the process of
 * the probe's options where these say that something stands between, or is the process that
 * --observe-pid names. When a process it was found by ends it is looked for again, as whoever
 * supervises it starts another; and so is, without a plan, one that is not there yet. Nothing here
 * needs rights: what may not be read is not told.
 *
 * Owner: the caller's struct; what it holds belongs to it until observation_close. A zeroed struct
 * observes nothing, all calls on it do nothing, and it may be closed. Threads: the collector's.
 * Errors: none that end a run: what cannot be observed has its reason in the record. Cost: that of
 * observer.h; and a walk over /proc when it is opened and, while there is no server,
 * OBSERVATION_LOOKS times a second apart, then every OBSERVATION_PAUSE samples.
 */
#ifndef RINGLOAD_RUN_OBSERVATION_H
#define RINGLOAD_RUN_OBSERVATION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "measure/resources.h"
#include "observe/observer.h"
#include "observe/stolen.h"
#include "plan/plan.h"
#include "result/resources_build.h"
#include "result/result_resources.h"
#include "run/notes.h"
#include "run/whereabouts.h"

#define OBSERVATION_LOOKS 10
#define OBSERVATION_PAUSE 5

enum observation_mode {
	OBSERVATION_AUTO, /* where it is possible */
	OBSERVATION_OFF   /* never */
};

/* What the user asked. All 0: auto, found by the port. */
struct observation_options {
	enum observation_mode mode;
	uint32_t pid; /* a process of the server; 0: whoever listens */
};

struct observation {
	struct observer *observer; /* NULL: nothing is observed */
	struct resources resources;
	char reason[ERR_TEXT_BYTES]; /* why not */
	const struct plan *plan;     /* NULL: whoever listens on the ports of the probe */
	const struct probe_options *probe;
	bool by_port;
	uint64_t since_ticks;  /* what begins later begins within the window */
	uint32_t looks, pause; /* left */
	bool lost;             /* an interval, for want of memory */
	bool has_pss;
	uint64_t pss_bytes;
	const char *pss_reason;
	struct observer_process processes[RESULT_RESOURCES_PROCESSES];
	struct stolen *stolen; /* NULL: nobody wants to know */
};

/*
 * plan: of the target; NULL: none, and probe has ports. server: as found for the probe; NULL:
 * nobody looked yet. Plan and probe must outlive it.
 */
void observation_open(struct observation *observation, const struct observation_options *options,
	const struct plan *plan, const struct probe_options *probe,
	const struct whereabouts *server);

/* At each tick; at_ns: since the start of the run, or of the window. The first begins it all. */
void observation_sample(struct observation *observation, uint64_t at_ns, struct notes *notes);

/*
 * From now on each sample up to the window's end also tells what the hypervisor took from the
 * server: of all CPUs where its processes cannot be seen but are on this machine; nothing where
 * they are not.
 */
void observation_watch_steal(struct observation *observation, const struct whereabouts *server);

/* From the first sample to the window's end; false: not known. */
bool observation_steal(const struct observation *observation, double *share);

/* Once the load has ended: what is read only once, and lines about what went otherwise. */
void observation_finish(struct observation *observation, struct notes *notes);

/* What a record is built of; borrowed from the observation. */
void observation_describe(struct observation *observation, struct resources_input *input);

void observation_close(struct observation *observation);

#endif
