/* SPDX-License-Identifier: MIT */
/*
 * How a simulated run tells what happens, and how it fails.
 *
 * A failure names the seed and the command that plays it again with a trace, and ends the program:
 * the worker under test is somewhere in the middle of a turn and cannot be left otherwise.
 *
 * Owner: nothing. Threads: one. Errors: none.
 */
#ifndef RINGLOAD_TESTS_SIM_FAKE_LOG_H
#define RINGLOAD_TESTS_SIM_FAKE_LOG_H

#include <stdbool.h>
#include <stdint.h>

/* From here on failures belong to this seed; traced: each event is a line on stderr. */
void fake_log_begin(uint64_t seed, bool traced);

/* A line with the simulated time, when traced. */
void fake_log_trace(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Says what is wrong, names the seed, and exits with 1. */
_Noreturn void fake_log_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The line that names the seed and the command; for a handler of SIGABRT. */
void fake_log_seed(void);

#endif
