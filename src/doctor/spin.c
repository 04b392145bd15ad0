/* SPDX-License-Identifier: MIT */
#include "doctor/spin.h"

#include <inttypes.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/file.h"
#include "run/machine.h"

struct spinner {
	pthread_t thread;
	unsigned int cpu;
	uint64_t begin_ns, end_ns; /* when to spin */
	uint64_t wall_ns, longest_ns, kept_ns, queued_ns;
	bool pinned, has_queued;
};

/* Time this thread has waited for a CPU although it could run. */
static bool read_queued(uint64_t *queued_ns)
{
	struct buf text = {0};
	bool known = file_read("/proc/thread-self/schedstat", 256, &text, NULL) >= 0 &&
		     sscanf(buf_string(&text), "%*u %" SCNu64, queued_ns) == 1;

	buf_release(&text);
	return known;
}

static bool pin(unsigned int cpu)
{
	size_t bytes = CPU_ALLOC_SIZE(CPULIST_LIMIT);
	cpu_set_t *set = CPU_ALLOC(CPULIST_LIMIT);
	bool pinned = false;

	if (set) {
		CPU_ZERO_S(bytes, set);
		CPU_SET_S(cpu, bytes, set);
		pinned = sched_setaffinity(0, bytes, set) == 0;
		CPU_FREE(set);
	}
	return pinned;
}

static void *spin_thread(void *context)
{
	struct spinner *spinner = context;
	uint64_t queued_ns = 0, last_ns, now_ns, first_ns;

	spinner->pinned = pin(spinner->cpu);
	if (!spinner->pinned)
		return NULL;
	clock_sleep_until(spinner->begin_ns);
	spinner->has_queued = read_queued(&queued_ns);
	last_ns = first_ns = clock_now_ns();
	while (last_ns < spinner->end_ns) {
		now_ns = clock_now_ns();
		if (now_ns - last_ns >= SPIN_GAP_NS)
			spinner->kept_ns += now_ns - last_ns;
		if (now_ns - last_ns > spinner->longest_ns)
			spinner->longest_ns = now_ns - last_ns;
		last_ns = now_ns;
	}
	spinner->wall_ns = last_ns - first_ns;
	spinner->has_queued = spinner->has_queued && read_queued(&spinner->queued_ns);
	spinner->queued_ns -= spinner->has_queued ? queued_ns : 0;
	return NULL;
}

/* Adds what one CPU showed; false: it could not be looked at. */
static bool add(struct spin *spin, const struct spinner *spinner)
{
	if (!spinner->pinned || !spinner->wall_ns)
		return false;
	spin->has_queued = spinner->has_queued && (spin->has_queued || !spin->cpu_count);
	spin->cpu_count++;
	spin->wall_ns += spinner->wall_ns;
	spin->kept_ns += spinner->kept_ns;
	spin->queued_ns += spinner->queued_ns;
	if (spinner->longest_ns > spin->longest_ns) {
		spin->longest_ns = spinner->longest_ns;
		spin->longest_cpu = spinner->cpu;
	}
	return true;
}

static size_t start(struct spinner *spinners, const struct cpulist *cpus, uint64_t duration_ns)
{
	uint64_t begin_ns = clock_now_ns() + 10 * NS_PER_MS;
	size_t count = 0;

	for (unsigned int cpu = cpulist_next(cpus, 0);
		cpu < CPULIST_LIMIT && count < SPIN_CPU_LIMIT; cpu = cpulist_next(cpus, cpu + 1)) {
		spinners[count] = (struct spinner){
			.cpu = cpu, .begin_ns = begin_ns, .end_ns = begin_ns + duration_ns};
		if (pthread_create(&spinners[count].thread, NULL, spin_thread, &spinners[count]))
			break;
		count++;
	}
	return count;
}

void spin_measure(
	struct spin *spin, const char *root, const struct cpulist *cpus, uint64_t duration_ns)
{
	uint64_t before_ns[SPIN_CPU_LIMIT], after_ns[SPIN_CPU_LIMIT];
	struct spinner spinners[SPIN_CPU_LIMIT];
	unsigned int numbers[SPIN_CPU_LIMIT];
	const char *reason = NULL;
	bool has_before;
	size_t count;

	*spin = (struct spin){.reason = "no thread could be put on a CPU"};
	count = start(spinners, cpus, duration_ns);
	for (size_t i = 0; i < count; i++)
		numbers[i] = spinners[i].cpu;
	has_before = machine_steal(root, numbers, count, before_ns, &reason);
	for (size_t i = 0; i < count; i++) {
		pthread_join(spinners[i].thread, NULL);
		if (add(spin, &spinners[i]))
			spin->reason = NULL;
	}
	spin->has_steal = count && has_before &&
			  machine_steal(root, numbers, count, after_ns, &reason);
	for (size_t i = 0; spin->has_steal && i < count; i++)
		spin->steal_ns += after_ns[i] > before_ns[i] ? after_ns[i] - before_ns[i] : 0;
}
