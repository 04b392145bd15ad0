/* SPDX-License-Identifier: MIT */
/*
 * How many workers, and on which CPU each: one worker a CPU, away from the target where it is on
 * this host, near the network interface where it is not.
 *
 * The CPUs to choose from are those allowed to this process, or those of --cpus. In this order:
 * CPUs the target is not bound to; cores it does not share; one thread of each core before its SMT
 * siblings; CPUs on the node of the interface towards the target; the lowest number.
 *
 * How many, unless -t says so:
 *   - with --cpus: one on each CPU listed;
 *   - else one on each CPU that the target is not bound to, but at least one. One CPU is left to
 *     the collector when three or more are allowed and two or more are free of the target. Of a
 *     target on this host that is bound nowhere, or everywhere, it is not known where it will run:
 *     half of the cores are left to it, with their siblings, and the siblings of the others, so
 *     that a load generator never takes both CPUs of a small machine from its target;
 *   - in open loop without --cpus no more than one for each 200,000 requests a second asked;
 *   - never more than connections, requests (-n) or --max-in-flight.
 * -t goes through the same order of CPUs, the target's last, and starts over at the first when
 * there are more workers than CPUs.
 *
 * A worker's CPU is shared when another worker has it too, when a thread of the target is bound to
 * it, or when it is the only CPU there is and the target is on this host.
 *
 * Owner: the caller's storage; workers are the heap's, the caller frees them. Threads: one.
 * Errors: ERR_USAGE for --cpus; memory.
 */
#ifndef RINGLOAD_PLAN_PLACEMENT_H
#define RINGLOAD_PLAN_PLACEMENT_H

#include "base/err.h"
#include "plan/locality.h"
#include "plan/plan.h"
#include "plan/topology.h"
#include "scenario/scenario.h"

#define PLACEMENT_RATE_MRPS_PER_WORKER UINT64_C(200000000)

/* Sets plan->workers and worker_count, of each worker its CPU, node and whether it is shared. */
int placement_make(struct plan *plan, const struct scenario *scenario,
	const struct topology *topology, const struct locality *locality, struct err *err);

#endif
