/* SPDX-License-Identifier: MIT */
#include "plan/placement.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "plan/quoted.h"

/* A CPU to choose, with what decides about it; smaller is better, the first field first. */
struct candidate {
	bool bound;        /* a thread of the target is bound to it */
	bool beside;       /* ... to another CPU of its core */
	unsigned int turn; /* how many better CPUs its core has */
	bool far;          /* from the network interface */
	unsigned int cpu;
	unsigned int core;
	int numa_node;
};

static int compare(const void *left, const void *right)
{
	const struct candidate *a = left, *b = right;

	if (a->bound != b->bound)
		return a->bound - b->bound;
	if (a->beside != b->beside)
		return a->beside - b->beside;
	if (a->turn != b->turn)
		return a->turn < b->turn ? -1 : 1;
	if (a->far != b->far)
		return a->far - b->far;
	return a->cpu < b->cpu ? -1 : a->cpu > b->cpu;
}

/* --cpus, checked. */
static int read_listed(
	struct cpulist *listed, const char *text, const struct topology *topology, struct err *err)
{
	char quoted[QUOTED_BYTES], allowed[128], missing[128];
	struct cpulist outside;

	quoted_text(quoted, text, strlen(text));
	if (cpulist_parse(listed, text) || cpulist_count(listed) == 0)
		return err_set(err, ERR_USAGE, -EINVAL,
			"--cpus \"%s\" is not a list of CPUs: expected as in 0-3,8", quoted);
	if (cpulist_contains(&topology->allowed, listed))
		return 0;
	outside = *listed;
	for (size_t i = 0; i < CPULIST_WORDS; i++)
		outside.words[i] &= ~topology->allowed.words[i];
	return err_set(err, ERR_USAGE, -EINVAL,
		"--cpus \"%s\": CPU %s is offline or not allowed to this process; expected CPUs "
		"out of %s",
		quoted, cpulist_format(missing, sizeof(missing), &outside),
		cpulist_format(allowed, sizeof(allowed), &topology->allowed));
}

static bool is_beside_target(const struct topology *topology, const struct topology_cpu *cpu,
	const struct cpulist *target_cpus)
{
	for (size_t i = 0; i < topology->cpu_count; i++) {
		const struct topology_cpu *other = &topology->cpus[i];

		if (other->cpu != cpu->cpu && other->core == cpu->core &&
			cpulist_has(target_cpus, other->cpu))
			return true;
	}
	return false;
}

/* Ranks the candidates; the turn of a CPU within its core needs a first order without turns. */
static size_t rank(struct candidate *candidates, const struct cpulist *usable,
	const struct topology *topology, const struct locality *locality)
{
	size_t count = 0;

	for (size_t i = 0; i < topology->cpu_count; i++) {
		const struct topology_cpu *cpu = &topology->cpus[i];

		if (!cpulist_has(usable, cpu->cpu))
			continue;
		candidates[count++] = (struct candidate){
			.bound = cpulist_has(&locality->target_cpus, cpu->cpu),
			.beside = is_beside_target(topology, cpu, &locality->target_cpus),
			.far = locality->near_node >= 0 && cpu->numa_node != locality->near_node,
			.cpu = cpu->cpu,
			.core = cpu->core,
			.numa_node = cpu->numa_node,
		};
	}
	qsort(candidates, count, sizeof(*candidates), compare);
	for (size_t i = 0; i < count; i++) {
		for (size_t j = 0; j < i; j++)
			candidates[i].turn += candidates[j].core == candidates[i].core;
	}
	qsort(candidates, count, sizeof(*candidates), compare);
	return count;
}

static size_t free_of_target(const struct candidate *candidates, size_t count)
{
	size_t unbound = 0;

	for (size_t i = 0; i < count; i++)
		unbound += !candidates[i].bound;
	return unbound;
}

static size_t count_cores(const struct candidate *candidates, size_t count)
{
	size_t cores = 0;

	for (size_t i = 0; i < count; i++)
		cores += candidates[i].turn == 0;
	return cores;
}

static size_t smaller(size_t a, uint64_t b)
{
	return b < a ? (size_t)b : a;
}

/* How many workers when -t does not say. */
static size_t choose_count(const struct scenario *scenario, const struct locality *locality,
	const struct candidate *candidates, size_t count)
{
	size_t unbound = free_of_target(candidates, count);
	bool bound_somewhere = cpulist_count(&locality->target_cpus) > 0 && unbound > 0;
	size_t workers = count;

	if (!scenario->cpus) {
		if (locality->on_this_host && !bound_somewhere)
			workers = count_cores(candidates, count) / 2;
		else if (count >= 3 && unbound >= 2)
			workers = unbound - 1;
		else
			workers = unbound;
		if (scenario->open_loop)
			workers = smaller(workers,
				(scenario->rate_mrps + PLACEMENT_RATE_MRPS_PER_WORKER - 1) /
					PLACEMENT_RATE_MRPS_PER_WORKER);
	}
	workers = smaller(workers, scenario->connections);
	if (scenario->has_requests)
		workers = smaller(workers, scenario->requests);
	if (scenario->has_max_in_flight)
		workers = smaller(workers, scenario->max_in_flight);
	return workers ? workers : 1;
}

int placement_make(struct plan *plan, const struct scenario *scenario,
	const struct topology *topology, const struct locality *locality, struct err *err)
{
	struct cpulist usable = topology->allowed;
	struct candidate *candidates;
	size_t count;
	int rc;

	if (scenario->cpus) {
		rc = read_listed(&usable, scenario->cpus, topology, err);
		if (rc)
			return rc;
	}
	candidates = calloc(topology->cpu_count, sizeof(*candidates));
	if (!candidates)
		return err_set_errno(err, ERR_ENVIRONMENT, -ENOMEM, "cannot place the workers");
	count = rank(candidates, &usable, topology, locality);
	plan->worker_count = scenario->workers
				     ? scenario->workers
				     : choose_count(scenario, locality, candidates, count);
	plan->workers = calloc(plan->worker_count, sizeof(*plan->workers));
	for (size_t i = 0; plan->workers && i < plan->worker_count; i++) {
		const struct candidate *chosen = &candidates[i % count];
		bool again = i >= count || i + count < plan->worker_count;

		plan->workers[i] = (struct plan_worker){
			.cpu = chosen->cpu,
			.numa_node = chosen->numa_node,
			.shared_cpu = again || chosen->bound ||
				      (locality->on_this_host && topology->cpu_count == 1),
		};
	}
	free(candidates);
	if (!plan->workers) {
		plan->worker_count = 0;
		return err_set_errno(err, ERR_ENVIRONMENT, -ENOMEM, "cannot place the workers");
	}
	return 0;
}
