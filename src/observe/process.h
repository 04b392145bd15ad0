/* SPDX-License-Identifier: MIT */
/*
 * What the kernel tells of one process: CPU time, memory, faults, files, disk, context switches.
 *
 * A process is read in two steps. process_read takes /proc/PID/stat alone: one short read, which
 * has the sums over its threads. process_read_more takes what costs more or may be refused:
 * status (swap, CPUs it may use, context switches), io, the number of open files, and once their
 * limit. Context switches stand in the kernel thread by thread, so that a process of many threads
 * has a budget.
 *
 * The files are kept open while `keep` says so: pread then saves the look-up, and a process
 * that ended can never be mistaken for another with its number.
 *
 * Owner: the caller's struct, from process_init on; process_release closes its files. Threads: one.
 * Errors: none: what cannot be read has its flag unset; a process that is gone says so.
 * Sources: proc_pid_stat(5), proc_pid_status(5), proc_pid_io(5), proc_pid_fd(5) (since Linux 6.2
 * the size of the folder is the number of open files), proc_pid_limits(5).
 */
#ifndef RINGLOAD_OBSERVE_PROCESS_H
#define RINGLOAD_OBSERVE_PROCESS_H

#include <stdbool.h>
#include <stdint.h>

#include "observe/reading.h"

#define PROCESS_NAME_BYTES 64

/* Where the number of open files has to be counted, this many entries a second, on average. */
#define PROCESS_FILES_PER_SAMPLE 1024

enum process_counter {
	PROCESS_USER_TICKS, /* up to the major faults, also of children that ended and were waited
			       for */
	PROCESS_SYSTEM_TICKS,
	PROCESS_MINOR_FAULTS,
	PROCESS_MAJOR_FAULTS,
	PROCESS_INHERITED, /* the number of the above */
	PROCESS_DISK_READ_BYTES = PROCESS_INHERITED,
	PROCESS_DISK_WRITTEN_BYTES,
	PROCESS_DISK_DELAY_TICKS, /* of its first thread; 0 unless kernel.task_delayacct is on */
	PROCESS_VOLUNTARY,
	PROCESS_INVOLUNTARY,
	PROCESS_COUNTER_COUNT
};

/* The line of /proc/PID/stat. */
struct process_stat {
	char name[PROCESS_NAME_BYTES]; /* as the process calls itself: any bytes */
	char state;
	uint32_t pid, ppid, threads;
	uint64_t start_ticks; /* since the machine came up */
	uint64_t own[PROCESS_INHERITED], children[PROCESS_INHERITED];
	uint64_t rss_pages, disk_delay_ticks;
	bool has_cpu;
	unsigned int cpu; /* where it ran last; of a process its first thread */
};

/* False when it is not such a line. */
bool process_stat_parse(struct process_stat *stat, const char *text);

struct process {
	struct process_stat stat;
	uint64_t swap_bytes, open_files, files_limit; /* limit: UINT64_MAX for none */
	unsigned int cpus_allowed;                    /* how many; 0: not known */
	uint64_t read_bytes, written_bytes, voluntary, involuntary;
	bool has_swap, has_disk, has_files, has_files_limit, has_switches;

	/* Its own. */
	int stat_file, status_file, io_file;
	uint32_t files_in; /* samples until they are counted again */
	bool limits_read;
};

void process_init(struct process *process, uint32_t pid);

/* False: it is gone, or another process has its number by now. */
bool process_read(struct process *process, struct reading *reading, bool keep);

/* thread_budget: how many threads may be read for the context switches. */
void process_read_more(
	struct process *process, struct reading *reading, bool keep, uint32_t thread_budget);

void process_release(struct process *process, struct reading *reading);

#endif
