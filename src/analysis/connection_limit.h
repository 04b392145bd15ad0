/* SPDX-License-Identifier: MIT */
/*
 * Whether the load broke at its own connections and not at the server. A server that takes s for a
 * request answers c / s a second over c connections (Little's law), however much more it could:
 * what is due beyond that waits in the generator for a connection, and counts, as it would for a
 * user. It looks like a server at its capacity, but for one thing: such a server makes its requests
 * wait, while this one answers as quickly as when it had nothing to do.
 *
 * So, comparing the lowest load that failed with the lowest that passed: requests waited for a
 * connection longer than CONNECTION_LIMIT_WAIT of what the server took for them, and the server
 * took less than CONNECTION_LIMIT_SLOWER of what it had taken.
 *
 * Threads: pure. Errors: memory, in out->failed.
 */
#ifndef RINGLOAD_ANALYSIS_CONNECTION_LIMIT_H
#define RINGLOAD_ANALYSIS_CONNECTION_LIMIT_H

#include <stdbool.h>

#include "base/buf.h"
#include "result/search_record.h"

#define CONNECTION_LIMIT_WAIT   0.5
#define CONNECTION_LIMIT_SLOWER 1.5

/* Appends the sentence, when it is so. */
bool connection_limit(const struct search_record *record, struct buf *out);

#endif
