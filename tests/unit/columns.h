/* SPDX-License-Identifier: MIT */
/*
 * What holds for every text that is laid out in columns for people.
 *
 * Errors: a line that breaks it fails the cmocka test, and is shown.
 */
#ifndef TESTS_UNIT_COLUMNS_H
#define TESTS_UNIT_COLUMNS_H

/* No line is wider than LAYOUT_COLUMNS, ends in spaces, or holds a control character. */
void columns_assert_fit(const char *text);

#endif
