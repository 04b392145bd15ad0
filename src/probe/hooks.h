/* SPDX-License-Identifier: MIT */
/*
 * Which BPF program serves which stage of the probe on this kernel: the table of stages, each with
 * its programs in the order of preference, and the choice among them by trying.
 *
 * A kernel is never judged by its version: an alternative serves when it could be loaded and
 * attached alone. What serves, and why nothing better does, is kept for the report.
 *
 * Owner: the struct is the caller's; the sentences belong to it until hooks_release; a zeroed
 * struct may be released. Threads: one. Errors: ERR_ENVIRONMENT when a core stage has no program,
 * with each reason; memory.
 */
#ifndef RINGLOAD_PROBE_HOOKS_H
#define RINGLOAD_PROBE_HOOKS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "probe/probe.h"

#define HOOKS_ALTERNATIVE_LIMIT 3
#define HOOKS_LIMIT             16

struct hooks_alternative {
	const char *program; /* in bpf/attribution.bpf.c; NULL: there are no more */
	const char *hook;    /* its section */
	const char *note;    /* how it is less accurate than the one before; NULL: not at all */
};

/* When a program is on duty. */
enum hooks_duty {
	HOOKS_ALWAYS,  /* rare, or what it adds up must not have gaps */
	HOOKS_LOOKING, /* while requests are followed */
	HOOKS_LEAVING  /* in a part of that time: it only sees answers leave */
};

struct hooks_stage {
	const char *stage;
	bool core;
	enum hooks_duty duty;
	const char
		*blinded_by; /* a program of an earlier stage, with which it sees nothing; NULL */
	struct hooks_alternative alternatives[HOOKS_ALTERNATIVE_LIMIT];
};

struct hooks {
	struct probe_hook rows[HOOKS_LIMIT]; /* for the report, stages in their order */
	size_t row_count;
	const char *programs[HOOKS_LIMIT]; /* what serves, in the order of the stages */
	enum hooks_duty duties[HOOKS_LIMIT];
	size_t program_count;
};

const struct hooks_stage *hooks_stages(size_t *count);

/* 0 when the program can be had, else -errno with the reason as a sentence without subject. */
typedef int hooks_try(void *context, const char *program, struct err *err);

/* Tries the alternatives of each stage until one serves. */
int hooks_choose(struct hooks *hooks, hooks_try *try_program, void *context, struct err *err);

/* Adds a row for something that is not a program; missing is copied. */
int hooks_add(struct hooks *hooks, const char *stage, const char *hook, const char *missing);

/* Adds to what is said of a stage, unless it was said before; nothing happens when there is no such
 * row. */
int hooks_remark(struct hooks *hooks, const char *stage, const char *remark);

/* Whether this program was chosen. */
bool hooks_serves(const struct hooks *hooks, const char *program);

void hooks_release(struct hooks *hooks);

#endif
