/* SPDX-License-Identifier: MIT */
/*
 * The exit code of a command, as one decision. In order of precedence: 2 usage, 3 environment,
 * 5 target unreachable, 130 interrupted, 4 invalid measurement, 1 threshold (or ended early, as the
 * service had failed), 0 pass.
 *
 * Threads: pure. Errors: none.
 */
#ifndef RINGLOAD_ANALYSIS_EXIT_H
#define RINGLOAD_ANALYSIS_EXIT_H

#include "base/err.h"
#include "result/result.h"
#include "result/search_record.h"

enum exit_code {
	EXIT_PASS = 0,
	EXIT_THRESHOLD = 1,
	EXIT_USAGE = 2,
	EXIT_ENVIRONMENT = 3,
	EXIT_INVALID = 4,
	EXIT_UNREACHABLE = 5,
	EXIT_INTERRUPTED = 130
};

/*
 * error: what kept the command from a result, or ERR_NONE. result: NULL when there is none. Not one
 * response counts as unreachable when at least one request ended without (a run interrupted before
 * its first answer could come says nothing of the target).
 */
enum exit_code exit_decide(enum err_kind error, const struct result *result);

/*
 * The same of a search: unreachable when no trial had a response; invalid when the generator's own
 * limit ended it, the server went away, or nothing was decided; threshold when the lowest load was
 * too much already; else an interval was found, or all was borne that was asked.
 */
enum exit_code exit_decide_search(enum err_kind error, const struct search_record *record);

#endif
