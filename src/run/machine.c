/* SPDX-License-Identifier: MIT */
#include "run/machine.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/file.h"
#include "plan/topology.h"

#define PATH_BYTES  4096
#define LIMIT_BYTES (4U << 20) /* /proc/stat of a machine with thousands of CPUs and interrupts */

/* The file's text in *text (to be released), or false. */
static bool read_text(const char *path, struct buf *text)
{
	return file_read(path, LIMIT_BYTES, text, NULL) >= 0 && !text->failed;
}

void machine_read(struct machine *machine, const char *root)
{
	struct topology topology;
	struct utsname name;

	*machine = (struct machine){0};
	if (!uname(&name))
		snprintf(machine->kernel, sizeof(machine->kernel), "%s", name.release);
	if (topology_read(&topology, root, NULL) >= 0) {
		machine->cpus = topology.cpu_count;
		machine->numa_nodes = topology.node_count ? topology.node_count : 1;
		snprintf(machine->governor, sizeof(machine->governor), "%s", topology.governor);
		topology_release(&topology);
	}
	machine->has_governor = machine->governor[0];
	if (!machine->has_governor)
		machine->governor_reason =
			"this machine does not show how its CPU frequency is governed";
}

/* The eighth figure of a line "cpuN user nice system idle iowait irq softirq steal …", in ticks. */
static bool steal_ticks(const char *text, unsigned int cpu, uint64_t *ticks)
{
	char name[32];
	const char *line;

	snprintf(name, sizeof(name), "\ncpu%u ", cpu);
	line = strstr(text, name);
	return line &&
	       sscanf(line + strlen(name), "%*u %*u %*u %*u %*u %*u %*u %" SCNu64, ticks) == 1;
}

bool machine_steal(const char *root, const unsigned int *cpus, size_t cpu_count, uint64_t *steal_ns,
	const char **reason)
{
	uint64_t ticks = 0, ns_per_tick = NS_PER_S / (uint64_t)sysconf(_SC_CLK_TCK);
	struct buf text = {0};
	char path[PATH_BYTES];
	bool known;
	size_t i;

	snprintf(path, sizeof(path), "%sproc/stat", root);
	known = read_text(path, &text);
	for (i = 0; known && i < cpu_count; i++) {
		known = steal_ticks(buf_string(&text), cpus[i], &ticks);
		steal_ns[i] = ticks * ns_per_tick;
	}
	buf_release(&text);
	if (!known)
		*reason = "/proc/stat does not tell the steal time of every worker's CPU";
	return known;
}

/* The second of the three figures of schedstat. */
uint64_t machine_run_delay(const char *root, int tid)
{
	struct buf text = {0};
	uint64_t delay_ns = 0;
	char path[PATH_BYTES];

	snprintf(path, sizeof(path), "%sproc/self/task/%d/schedstat", root, tid);
	if (!read_text(path, &text) || sscanf(buf_string(&text), "%*u %" SCNu64, &delay_ns) != 1)
		delay_ns = 0;
	buf_release(&text);
	return delay_ns;
}
