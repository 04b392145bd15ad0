/* SPDX-License-Identifier: MIT */
/*
 * Keeps this process's memory in memory. A page of code that a worker needs again after a minute,
 * and that the kernel dropped meanwhile, comes from the disk: some milliseconds in which nothing is
 * sent or answered, and which look like the network's or the server's.
 *
 * What the process has touched stays, now and later (mlockall(2), MCL_ONFAULT: what it never
 * touches takes no memory), and its code is read before it is needed. That needs CAP_IPC_LOCK or no
 * limit of locked memory: below a limit any later allocation could fail, so nothing is locked
 * there.
 *
 * Threads: any, before others are started. Errors: none; true when memory is locked.
 */
#ifndef RINGLOAD_BASE_RESIDENT_H
#define RINGLOAD_BASE_RESIDENT_H

#include <stdbool.h>

bool resident_keep(void);

#endif
