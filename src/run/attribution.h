/* SPDX-License-Identifier: MIT */
/*
 * The kernel's side of measured windows: a probe that is opened before the connections are made,
 * begins and ends with each window, and is kept going meanwhile; and what the server's host counted
 * in the same window.
 *
 * It knows nothing of load: a run and `ringload probe` use it alike. Where the probe cannot be
 * opened the window goes on without, and `reason` says why.
 *
 * Owner: the caller's struct; what it holds belongs to it until attribution_close. A zeroed struct
 * is not open, all calls on it do nothing, and it may be closed; one that is open must not be
 * moved. Threads: one, and none of the
 * workers': everything here may take milliseconds. Errors: those of probe_open. Units: clock.h.
 */
#ifndef RINGLOAD_RUN_ATTRIBUTION_H
#define RINGLOAD_RUN_ATTRIBUTION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "observe/host.h"
#include "plan/plan.h"
#include "probe/probe.h"
#include "run/notes.h"
#include "run/whereabouts.h"

enum attribution_mode {
	ATTRIBUTION_AUTO,   /* where it is possible */
	ATTRIBUTION_OFF,    /* never */
	ATTRIBUTION_REQUIRE /* or no run */
};

/* What the user asked. All 0: auto, the target's port, the default sampling. */
struct attribution_options {
	enum attribution_mode mode;
	struct probe_options probe; /* without ports: the port of the target */
};

enum attribution_state {
	ATTRIBUTION_CLOSED,
	ATTRIBUTION_WAITING, /* the window has not begun */
	ATTRIBUTION_MEASURING,
	ATTRIBUTION_ENDED,
	ATTRIBUTION_RESTING /* nothing is measured in this window */
};

/* What a record says when the user wanted none. */
#define ATTRIBUTION_OFF_REASON "switched off by --probe off"
/* And when a window goes without. */
#define ATTRIBUTION_RESTING_REASON "the probe rested in this trial"

struct attribution {
	enum attribution_state state;
	struct probe *probe;
	struct whereabouts server;   /* what is probed, and whose counters `host` has */
	char reason[ERR_TEXT_BYTES]; /* why there is no probe */
	uint64_t begin_ns, end_ns;   /* of the window as planned */
	uint64_t began_ns, ended_ns; /* as it was */
	uint64_t next_tick_ns;
	bool own_netns;           /* the server is in this process's network namespace */
	struct host before, host; /* host: of the window, once it has ended */
};

/*
 * Opens the probe of a run as its options ask. Fails only where they require it and it cannot be;
 * else the reason is kept.
 */
int attribution_open_run(struct attribution *attribution, const struct attribution_options *options,
	const struct plan *plan, struct err *err);

/* Opens the probe, or fails. The options must have ports. */
int attribution_open(
	struct attribution *attribution, const struct probe_options *options, struct err *err);

/* When the window is to begin and end; UINT64_MAX: when attribution_end says so. */
void attribution_schedule(struct attribution *attribution, uint64_t begin_ns, uint64_t end_ns);

/* The window begins now, whatever was scheduled. */
void attribution_begin(struct attribution *attribution, uint64_t now_ns);

/* Does what is due and returns when to be called again; UINT64_MAX: never. */
uint64_t attribution_tick(struct attribution *attribution, uint64_t now_ns);

/* The window ends now unless it has already. */
void attribution_end(struct attribution *attribution, uint64_t now_ns);

/* Once all that was asked in the window is answered or given up (probe_settle). */
void attribution_settle(struct attribution *attribution);

/* Lines about what went otherwise than it should; after the end. */
void attribution_note(const struct attribution *attribution, struct notes *notes);

/*
 * Another window of the same server will follow, in which everything counts anew. The probe stays,
 * so that connections that are there are followed on. wanted: false: nothing is measured in that
 * window, and the probe rests.
 */
void attribution_again(struct attribution *attribution, bool wanted, uint64_t now_ns);

/* Of which there is something to read: NULL, with *reason, when the window is without. */
const struct probe *attribution_probe(const struct attribution *attribution, const char **reason);

void attribution_close(struct attribution *attribution);

#endif
