/* SPDX-License-Identifier: MIT */
/*
 * What was read of a server that is not there, for tests of what comes after: two processes on two
 * of four CPUs, a limit of memory, a minute of it.
 *
 * Owner: the struct is the caller's and must stay where it is; resources_sample_release frees what
 * it holds. Errors: asserted.
 */
#ifndef TESTS_UNIT_RESOURCES_SAMPLE_H
#define TESTS_UNIT_RESOURCES_SAMPLE_H

#include "result/resources_build.h"

struct resources_sample_input {
	struct resources resources;
	struct observer_process processes[2];
	struct resources_input input;
};

/* seconds: how many are read, from the start of the run. All figures are known. */
void resources_sample_init(struct resources_sample_input *sample, unsigned int seconds);

/* As where hardly anything may be read. */
void resources_sample_hide(struct resources_sample_input *sample);

void resources_sample_release(struct resources_sample_input *sample);

#endif
