/* SPDX-License-Identifier: MIT */
/*
 * A word in memory that threads of this process sleep on until another one changed it: futex(2).
 *
 * Owner: the word is the caller's. Threads: any; futex_wake also from a signal handler (it may
 * change errno). Errors: none; whoever returns from futex_wait looks again.
 */
#ifndef RINGLOAD_BASE_FUTEX_H
#define RINGLOAD_BASE_FUTEX_H

#include <stdint.h>

/* Returns at once when the word is not `seen` any more; at the deadline (clock.h; UINT64_MAX:
 * never); when woken; and for no reason. */
void futex_wait(uint32_t *word, uint32_t seen, uint64_t deadline_ns);

/* Wakes all that sleep on it; the word is to be changed before. */
void futex_wake(uint32_t *word);

#endif
