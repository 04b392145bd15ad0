/* SPDX-License-Identifier: MIT */
/*
 * A list of machines, each with one thing that is wrong, or right in another way than on the good
 * one, and what the doctor is to say of it.
 *
 * Owner: constant.
 */
#ifndef TESTS_UNIT_DOCTOR_TROUBLES_H
#define TESTS_UNIT_DOCTOR_TROUBLES_H

#include "doctor/doctor.h"
#include "tests/unit/live_spoil.h"

#define DOCTOR_CHANGES 5

/* Files of a process: its rights and CPUs, its limits. */
#define DOCTOR_STATUS(rights, cpus) "Name:\tx\nCapEff:\t" rights "\nCpus_allowed_list:\t" cpus "\n"
#define DOCTOR_NO_RIGHTS            DOCTOR_STATUS("0000000000000000", "0-3")
#define DOCTOR_ALL_RIGHTS           "000001ffffffffff"
#define DOCTOR_LIMITS(files, locked)                                     \
	"Max open files            " files "               files     \n" \
	"Max locked memory         " locked "              bytes     \n"

/* A file that is other than on the good machine; text NULL: it is not there. */
struct doctor_change {
	const char *path, *text;
};

/* What is wrong, and what is to be said of it; NULL: not looked at. */
struct doctor_trouble {
	const char *key;
	enum finding_state state;
	const char *finding, *mend;
	struct doctor_change changes[DOCTOR_CHANGES];
	live_spoil *spoil;
};

const struct doctor_trouble *doctor_troubles(size_t *count);

#endif
