/* SPDX-License-Identifier: MIT */
#include "doctor/judge_cpu.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CPU_FOLDER   "/sys/devices/system/cpu"
#define STATE_LIMIT  16
#define IDLE_MOST_US 20
#define LIST_BYTES   128

void judge_cpu_governor(const struct check *check, struct sight *sight, struct finding *finding)
{
	const char *governor = sight->topology.governor;

	(void)check;
	if (!*governor) {
		finding_say(finding, FINDING_UNKNOWN,
			"this machine does not show how its CPU frequency is governed");
		finding->no_mend = true;
	} else {
		finding_say(finding, strcmp(governor, "performance") ? FINDING_LIMITED : FINDING_OK,
			"%s%s", governor, strcmp(governor, "mixed") ? "" : ": CPUs differ");
	}
}

/* Intel's driver has a switch of its own, the other way round. */
void judge_cpu_boost(const struct check *check, struct sight *sight, struct finding *finding)
{
	static const char own[] = CPU_FOLDER "/intel_pstate/no_turbo";
	static const char usual[] = CPU_FOLDER "/cpufreq/boost";
	bool is_own = sight_exists(sight, "%s", own);
	uint64_t number;

	(void)check;
	if (!sight_number(sight, &number, "%s", is_own ? own : usual)) {
		finding_say(finding, FINDING_UNKNOWN, "this machine does not show it");
		finding->no_mend = true;
	} else if (is_own == (number == 0)) {
		finding_say(finding, FINDING_LIMITED, "on");
		finding_mend(finding, "echo %d | sudo tee %s", is_own, is_own ? own : usual);
	} else {
		finding_say(finding, FINDING_OK, "off");
	}
}

/* --- idle states ---------------------------------------------------------------------------- */

struct idle {
	bool known;
	uint64_t latency_us; /* of the deepest state that is not switched off */
	char name[32];
	unsigned int cpu;
};

/* Quality of service for power management: the longest wake-up somebody asked for, if any. */
static uint64_t most_latency_us(struct sight *sight, unsigned int cpu)
{
	const char *word = sight_word(
		sight, CPU_FOLDER "/cpu%u/power/pm_qos_resume_latency_us", cpu);
	uint64_t most = word ? strtoull(word, NULL, 10) : 0;

	if (word && !strcmp(word, "n/a"))
		return 0;
	return most ? most : UINT64_MAX;
}

static void look_at_state(
	struct idle *idle, struct sight *sight, unsigned int cpu, unsigned int state, uint64_t most)
{
	uint64_t latency, disabled = 0;
	const char *name;

	sight_number(sight, &disabled, CPU_FOLDER "/cpu%u/cpuidle/state%u/disable", cpu, state);
	if (!sight_number(sight, &latency, CPU_FOLDER "/cpu%u/cpuidle/state%u/latency", cpu, state))
		return;
	idle->known = true;
	if (disabled || latency > most || (idle->name[0] && latency <= idle->latency_us))
		return;
	name = sight_text(sight, CPU_FOLDER "/cpu%u/cpuidle/state%u/name", cpu, state);
	name = name ? name : "a state";
	idle->latency_us = latency;
	idle->cpu = cpu;
	snprintf(idle->name, sizeof(idle->name), "%.*s", (int)strcspn(name, "\n"), name);
}

void judge_cpu_idle(const struct check *check, struct sight *sight, struct finding *finding)
{
	struct idle idle = {0};
	const char *driver;

	(void)check;
	for (size_t i = 0; i < sight->topology.cpu_count; i++) {
		unsigned int cpu = sight->topology.cpus[i].cpu;
		uint64_t most = most_latency_us(sight, cpu);

		for (unsigned int state = 0; state < STATE_LIMIT; state++)
			look_at_state(&idle, sight, cpu, state, most);
	}
	if (idle.known && idle.name[0]) {
		finding_say(finding, idle.latency_us > IDLE_MOST_US ? FINDING_LIMITED : FINDING_OK,
			"the deepest is %s, %" PRIu64 " µs to wake up from (CPU %u)", idle.name,
			idle.latency_us, idle.cpu);
		return;
	}
	if (idle.known)
		return finding_say(finding, FINDING_OK, "all are switched off");
	driver = sight_word(sight, CPU_FOLDER "/cpuidle/current_driver");
	if (driver)
		return finding_say(finding, FINDING_OK, "none to choose from (driver %s)", driver);
	finding_say(finding, FINDING_UNKNOWN, "this machine does not show them");
	finding->no_mend = true;
}

/* --- sharing -------------------------------------------------------------------------------- */

/* One CPU of each core this process may use. */
static struct cpulist first_of_cores(const struct topology *topology)
{
	struct cpulist first = {0}, cores = {0};

	for (size_t i = 0; i < topology->cpu_count; i++) {
		const struct topology_cpu *cpu = &topology->cpus[i];

		if (!cpu->allowed || cpulist_has(&cores, cpu->core))
			continue;
		cpulist_add(&cores, cpu->core);
		cpulist_add(&first, cpu->cpu);
	}
	return first;
}

void judge_cpu_smt(const struct check *check, struct sight *sight, struct finding *finding)
{
	struct cpulist first = first_of_cores(&sight->topology);
	unsigned int cpus = cpulist_count(&sight->topology.allowed), cores = cpulist_count(&first);
	char list[LIST_BYTES];

	(void)check;
	if (cpus == cores)
		return finding_say(finding, FINDING_OK, "each CPU is a core of its own");
	finding_say(finding, FINDING_LIMITED, "%u CPUs are threads of %u core%s", cpus, cores,
		cores == 1 ? "" : "s");
	finding_mend(finding, "'%s' run --cpus %s", sight->live->program,
		cpulist_format(list, sizeof(list), &first));
}

void judge_cpu_isolated(const struct check *check, struct sight *sight, struct finding *finding)
{
	struct cpulist isolated;
	char list[LIST_BYTES];

	(void)check;
	if (!sight_cpus(sight, &isolated, CPU_FOLDER "/isolated"))
		return finding_say(finding, FINDING_UNKNOWN, "this machine does not show it");
	if (!cpulist_count(&isolated))
		return finding_say(finding, FINDING_OK, "none: workers share theirs with the rest");
	cpulist_format(list, sizeof(list), &isolated);
	if (cpulist_contains(&sight->topology.allowed, &isolated))
		return finding_say(finding, FINDING_OK, "%s, which this process may use", list);
	finding_say(finding, FINDING_LIMITED, "%s, which this process may not use", list);
	finding_mend(finding, "taskset -c %s '%s' COMMAND", list, sight->live->program);
}

void judge_cpu_nohz(const struct check *check, struct sight *sight, struct finding *finding)
{
	const char *word = sight_word(sight, CPU_FOLDER "/nohz_full");

	(void)check;
	/* The file says "(null)" where the kernel could but was not told to. */
	if (word && strcmp(word, "(null)") != 0)
		finding_say(
			finding, FINDING_OK, "%s run without ticks when one thread is alone", word);
	else if (sight_exists(sight, CPU_FOLDER))
		finding_say(finding, FINDING_OK, "none: a tick interrupts workers as others");
	else
		finding_say(finding, FINDING_UNKNOWN, "this machine does not show it");
}

/* --- what entering the kernel costs --------------------------------------------------------- */

/* Only those that cost something at each entry to or return from the kernel. */
static const struct {
	const char *file, *words, *cost;
} mitigations[] = {
	{"meltdown", "Mitigation: PTI", "page tables are switched"},
	{"spectre_v2", "Mitigation: IBRS", "speculation is restricted in the kernel"},
	{"retbleed", "Mitigation: IBRS", "speculation is restricted in the kernel"},
	{"retbleed", "untrained return thunk", "returns are untrained"},
	{"retbleed", "Mitigation: IBPB", "branch predictions are flushed"},
	{"spec_rstack_overflow", "Safe RET", "returns are untrained"},
	{"spec_rstack_overflow", "Mitigation: IBPB", "branch predictions are flushed"},
	{"mds", "Clear CPU buffers", "buffers are cleared"},
	{"tsx_async_abort", "Clear CPU buffers", "buffers are cleared"},
	{"mmio_stale_data", "Clear CPU buffers", "buffers are cleared"},
	{"tsa", "Clear CPU buffers", "buffers are cleared"},
	{"reg_file_data_sampling", "Clear Register File", "registers are cleared"},
};

void judge_cpu_mitigations(const struct check *check, struct sight *sight, struct finding *finding)
{
	(void)check;
	if (!sight_exists(sight, CPU_FOLDER "/vulnerabilities"))
		return finding_say(finding, FINDING_UNKNOWN, "this kernel does not list them");
	for (size_t i = 0; i < sizeof(mitigations) / sizeof(*mitigations); i++) {
		const char *text = sight_text(
			sight, CPU_FOLDER "/vulnerabilities/%s", mitigations[i].file);

		if (text && strstr(text, mitigations[i].words))
			finding_add(finding, FINDING_LIMITED, "%s: %s", mitigations[i].file,
				mitigations[i].cost);
	}
	if (!finding->text.length_bytes)
		finding_say(finding, FINDING_OK, "none that each system call pays for");
}
