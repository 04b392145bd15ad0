/* SPDX-License-Identifier: MIT */
/*
 * A machine on which the doctor finds nothing wrong: its files below a tree, and what trying things
 * on it showed. Tests spoil one thing and look what is said.
 *
 * It has two nodes of two CPUs and one card, eth0, on node 0 with four queues.
 *
 * Owner, errors: as tree.h.
 */
#ifndef TESTS_UNIT_DOCTOR_MACHINE_H
#define TESTS_UNIT_DOCTOR_MACHINE_H

#include "doctor/live.h"
#include "tests/unit/tree.h"

#define DOCTOR_MACHINE_PID 77

void doctor_machine_write(const struct tree *tree);
void doctor_machine_try(struct live *live);

/* What this user may not try there, after the rights were taken from it. */
void doctor_machine_refuse(struct live *live);

#endif
