/* SPDX-License-Identifier: MIT */
#include "doctor/judge_machine.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define CLOCK_FOLDER "/sys/devices/system/clocksource/clocksource0"

void judge_machine_kernel(const struct check *check, struct sight *sight, struct finding *finding)
{
	const char *release = sight_word(sight, "/proc/sys/kernel/osrelease");

	(void)check;
	/* No judgement: what it can is found by trying. */
	finding_say(finding, release ? FINDING_OK : FINDING_UNKNOWN, "%s",
		release ? release : "/proc/sys/kernel/osrelease cannot be read");
}

/* Those that a program reads without entering the kernel. */
static bool is_quick(const char *clock)
{
	static const char *const quick[] = {"tsc", "kvm-clock", "hyperv_clocksource_tsc_page",
		"xen", "arch_sys_counter", "riscv_clocksource", "timebase", "tod"};

	for (size_t i = 0; i < sizeof(quick) / sizeof(*quick); i++)
		if (!strcmp(clock, quick[i]))
			return true;
	return false;
}

void judge_machine_clock(const struct check *check, struct sight *sight, struct finding *finding)
{
	const char *word = sight_word(sight, CLOCK_FOLDER "/current_clocksource"), *others;
	char clock[64];

	(void)check;
	if (!word)
		return finding_say(finding, FINDING_UNKNOWN, "this machine does not show it");
	snprintf(clock, sizeof(clock), "%s", word);
	if (is_quick(clock))
		return finding_say(finding, FINDING_OK, "%s, read without a system call", clock);
	finding_say(finding, FINDING_LIMITED, "%s, each reading of which is a system call", clock);
	others = sight_text(sight, CLOCK_FOLDER "/available_clocksource");
	if (others && strstr(others, "tsc"))
		finding_mend(finding, "echo tsc | sudo tee " CLOCK_FOLDER "/current_clocksource");
	else
		finding->no_mend = true;
}

/* Words of the firmware's tables, without line end, in `out`. */
static void firmware(struct sight *sight, const char *file, char out[64])
{
	const char *text;

	text = sight_text(sight, "/sys/class/dmi/id/%s", file);
	snprintf(out, 64, "%.*s", (int)strcspn(text ? text : "", "\n"), text ? text : "");
}

static bool has_hypervisor_flag(struct sight *sight)
{
	const char *text = sight_text(sight, "/proc/cpuinfo");
	const char *flags = text ? strstr(text, "\nflags") : NULL;
	const char *word = flags ? strstr(flags, " hypervisor") : NULL;

	return word && word < flags + 1 + strcspn(flags + 1, "\n");
}

void judge_machine_virtual(const struct check *check, struct sight *sight, struct finding *finding)
{
	bool is_virtual = has_hypervisor_flag(sight) || sight_exists(sight, "/sys/hypervisor/type");
	char vendor[64], product[64];

	(void)check;
	firmware(sight, "sys_vendor", vendor);
	firmware(sight, "product_name", product);
	if (is_virtual)
		finding_say(finding, FINDING_LIMITED, "a virtual machine%s%s%s%s%s",
			*vendor ? " (" : "", vendor, *vendor ? " " : "", *vendor ? product : "",
			*vendor ? ")" : "");
	else if (sight_text(sight, "/proc/cpuinfo"))
		finding_say(finding, FINDING_OK, "no sign of a hypervisor");
	else
		finding_say(finding, FINDING_UNKNOWN, "/proc/cpuinfo cannot be read");
}

void judge_machine_numa(const struct check *check, struct sight *sight, struct finding *finding)
{
	size_t nodes = sight->topology.node_count;
	uint64_t balancing = 0;

	(void)check;
	if (nodes < 2)
		return finding_say(finding, FINDING_OK, "one node");
	sight_number(sight, &balancing, "/proc/sys/kernel/numa_balancing");
	finding_say(finding, balancing ? FINDING_LIMITED : FINDING_OK, "%zu nodes%s", nodes,
		balancing ? ", and the kernel moves pages between them" : "");
}

void judge_machine_huge_pages(
	const struct check *check, struct sight *sight, struct finding *finding)
{
	const char *choice = sight_choice(sight, "/sys/kernel/mm/transparent_hugepage/enabled");

	(void)check;
	if (choice)
		finding_say(finding, strcmp(choice, "always") ? FINDING_OK : FINDING_LIMITED, "%s",
			choice);
	else if (sight_exists(sight, "/sys/kernel/mm"))
		finding_say(finding, FINDING_OK, "this kernel has none");
	else
		finding_say(finding, FINDING_UNKNOWN, "this machine does not show it");
}
