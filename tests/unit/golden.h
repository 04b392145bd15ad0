/* SPDX-License-Identifier: MIT */
/*
 * Texts compared with the ones in tests/golden/. RINGLOAD_GOLDEN=write in the environment writes
 * them anew: look at the difference before committing it.
 *
 * Errors: a difference fails the cmocka test with the first line that differs.
 */
#ifndef TESTS_UNIT_GOLDEN_H
#define TESTS_UNIT_GOLDEN_H

/* name: below tests/golden/, as "text/closed_loop.txt". */
void golden_compare(const char *name, const char *text);

#endif
