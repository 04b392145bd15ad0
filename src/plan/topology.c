/* SPDX-License-Identifier: MIT */
#include "plan/topology.h"

#include <errno.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/file.h"

#define CPU_FOLDER  "sys/devices/system/cpu"
#define NODE_FOLDER "sys/devices/system/node"
#define ALLOWED_KEY "Cpus_allowed_list:"

/* Nodes are numbered as CPUs are listed; MAX_NUMNODES is 1024 at most. */
#define NODE_LIMIT 1024U

/* The content of a small file, or an empty buffer where it cannot be read. */
static struct buf content(const char *path)
{
	struct buf text = {0};

	if (file_read(path, TOPOLOGY_FILE_BYTES, &text, NULL) || text.failed) {
		buf_release(&text);
		memset(&text, 0, sizeof(text));
	}
	return text;
}

static int read_list(struct cpulist *list, const char *path)
{
	struct buf text = content(path);
	int rc = text.data ? cpulist_parse(list, buf_string(&text)) : -ENOENT;

	buf_release(&text);
	return rc;
}

static int read_number(const char *path)
{
	struct buf text = content(path);
	int number = -1;
	char end;

	if (sscanf(buf_string(&text), "%d %c", &number, &end) != 1 || number < 0)
		number = -1;
	buf_release(&text);
	return number;
}

int topology_status_cpus(const char *path, struct cpulist *cpus)
{
	struct buf text = content(path);
	const char *line = buf_string(&text);
	int rc = -ENOENT;

	while (line && strncmp(line, ALLOWED_KEY, strlen(ALLOWED_KEY))) {
		line = strchr(line, '\n');
		line = line ? line + 1 : NULL;
	}
	if (line) {
		char *value = strndup(line, strcspn(line, "\n"));

		line = value ? value + strlen(ALLOWED_KEY) : "";
		rc = value ? cpulist_parse(cpus, line + strspn(line, " \t")) : -ENOMEM;
		free(value);
	}
	buf_release(&text);
	return rc;
}

/* The last resort: what the scheduler says about the calling thread. */
static void ask_scheduler(struct cpulist *list)
{
	const size_t bytes = CPU_ALLOC_SIZE(CPULIST_LIMIT);
	cpu_set_t *set = CPU_ALLOC(CPULIST_LIMIT);

	memset(list, 0, sizeof(*list));
	if (set && sched_getaffinity(0, bytes, set) == 0) {
		for (unsigned int cpu = 0; cpu < CPULIST_LIMIT; cpu++) {
			if (CPU_ISSET_S(cpu, bytes, set))
				cpulist_add(list, cpu);
		}
	}
	CPU_FREE(set);
}

static int read_sets(struct topology *topology, const char *root, struct err *err)
{
	char path[PATH_MAX];
	bool has_online, has_allowed;

	snprintf(path, sizeof(path), "%s/" CPU_FOLDER "/online", root);
	has_online = read_list(&topology->online, path) == 0;
	snprintf(path, sizeof(path), "%s/proc/self/status", root);
	has_allowed = topology_status_cpus(path, &topology->allowed) == 0;
	if (!has_online && !has_allowed) {
		ask_scheduler(&topology->allowed);
		has_allowed = true;
	}
	if (!has_online)
		topology->online = topology->allowed;
	if (!has_allowed)
		topology->allowed = topology->online;
	/* The kernel lists offline CPUs among those allowed. */
	cpulist_intersect(&topology->allowed, &topology->online);
	if (cpulist_count(&topology->allowed) == 0)
		return err_set(err, ERR_ENVIRONMENT, -ENODEV,
			"no CPU is both online and allowed to this process: see \"%s\" and "
			"\"%s/" CPU_FOLDER "/online\"",
			path, root);
	return 0;
}

static void read_cpu(struct topology_cpu *cpu, const char *root)
{
	char path[PATH_MAX];
	struct cpulist siblings;
	int rc;

	snprintf(path, sizeof(path), "%s/" CPU_FOLDER "/cpu%u/topology/physical_package_id", root,
		cpu->cpu);
	cpu->package = read_number(path);
	snprintf(path, sizeof(path), "%s/" CPU_FOLDER "/cpu%u/topology/core_cpus_list", root,
		cpu->cpu);
	rc = read_list(&siblings, path);
	if (rc) {
		snprintf(path, sizeof(path),
			"%s/" CPU_FOLDER "/cpu%u/topology/thread_siblings_list", root, cpu->cpu);
		rc = read_list(&siblings, path);
	}
	cpu->core = cpu->cpu;
	if (rc == 0 && cpulist_has(&siblings, cpu->cpu))
		cpu->core = cpulist_next(&siblings, 0);
}

static void read_governor(struct topology *topology, const char *root)
{
	char path[PATH_MAX];

	for (size_t i = 0; i < topology->cpu_count; i++) {
		struct buf text;
		size_t bytes;

		snprintf(path, sizeof(path), "%s/" CPU_FOLDER "/cpu%u/cpufreq/scaling_governor",
			root, topology->cpus[i].cpu);
		text = content(path);
		bytes = strcspn(buf_string(&text), " \t\n");
		if (bytes >= sizeof(topology->governor))
			bytes = sizeof(topology->governor) - 1;
		if (i == 0)
			memcpy(topology->governor, buf_string(&text), bytes);
		else if (strlen(topology->governor) != bytes ||
			 memcmp(topology->governor, buf_string(&text), bytes))
			strcpy(topology->governor, "mixed");
		buf_release(&text);
	}
}

static void read_nodes(struct topology *topology, const char *root)
{
	char path[PATH_MAX];
	struct cpulist nodes, members;

	snprintf(path, sizeof(path), "%s/" NODE_FOLDER "/online", root);
	if (read_list(&nodes, path))
		return;
	topology->node_count = cpulist_count(&nodes);
	for (unsigned int node = cpulist_next(&nodes, 0); node < NODE_LIMIT;
		node = cpulist_next(&nodes, node + 1)) {
		snprintf(path, sizeof(path), "%s/" NODE_FOLDER "/node%u/cpulist", root, node);
		if (read_list(&members, path))
			continue;
		for (size_t i = 0; i < topology->cpu_count; i++) {
			if (cpulist_has(&members, topology->cpus[i].cpu))
				topology->cpus[i].numa_node = (int)node;
		}
	}
}

int topology_read(struct topology *topology, const char *root, struct err *err)
{
	unsigned int cpu = 0;
	int rc;

	memset(topology, 0, sizeof(*topology));
	rc = read_sets(topology, root, err);
	if (rc)
		return rc;
	topology->cpu_count = cpulist_count(&topology->online);
	topology->cpus = calloc(topology->cpu_count, sizeof(*topology->cpus));
	if (!topology->cpus)
		return err_set_errno(err, ERR_ENVIRONMENT, -ENOMEM, "cannot keep the list of CPUs");
	for (size_t i = 0; i < topology->cpu_count; i++) {
		cpu = cpulist_next(&topology->online, i ? cpu + 1 : 0);
		topology->cpus[i] = (struct topology_cpu){
			.cpu = cpu,
			.numa_node = -1,
			.allowed = cpulist_has(&topology->allowed, cpu),
		};
		read_cpu(&topology->cpus[i], root);
	}
	read_nodes(topology, root);
	read_governor(topology, root);
	return 0;
}

void topology_release(struct topology *topology)
{
	free(topology->cpus);
	memset(topology, 0, sizeof(*topology));
}

const struct topology_cpu *topology_find(const struct topology *topology, unsigned int cpu)
{
	for (size_t i = 0; i < topology->cpu_count; i++) {
		if (topology->cpus[i].cpu == cpu)
			return &topology->cpus[i];
	}
	return NULL;
}
