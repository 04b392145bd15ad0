/* SPDX-License-Identifier: MIT */
/*
 * A stored text made wrong in one place, for tests of who reads it.
 *
 * Errors: what is to be replaced and is not there fails the cmocka test.
 */
#ifndef TESTS_UNIT_DAMAGE_H
#define TESTS_UNIT_DAMAGE_H

#include "base/buf.h"

/* Appends whole to *damaged, with the first occurrence of `from` replaced. */
void damage_replace(struct buf *damaged, const struct buf *whole, const char *from, const char *to);

#endif
