/* SPDX-License-Identifier: MIT */
/*
 * Text to quantities and back, strictly: the whole string is consumed, the range is checked, and
 * the sentence says what was expected.
 *
 * Parsing: each function returns 0, or -EINVAL / -ERANGE with an ERR_USAGE sentence that quotes the
 * text and gives an example ("\"30\" has no unit: write 30s, 2m or 250ms"). The caller prefixes the
 * option's name. White space around the text is not accepted. 0 is accepted: only the caller knows
 * whether it makes sense. A value finer than the result's unit is refused, never rounded; only
 * rates per minute are rounded, to the nearest thousandth of a request a second.
 *
 * Formatting: into the caller's storage, always terminated; returns the storage, for use in printf.
 *
 * Threads: pure. Units: in the names.
 */
#ifndef RINGLOAD_BASE_UNITS_H
#define RINGLOAD_BASE_UNITS_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* "30s", "2m", "250ms", "1.5h", "100us", "50ns", "1d"; sums as in "1m30s"; "0" alone needs no unit.
 */
int units_parse_duration(const char *text, uint64_t *duration_ns, struct err *err);

/* "500", "10k", "1.5M", "0.25", and "1000/s", "30/m"; result in thousandths of a request a second.
 */
int units_parse_rate(const char *text, uint64_t *rate_mrps, struct err *err);

/* "4096", "64K" or "64KiB" (1024), "64kB" (1000), M/MiB/MB, G/GiB/GB. */
int units_parse_size(const char *text, uint64_t *size_bytes, struct err *err);

/* A whole number in [lowest, highest]; "10k" and "1M" are taken as thousands and millions. */
int units_parse_count(
	const char *text, uint64_t lowest, uint64_t highest, uint64_t *count, struct err *err);

/* Storage that every formatter fits in. */
#define UNITS_TEXT_BYTES 32

/* Three significant digits and a fitting unit: "873 ns", "12.4 µs", "1.00 ms", "2.50 s", "0". */
char *units_format_duration(char text[UNITS_TEXT_BYTES], uint64_t duration_ns);

/* As the user would type it: "10s", "1m30s", "250ms". Exact; for echoing what was asked. */
char *units_format_duration_exact(char text[UNITS_TEXT_BYTES], uint64_t duration_ns);

/* "50,000", "1,234.5", "0.25". */
char *units_format_rate(char text[UNITS_TEXT_BYTES], double rate_rps);

/* "1,234,567". */
char *units_format_count(char text[UNITS_TEXT_BYTES], uint64_t count);

/* "512 B", "1.50 MiB". */
char *units_format_size(char text[UNITS_TEXT_BYTES], uint64_t size_bytes);

/* "12.3 %", "1,230 %", "<0.01 %" for a share that is small but not zero. */
char *units_format_share(char text[UNITS_TEXT_BYTES], double share);

/* How many times as much: "2.4", "24", "1,234". */
char *units_format_times(char text[UNITS_TEXT_BYTES], double times);

/* What grew by this share or more is told as so many times as much, below it in percent. */
#define UNITS_GROWTH_TIMES 1.0

#endif
