/* SPDX-License-Identifier: MIT */
/*
 * Whether one program of an object can be had on this kernel: loads and attaches it alone, and
 * takes it away again.
 *
 * Alone, because one refused program fails the whole object; and really, because neither a
 * kernel's version nor its configuration tells: distributions backport hooks, and some kernels
 * refuse whole kinds of programs.
 *
 * Owner: nothing outlives the call. Threads: as loader.h. Errors: -errno with the reason as a
 * sentence that does not name the program. Cost: 3 to 20 ms.
 */
#ifndef RINGLOAD_LOADER_TRIAL_H
#define RINGLOAD_LOADER_TRIAL_H

#include "base/err.h"
#include "loader/loader.h"

/* like: opened and not yet loaded; its constants and numbers of entries hold for the trial. */
int trial_run(const struct loader *like, const char *program, struct err *err);

#endif
