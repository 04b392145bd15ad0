/* SPDX-License-Identifier: MIT */
/*
 * Times that a record keeps in seconds, for people. A stored file may hold anything: what is no
 * number or below 0 counts as 0, and there is an upper end (30 years).
 *
 * Threads: pure. Errors: none.
 */
#ifndef RINGLOAD_REPORT_SECONDS_H
#define RINGLOAD_REPORT_SECONDS_H

#include "base/units.h"

/* "2.50 s": as measured. */
char *seconds_measured(char text[UNITS_TEXT_BYTES], double seconds);

/* "1m30s": as it was asked for, where it is a whole number of milliseconds. */
char *seconds_asked(char text[UNITS_TEXT_BYTES], double seconds);

/* "1m2s": from ten seconds on without fractions. */
char *seconds_rounded(char text[UNITS_TEXT_BYTES], double seconds);

#endif
