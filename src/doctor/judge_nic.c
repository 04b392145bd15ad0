/* SPDX-License-Identifier: MIT */
#include "doctor/judge_nic.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/procfs.h"

#define NIC_LIMIT   LIVE_NIC_LIMIT
#define QUEUE_LIMIT 256
#define IRQ_LIMIT   512
#define LIST_BYTES  128

struct nic {
	char name[SIGHT_NAME_BYTES];
	size_t receive_queues, send_queues;
};

static bool is_up(struct sight *sight, const char *name)
{
	const char *state;

	if (!sight_exists(sight, "/sys/class/net/%s/device", name))
		return false;
	state = sight_word(sight, "/sys/class/net/%s/operstate", name);
	return state && (!strcmp(state, "up") || !strcmp(state, "unknown"));
}

static size_t count_queues(struct sight *sight, const char *name, const char *begin)
{
	char names[QUEUE_LIMIT][SIGHT_NAME_BYTES];

	return sight_names(sight, begin, names, QUEUE_LIMIT, "/sys/class/net/%s/queues", name);
}

/* The cards that count; with what is said when there are none or nobody can tell. */
static size_t find_nics(struct sight *sight, struct nic nics[NIC_LIMIT], struct finding *finding)
{
	char names[QUEUE_LIMIT][SIGHT_NAME_BYTES];
	size_t found, count = 0;

	if (!sight_exists(sight, "/sys/class/net")) {
		finding_say(finding, FINDING_UNKNOWN, "/sys/class/net is not there");
		return 0;
	}
	found = sight_names(sight, "", names, QUEUE_LIMIT, "/sys/class/net");
	for (size_t i = 0; i < found && count < NIC_LIMIT; i++) {
		if (!is_up(sight, names[i]))
			continue;
		strcpy(nics[count].name, names[i]);
		nics[count].receive_queues = count_queues(sight, names[i], "rx-");
		nics[count++].send_queues = count_queues(sight, names[i], "tx-");
	}
	if (!count)
		finding_say(finding, FINDING_OK, "no network card is up");
	return count;
}

/* Whether a CPU that this process may use is of the node. */
static bool may_use_node(const struct topology *topology, int node)
{
	for (size_t i = 0; i < topology->cpu_count; i++)
		if (topology->cpus[i].allowed && topology->cpus[i].numa_node == node)
			return true;
	return false;
}

static struct cpulist cpus_of_node(const struct topology *topology, int node)
{
	struct cpulist cpus = {0};

	for (size_t i = 0; i < topology->cpu_count; i++)
		if (topology->cpus[i].numa_node == node)
			cpulist_add(&cpus, topology->cpus[i].cpu);
	return cpus;
}

void judge_nic_node(const struct check *check, struct sight *sight, struct finding *finding)
{
	struct nic nics[NIC_LIMIT];
	size_t count = find_nics(sight, nics, finding);

	(void)check;
	for (size_t i = 0; i < count; i++) {
		char list[LIST_BYTES];
		struct cpulist near;
		uint64_t node;

		/* -1 is no number: firmware that does not say, or a machine of one node. */
		if (sight->topology.node_count < 2 ||
			!sight_number(
				sight, &node, "/sys/class/net/%s/device/numa_node", nics[i].name)) {
			finding_add(finding,
				sight->topology.node_count < 2 ? FINDING_OK : FINDING_UNKNOWN,
				"%s: %s", nics[i].name,
				sight->topology.node_count < 2 ? "one node" : "not told");
		} else if (may_use_node(&sight->topology, (int)node)) {
			finding_add(finding, FINDING_OK, "%s: node %" PRIu64, nics[i].name, node);
		} else {
			near = cpus_of_node(&sight->topology, (int)node);
			finding_add(finding, FINDING_LIMITED,
				"%s: node %" PRIu64 ", whose CPUs this process may not use",
				nics[i].name, node);
			finding_mend(finding, "taskset -c %s '%s' COMMAND",
				cpulist_format(list, sizeof(list), &near), sight->live->program);
		}
	}
}

/* --- queues --------------------------------------------------------------------------------- */

static uint32_t most_queues(const struct sight *sight, const char *name)
{
	for (size_t i = 0; i < sight->live->nic_count; i++)
		if (!strcmp(sight->live->nics[i].name, name))
			return sight->live->nics[i].most_queues;
	return 0;
}

/* Whether software spreads what arrives at the first queue. */
static bool has_rps(struct sight *sight, const char *name)
{
	struct cpulist cpus;

	return sight_cpu_mask(sight, &cpus, "/sys/class/net/%s/queues/rx-0/rps_cpus", name) &&
	       cpulist_count(&cpus) > 1;
}

/* Groups of 32 bits as rps_cpus has them. */
static void print_mask(char *out, size_t out_bytes, const struct cpulist *cpus)
{
	size_t used = 0;
	bool begun = false;

	for (size_t word = CPULIST_WORDS * 2; word-- > 0;) {
		uint32_t bits = (uint32_t)(cpus->words[word / 2] >> (word % 2 ? 32 : 0));

		if (!bits && !begun && word)
			continue;
		used += (size_t)snprintf(out + used, used < out_bytes ? out_bytes - used : 0,
			begun ? ",%08" PRIx32 : "%" PRIx32, bits);
		begun = true;
		if (used >= out_bytes)
			return;
	}
}

static void mend_queues(struct sight *sight, const struct nic *nic, struct finding *finding)
{
	size_t cpus = sight->topology.cpu_count;
	uint32_t most = most_queues(sight, nic->name);
	char mask[LIST_BYTES * 8];

	if (most > nic->receive_queues)
		return finding_mend(finding, "sudo ethtool -L %s combined %zu", nic->name,
			most < cpus ? (size_t)most : cpus);
	print_mask(mask, sizeof(mask), &sight->topology.online);
	finding_mend(finding,
		"for queue in /sys/class/net/%s/queues/rx-*; do echo %s | sudo tee "
		"$queue/rps_cpus; done",
		nic->name, mask);
}

void judge_nic_queues(const struct check *check, struct sight *sight, struct finding *finding)
{
	struct nic nics[NIC_LIMIT];
	size_t count = find_nics(sight, nics, finding), cpus = sight->topology.cpu_count;

	(void)check;
	for (size_t i = 0; i < count; i++) {
		const struct nic *nic = &nics[i];
		bool spread = has_rps(sight, nic->name);
		bool enough = nic->receive_queues >= cpus || spread;

		if (!nic->receive_queues) {
			finding_add(finding, FINDING_UNKNOWN, "%s: not told", nic->name);
			continue;
		}
		finding_add(finding, enough ? FINDING_OK : FINDING_LIMITED,
			"%s: %zu for %zu CPUs%s", nic->name, nic->receive_queues, cpus,
			spread ? ", spread by RPS" : "");
		if (!enough)
			mend_queues(sight, nic, finding);
	}
}

/* --- interrupts ----------------------------------------------------------------------------- */

struct irqs {
	uint64_t numbers[IRQ_LIMIT];
	size_t count;
};

static bool visit_irq(const char *path, uint64_t number, void *context)
{
	struct irqs *irqs = context;

	(void)path;
	irqs->numbers[irqs->count++] = number;
	return irqs->count < IRQ_LIMIT;
}

static int compare(const void *left, const void *right)
{
	const uint64_t *a = left, *b = right;

	return *a < *b ? -1 : *a > *b;
}

/* A virtio card's interrupts are those of the PCI device that it is behind. */
static void find_irqs(const struct sight *sight, const char *name, struct irqs *irqs)
{
	static const char *const folders[] = {"device/msi_irqs", "device/../msi_irqs"};
	char path[READING_PATH_BYTES];

	irqs->count = 0;
	for (size_t i = 0; i < sizeof(folders) / sizeof(*folders) && !irqs->count; i++) {
		snprintf(path, sizeof(path), "%s/sys/class/net/%s/%s", sight->reading.root, name,
			folders[i]);
		procfs_each(path, visit_irq, irqs);
	}
	qsort(irqs->numbers, irqs->count, sizeof(*irqs->numbers), compare);
}

/* Where they go now; else where they may. */
static struct cpulist cpus_of(struct sight *sight, const struct irqs *irqs)
{
	struct cpulist all = {0}, cpus;

	for (size_t i = 0; i < irqs->count; i++) {
		uint64_t irq = irqs->numbers[i];

		if (sight_cpus(
			    sight, &cpus, "/proc/irq/%" PRIu64 "/effective_affinity_list", irq) ||
			sight_cpus(sight, &cpus, "/proc/irq/%" PRIu64 "/smp_affinity_list", irq))
			cpulist_unite(&all, &cpus);
	}
	return all;
}

/* One CPU after the other, the last interrupts first: configuration's own is the first. */
static void mend_irqs(struct sight *sight, const struct irqs *irqs, struct finding *finding)
{
	unsigned int cpu = 0;

	for (size_t i = irqs->count; i-- > 0;) {
		cpu = cpulist_next(&sight->topology.online, cpu);
		if (cpu == CPULIST_LIMIT)
			cpu = cpulist_next(&sight->topology.online, 0);
		finding_mend(finding, "echo %u | sudo tee /proc/irq/%" PRIu64 "/smp_affinity_list",
			cpu++, irqs->numbers[i]);
	}
}

void judge_nic_irqs(const struct check *check, struct sight *sight, struct finding *finding)
{
	struct nic nics[NIC_LIMIT];
	size_t count = find_nics(sight, nics, finding);

	(void)check;
	for (size_t i = 0; i < count; i++) {
		struct irqs irqs;
		struct cpulist cpus;
		char list[LIST_BYTES];
		bool crowded;

		find_irqs(sight, nics[i].name, &irqs);
		cpus = cpus_of(sight, &irqs);
		if (!cpulist_count(&cpus)) {
			finding_add(finding, FINDING_UNKNOWN, "%s: not told", nics[i].name);
			continue;
		}
		crowded = nics[i].receive_queues > 1 && cpulist_count(&cpus) == 1;
		finding_add(finding, crowded ? FINDING_LIMITED : FINDING_OK, "%s: CPU %s%s",
			nics[i].name, cpulist_format(list, sizeof(list), &cpus),
			crowded ? " for all queues" : "");
		if (crowded)
			mend_irqs(sight, &irqs, finding);
	}
}

/* Whether any queue to send from has CPUs of its own; a card with one queue needs none. */
static bool has_xps(struct sight *sight, const struct nic *nic)
{
	struct cpulist cpus;

	for (size_t i = 0; i < nic->send_queues; i++) {
		if (sight_cpu_mask(sight, &cpus, "/sys/class/net/%s/queues/tx-%zu/xps_cpus",
			    nic->name, i) &&
			cpulist_count(&cpus))
			return true;
	}
	return false;
}

static void mend_xps(struct sight *sight, const struct nic *nic, struct finding *finding)
{
	unsigned int cpu = 0;

	for (size_t i = 0; i < nic->send_queues; i++) {
		struct cpulist one = {0};
		char mask[LIST_BYTES * 8];

		cpu = cpulist_next(&sight->topology.online, cpu);
		if (cpu == CPULIST_LIMIT)
			break;
		cpulist_add(&one, cpu++);
		print_mask(mask, sizeof(mask), &one);
		finding_mend(finding, "echo %s | sudo tee /sys/class/net/%s/queues/tx-%zu/xps_cpus",
			mask, nic->name, i);
	}
}

void judge_nic_xps(const struct check *check, struct sight *sight, struct finding *finding)
{
	struct nic nics[NIC_LIMIT];
	size_t count = find_nics(sight, nics, finding);

	(void)check;
	for (size_t i = 0; i < count; i++) {
		const struct nic *nic = &nics[i];

		if (!nic->send_queues) {
			finding_add(finding, FINDING_UNKNOWN, "%s: not told", nic->name);
		} else if (nic->send_queues == 1 || has_xps(sight, nic)) {
			finding_add(finding, FINDING_OK, "%s: %s", nic->name,
				nic->send_queues == 1 ? "one queue" : "queues have CPUs");
		} else {
			finding_add(finding, FINDING_LIMITED, "%s: %zu queues without CPUs",
				nic->name, nic->send_queues);
			mend_xps(sight, nic, finding);
		}
	}
}

/* --- who moves interrupts ------------------------------------------------------------------- */

struct search {
	const char *name;
	bool found;
};

static bool visit_process(const char *path, uint64_t number, void *context)
{
	struct search *search = context;
	char file[READING_PATH_BYTES], name[32] = "";
	FILE *comm;

	(void)number;
	snprintf(file, sizeof(file), "%s/comm", path);
	comm = fopen(file, "re");
	if (!comm)
		return true;
	search->found = fscanf(comm, "%31s", name) == 1 && !strcmp(name, search->name);
	fclose(comm);
	return !search->found;
}

void judge_nic_irqbalance(const struct check *check, struct sight *sight, struct finding *finding)
{
	struct search search = {.name = "irqbalance"};
	char folder[READING_PATH_BYTES];

	(void)check;
	snprintf(folder, sizeof(folder), "%s/proc", sight->reading.root);
	procfs_each(folder, visit_process, &search);
	if (search.found)
		finding_say(finding, FINDING_LIMITED, "it runs");
	else
		finding_say(finding, FINDING_OK, "it does not run");
}
