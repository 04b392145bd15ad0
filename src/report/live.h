/* SPDX-License-Identifier: MIT */
/*
 * The one line that is rewritten each second while a run goes on: what happened in the last
 * interval. Printing it, and when, is run's business.
 *
 * Owner: what is appended is the buf's. Threads: pure. Errors: out->failed.
 */
#ifndef RINGLOAD_REPORT_LIVE_H
#define RINGLOAD_REPORT_LIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "measure/timeline.h"

enum live_state { LIVE_CONNECTING, LIVE_WARMUP, LIVE_MEASURING, LIVE_DRAINING, LIVE_STATE_COUNT };

struct live_view {
	enum live_state state;
	const struct timeline_interval *interval; /* the latest; NULL while connecting */
	double asked_rps;                         /* 0: closed loop */
	uint64_t elapsed_ns;                      /* since the start of the state */
	bool has_left;
	uint64_t left_ns;                              /* until the end of the measured window */
	uint64_t connections, connections_established; /* while connecting */
	bool interrupted;                              /* a first Ctrl-C was taken */
};

/*
 * Appends the line without a newline, at most `columns` wide (at least 20): whole fields are left
 * out from the right, never cut. No escape sequences.
 */
void live_line(const struct live_view *view, size_t columns, struct buf *out);

#endif
