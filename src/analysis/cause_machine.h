/* SPDX-License-Identifier: MIT */
/*
 * Rules of cause.h that look at what the server's machine gives it: CPUs, quota, memory, files, and
 * its life.
 *
 * Each returns how strong the evidence is, 0 for none, and appends its sentence only when it is
 * above that. Threads: pure. Errors: those of the buf.
 */
#ifndef RINGLOAD_ANALYSIS_CAUSE_MACHINE_H
#define RINGLOAD_ANALYSIS_CAUSE_MACHINE_H

#include "analysis/cause_evidence.h"

/* Waiting for a CPU, of residence. */
#define CAUSE_MACHINE_RUNQ 0.30
/* Of the limit. */
#define CAUSE_MACHINE_MEMORY 0.95
#define CAUSE_MACHINE_FILES  0.95

double cause_machine_throttled(const struct cause_evidence *evidence, struct buf *sentence);
double cause_machine_thread(const struct cause_evidence *evidence, struct buf *sentence);
double cause_machine_cpus(const struct cause_evidence *evidence, struct buf *sentence);
double cause_machine_others(const struct cause_evidence *evidence, struct buf *sentence);
double cause_machine_memory(const struct cause_evidence *evidence, struct buf *sentence);
double cause_machine_files(const struct cause_evidence *evidence, struct buf *sentence);
double cause_machine_restarted(const struct cause_evidence *evidence, struct buf *sentence);

#endif
