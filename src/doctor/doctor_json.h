/* SPDX-License-Identifier: MIT */
/*
 * The doctor's findings as JSON, schema ringload.doctor/1; docs/doctor.md describes it.
 *
 * Owner: appends to the caller's buffer. Threads: pure. Errors: the buffer's.
 */
#ifndef RINGLOAD_DOCTOR_DOCTOR_JSON_H
#define RINGLOAD_DOCTOR_DOCTOR_JSON_H

#include "doctor/doctor.h"

void doctor_json_write(struct buf *out, const struct doctor *doctor);

#endif
