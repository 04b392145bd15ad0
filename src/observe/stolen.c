/* SPDX-License-Identifier: MIT */
#include "observe/stolen.h"

#include <ctype.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"

void stolen_init(struct stolen *stolen, const char *root)
{
	memset(stolen, 0, sizeof(*stolen));
	reading_init(&stolen->reading, root);
	stolen->ns_per_tick = (double)NS_PER_S / (double)sysconf(_SC_CLK_TCK);
}

/* "cpuN user nice system idle iowait irq softirq steal ...", in ticks. */
static void take_line(struct stolen *stolen, const char *line)
{
	uint64_t user, nice, system, irq, softirq, steal;
	struct stolen_cpu *cpu;
	unsigned int number;

	if (sscanf(line,
		    "cpu%u %" SCNu64 " %" SCNu64 " %" SCNu64 " %*u %*u %" SCNu64 " %" SCNu64
		    " %" SCNu64,
		    &number, &user, &nice, &system, &irq, &softirq, &steal) != 7 ||
		number >= STOLEN_CPUS)
		return;
	cpu = &stolen->cpus[number];
	cpu->steal = steal;
	cpu->busy = user + nice + system + irq + softirq + steal;
	if (!cpu->known) {
		cpu->first_steal = cpu->steal;
		cpu->first_busy = cpu->busy;
	}
	cpu->known = true;
}

static bool read_cpus(struct stolen *stolen)
{
	const char *line;

	if (!reading_file(&stolen->reading, "/proc/stat"))
		return false;
	for (line = stolen->reading.text; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (!strncmp(line, "cpu", 3) && isdigit((unsigned char)line[3]))
			take_line(stolen, line);
	}
	return true;
}

static void use(struct stolen *stolen, const struct process_stat *stat)
{
	if (stat->has_cpu && stat->cpu < STOLEN_CPUS)
		stolen->cpus[stat->cpu].used = true;
	else
		stolen->everywhere = true;
}

static void use_threads(struct stolen *stolen, uint32_t pid, size_t limit)
{
	uint32_t threads[STOLEN_THREADS];
	size_t count = reading_numbers(
		&stolen->reading, threads, limit, limit + 1, "/proc/%u/task", pid);
	struct process_stat stat;

	stolen->everywhere |= count > limit;
	for (size_t i = 0; i < count && i < limit; i++)
		if (reading_file(&stolen->reading, "/proc/%u/task/%u/stat", pid, threads[i]) &&
			process_stat_parse(&stat, stolen->reading.text))
			use(stolen, &stat);
}

/* Where the server's threads ran last. */
static void see_threads(struct stolen *stolen, const struct members *members)
{
	size_t left = STOLEN_THREADS;

	for (size_t i = 0; i < members->count && !stolen->everywhere; i++) {
		const struct member *member = &members->list[i];
		uint32_t threads = member->process.stat.threads;

		if (member->zombie)
			continue;
		if (threads > left) {
			stolen->everywhere = true;
			return;
		}
		if (threads > 1)
			use_threads(stolen, member->process.stat.pid, left);
		else
			use(stolen, &member->process.stat);
		left -= threads;
	}
}

void stolen_sample(struct stolen *stolen, const struct members *members, uint64_t now_ns)
{
	if (!read_cpus(stolen))
		return;
	if (!members)
		stolen->everywhere = true;
	else if (!stolen->everywhere)
		see_threads(stolen, members);
	if (!stolen->samples++)
		stolen->first_ns = now_ns;
	stolen->last_ns = now_ns;
}

bool stolen_share(const struct stolen *stolen, double *share)
{
	double length = (double)(stolen->last_ns - stolen->first_ns) / stolen->ns_per_tick;
	double steal = 0, busy = 0;
	bool known = false;

	for (size_t i = 0; i < STOLEN_CPUS; i++) {
		const struct stolen_cpu *cpu = &stolen->cpus[i];

		if (!cpu->known || !(cpu->used || stolen->everywhere) ||
			cpu->steal < cpu->first_steal || cpu->busy < cpu->first_busy)
			continue;
		known = true;
		steal += (double)(cpu->steal - cpu->first_steal);
		busy += (double)(cpu->busy - cpu->first_busy);
	}
	if (!known || stolen->samples < 2 || !(length > 0))
		return false;
	*share = steal < STOLEN_TICKS ? 0 : fmin(steal / fmax(length, busy), 1);
	return true;
}
