/* SPDX-License-Identifier: MIT */
/*
 * What this machine can and cannot measure: every check of the table (check.h) judged, with what
 * each costs measurements, what mends it, and what follows from all of them.
 *
 * It changes nothing: what mends is told, for the user to type.
 *
 * Owner: the caller's struct, released with doctor_release; a zeroed one may be. Threads: one.
 * Errors: ERR_ENVIRONMENT where no CPU may be used, or without memory; all else is a finding.
 */
#ifndef RINGLOAD_DOCTOR_DOCTOR_H
#define RINGLOAD_DOCTOR_DOCTOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "doctor/check.h"
#include "doctor/live.h"

#define DOCTOR_SCHEMA "ringload.doctor/1"

struct doctor_row {
	const struct check *check;
	const char *group;
	struct finding finding;
	const char *effect; /* NULL when it is ok */
	const char *mend;   /* NULL when it is ok, or no command does */
};

struct doctor {
	struct doctor_row *rows; /* in the order of the table */
	size_t row_count;
	size_t counts[FINDING_STATE_COUNT];
	/* Of those from CHECK_LOAD on: ok, missing, or unknown to this user. */
	enum finding_state abilities[CHECK_ABILITY_COUNT];
	size_t needing_rights; /* checks that root would know more of */
};

/* live: what was tried (live_take), which must outlive the call only. root, pid: as sight_open. */
int doctor_examine(struct doctor *doctor, const char *root, uint32_t pid, const struct live *live,
	struct err *err);
void doctor_release(struct doctor *doctor);

/* The row of this key, or NULL. */
const struct doctor_row *doctor_row(const struct doctor *doctor, const char *key);

#endif
