/* SPDX-License-Identifier: MIT */
/*
 * What the user asked the probe to look at, as numbers the programs compare with: ports, a network
 * namespace's inode, a control group's id and depth, a process.
 *
 * Owner: nothing is kept. Threads: any. Errors: ERR_USAGE with what is wrong with which option.
 * Limits: the depth of a control group is counted from the root that is mounted here, which in a
 * cgroup namespace is not the kernel's.
 */
#ifndef RINGLOAD_PROBE_FILTER_H
#define RINGLOAD_PROBE_FILTER_H

#include "base/err.h"
#include "probe/probe.h"
#include "ringload/probe_abi.h"

/* Fills in ports, sample, netns, pid, cgroup and its level; the rest of config becomes 0. */
int filter_resolve(
	struct probe_abi_config *config, const struct probe_options *options, struct err *err);

#endif
