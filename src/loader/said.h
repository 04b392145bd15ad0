/* SPDX-License-Identifier: MIT */
/*
 * What libbpf would print, kept instead: the words for a sentence when something fails.
 *
 * Its print function has no context argument, so the thread is the context. Of the kernel's log of
 * a refused program only the line with the reason is kept; hints about resource limits, which do
 * not bound BPF memory since kernel 5.11, are not.
 *
 * Owner: what is returned is valid until the thread's next call of libbpf. Threads: any, each has
 * its own. Errors: none.
 */
#ifndef RINGLOAD_LOADER_SAID_H
#define RINGLOAD_LOADER_SAID_H

/* Forgets; from now on what libbpf says on this thread is kept. */
void said_listen(void);

/* The last warning, without "libbpf: " and line end; "" when there was none. */
const char *said_last(void);

/* Why the verifier refused a program: the last line of its log before the statistics; "". */
const char *said_verifier(void);

#endif
