/* SPDX-License-Identifier: MIT */
/*
 * Lines for the person at the terminal, on standard error: "ringload: sentence". Only src/run and
 * src/cli call it: libraries return sentences (base/err.h), they do not print.
 *
 * Threads: any; a line is written with one write(2), so lines never mix.
 */
#ifndef RINGLOAD_BASE_LOG_H
#define RINGLOAD_BASE_LOG_H

#include <stdbool.h>

/* quiet drops notes; warnings and errors are always written. */
void log_set_quiet(bool quiet);

void log_note(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_warning(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_error(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
