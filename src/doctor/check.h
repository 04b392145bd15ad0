/* SPDX-License-Identifier: MIT */
/*
 * The table of everything the doctor looks at: what is read, who judges it, what measurements lose
 * where it is not as it should be, and what mends it. docs/doctor.md is written from it.
 *
 * A judge looks at one thing and says what it found; it changes nothing. Words in capitals in a
 * mend stand for what the judge puts in their place.
 *
 * Owner: constant and static. Threads: a judge runs on the thread of its sight. Errors: none:
 * what cannot be read is a finding.
 */
#ifndef RINGLOAD_DOCTOR_CHECK_H
#define RINGLOAD_DOCTOR_CHECK_H

#include <stddef.h>

#include "doctor/finding.h"
#include "doctor/sight.h"

/* What one may want of this machine. */
enum check_ability {
	CHECK_NONE,
	CHECK_LOAD,        /* drive a load at all */
	CHECK_KERNEL,      /* follow requests through a server's kernel */
	CHECK_PROFILE,     /* sample a server's stacks */
	CHECK_OTHERS,      /* read the resources of other users' servers */
	CHECK_NULL_SERVER, /* lab and calibrate */
	CHECK_ABILITY_COUNT
};

struct check;

typedef void check_judge(const struct check *check, struct sight *sight, struct finding *finding);

struct check {
	const char *group; /* heading above it; NULL: that of the one before */
	const char *key;   /* for scripts: never renamed */
	const char *reads; /* in words, or the files */
	check_judge *judge;
	const char *about;          /* what of several things the judge judges, or NULL */
	unsigned int number;        /* the same as a number */
	enum check_ability ability; /* what is lost where it is missing */
	const char *effect;
	const char *mend; /* NULL: no command does */
};

const struct check *check_all(size_t *count);

const char *check_ability_key(enum check_ability ability);   /* "load", ... */
const char *check_ability_words(enum check_ability ability); /* "drive a load", ... */

#endif
