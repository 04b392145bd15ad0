/* SPDX-License-Identifier: MIT */
/*
 * What one check of the doctor found: a state, a few words, and what mends it.
 *
 * Owner: the texts are the finding's until finding_release; a zeroed one may be released.
 * Threads: one. Errors: those of the bufs.
 */
#ifndef RINGLOAD_DOCTOR_FINDING_H
#define RINGLOAD_DOCTOR_FINDING_H

#include <stdbool.h>

#include "base/buf.h"

enum finding_state {
	FINDING_OK,
	FINDING_LIMITED, /* it works, and costs something: accuracy, rate, or comparability */
	FINDING_MISSING, /* something is not measured, or cannot be done at all */
	FINDING_UNKNOWN, /* it could not be read or tried */
	FINDING_STATE_COUNT
};

struct finding {
	enum finding_state state;
	bool needs_rights; /* unknown to this user; root would see */
	struct buf text;
	struct buf mend; /* empty: what the table says mends it */
	bool no_mend;    /* here nothing does */
};

const char *finding_state_name(enum finding_state state); /* "ok", "limited", ... */

/* Replaces state and text. */
void finding_say(struct finding *finding, enum finding_state state, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Appends to the text, after "; " where something stands already. The state becomes the worse of
 * the two, in the order of the enum but for unknown, which is better than any but ok. */
void finding_add(struct finding *finding, enum finding_state state, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* A shell command for this machine; several are joined with &&. */
void finding_mend(struct finding *finding, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Of two states, the one that a reader must hear of. */
enum finding_state finding_worse(enum finding_state a, enum finding_state b);

void finding_release(struct finding *finding);

#endif
