/* SPDX-License-Identifier: MIT */
/*
 * The tallies of all workers as one JSON text: what /__stats answers.
 *
 * {"schema": "ringload.serve/1", "start_ns", "now_ns", "workers",
 *  "connections": {"accepted", "closed", "open", "closed_by_peer", "accept_errors", "stats_only",
 *    "accept_rounds", "accept_most"},
 *  the block of all routes together,
 *  "routes": [{"path", the block of this route, its stations}],
 *  "apart": {"stats_reads", "bad_requests", "continues"},
 *  "freezes": [{"worker", "from_ns", "until_ns"}],
 *  "loop": {"enters", "enobufs", "stale", "overflows", "pauses", "no_memory"},
 *  "log": [[route, read_ns, sent_ns]]}
 *
 * A block is "requests", "responses", "misbehaved", "abandoned", "in_progress", "status": {"200":
 * n}, "bytes": {"received", "sent"}, "service_ns" (the sum of what was drawn), "first_read_ns",
 * "last_read_ns", "first_sent_ns", "last_sent_ns" (0 while there is none) and "residence_ns":
 * {"count", "sum", "min", "mean", "max", "p50", "p90", "p99", "p999"}. With `full`, residences also
 * have "histogram": {"precision_bits", "counts": [[index, n]]} in the layout of
 * ringload/hist_layout.h, and "log" is there: the latest requests that were kept, as they were
 * sent.
 *
 * A route has "expect": {"answered", "refused"} (requests with "Expect: 100-continue" that were
 * answered, or refused with 417, before their body) and, where its keys ask for them,
 * "queue": {"capacity_rps", "capacity_now_rps", "degraded", "length", "longest", "entered",
 * "refused", "overloads"}, "lock": {"acquired", "wait_ns", "held_ns"} (of all routes that share it)
 * and "leak": {"bytes", "limit_bytes"}.
 *
 * Owner: what is appended is the buf's. Threads: any, while the workers write; figures of different
 * moments then stand side by side. Errors: -ENOMEM.
 */
#ifndef RINGLOAD_TARGET_TALLY_JSON_H
#define RINGLOAD_TARGET_TALLY_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "target/route.h"
#include "target/station.h"
#include "target/tally.h"

struct tally_json_source {
	struct tally *const *tallies; /* one a worker */
	size_t tally_count;
	const struct route_set *set;
	const struct station_set *stations;
	uint64_t start_ns;
	bool full;
};

int tally_json(struct buf *out, const struct tally_json_source *source);

#endif
