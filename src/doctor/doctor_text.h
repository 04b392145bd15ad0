/* SPDX-License-Identifier: MIT */
/*
 * The doctor's findings for people: a table by groups, with effect and mend below what is not as it
 * should be, and a last line that sums up. Also the table of the checks themselves, in Markdown.
 *
 * A mend stands on a line of its own and is never broken, so that it can be copied; what one
 * command mends names it once.
 *
 * Owner: appends to the caller's buffer. Threads: pure. Errors: the buffer's.
 */
#ifndef RINGLOAD_DOCTOR_DOCTOR_TEXT_H
#define RINGLOAD_DOCTOR_DOCTOR_TEXT_H

#include "doctor/doctor.h"

void doctor_text_table(struct buf *out, const struct doctor *doctor);

/* One sentence: how many of what, what can be done and what cannot. */
void doctor_text_summary(struct buf *out, const struct doctor *doctor);

void doctor_text_checks(struct buf *out);

#endif
