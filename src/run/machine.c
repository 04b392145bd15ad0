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

#define PATH_BYTES  4096
#define LIMIT_BYTES (4U << 20) /* /proc/stat of a machine with thousands of CPUs and interrupts */

/* The file's text in *text (to be released), or false. */
static bool read_text(const char *path, struct buf *text)
{
	return file_read(path, LIMIT_BYTES, text, NULL) >= 0 && !text->failed;
}

static uint64_t count_nodes(const char *root)
{
	char path[PATH_BYTES];
	uint64_t count = 0;
	unsigned int node;

	/* Node numbers may have gaps; the kernel's own limit is 1024. */
	for (node = 0; node < 1024; node++) {
		snprintf(path, sizeof(path), "%s/sys/devices/system/node/node%u", root, node);
		count += !access(path, F_OK);
	}
	return count ? count : 1;
}

static uint64_t count_cpus(const char *root)
{
	uint64_t count = 0;
	struct buf text = {0};
	char path[PATH_BYTES];
	const char *line;

	snprintf(path, sizeof(path), "%s/proc/stat", root);
	if (read_text(path, &text))
		for (line = strstr(buf_string(&text), "\ncpu"); line;
			line = strstr(line + 1, "\ncpu"))
			count++;
	buf_release(&text);
	return count ? count : (uint64_t)sysconf(_SC_NPROCESSORS_ONLN);
}

static void read_governor(struct machine *machine, const char *root, unsigned int cpu)
{
	char path[PATH_BYTES];
	struct buf text = {0};

	snprintf(path, sizeof(path), "%s/sys/devices/system/cpu/cpu%u/cpufreq/scaling_governor",
		root, cpu);
	if (read_text(path, &text)) {
		snprintf(machine->governor, sizeof(machine->governor), "%.*s",
			(int)strcspn(buf_string(&text), "\n"), buf_string(&text));
		machine->has_governor = machine->governor[0];
	}
	if (!machine->has_governor)
		machine->governor_reason =
			"this machine does not show how its CPU frequency is governed";
	buf_release(&text);
}

void machine_read(struct machine *machine, const char *root, unsigned int cpu)
{
	struct utsname name;

	*machine = (struct machine){0};
	if (!uname(&name))
		snprintf(machine->kernel, sizeof(machine->kernel), "%s", name.release);
	machine->cpus = count_cpus(root);
	machine->numa_nodes = count_nodes(root);
	read_governor(machine, root, cpu);
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

	snprintf(path, sizeof(path), "%s/proc/stat", root);
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

/* The path of the control group in the v2 hierarchy: the line "0::/path". */
static bool own_group(const char *root, char path[PATH_BYTES])
{
	struct buf text = {0};
	const char *line = NULL;

	snprintf(path, PATH_BYTES, "%s/proc/self/cgroup", root);
	if (read_text(path, &text)) {
		line = strstr(buf_string(&text), "0::/");
		/* Lines of v1 hierarchies ("10::/") end in the same characters. */
		if (line && line != buf_string(&text) && line[-1] != '\n')
			line = strstr(buf_string(&text), "\n0::/");
	}
	if (line) {
		line = strchr(line, '/');
		snprintf(path, PATH_BYTES, "%s/sys/fs/cgroup%.*s/cpu.stat", root,
			(int)strcspn(line, "\n"), line);
	}
	buf_release(&text);
	return line;
}

bool machine_throttled(const char *root, uint64_t *throttled_ns, const char **reason)
{
	static const char key[] = "throttled_usec ";
	char path[PATH_BYTES];
	struct buf text = {0};
	const char *line = NULL;

	if (!own_group(root, path)) {
		*reason = "this process is in no control group of version 2";
		return false;
	}
	if (read_text(path, &text))
		line = strstr(buf_string(&text), key);
	if (line)
		*throttled_ns = strtoull(line + strlen(key), NULL, 10) * NS_PER_US;
	else
		*reason = "the control group of this process has no CPU controller";
	buf_release(&text);
	return line;
}
