/* SPDX-License-Identifier: MIT */
/*
 * Why the kernel would not have a BPF program, in a user's words: which capability is missing and
 * what grants it, which hook this kernel lacks, what its verifier objects to.
 *
 * Owner: nothing is kept. Threads: to be called on the thread that failed, before it does anything
 * else with libbpf. Errors: it writes one, and returns the code it was given.
 * Source: capabilities(7); kernel/bpf/syscall.c, bpf_prog_load, for what each kind of program
 * needs.
 */
#ifndef RINGLOAD_LOADER_REFUSAL_H
#define RINGLOAD_LOADER_REFUSAL_H

#include <stdbool.h>

#include "base/err.h"

struct loader;

/* Whether a test asked for this program to be refused. */
bool refusal_is_wanted(const char *program);

/* Sentence without a subject: why this program was not loaded or attached. */
int refusal_of_program(const struct loader *loader, const char *program, int code, struct err *err);

/* "cannot DOING the BPF program NAME", with the reason. */
int refusal_of_object(const struct loader *loader, const char *doing, int code, struct err *err);

#endif
