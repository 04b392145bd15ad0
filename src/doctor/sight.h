/* SPDX-License-Identifier: MIT */
/*
 * The machine as the checks see it: files below a root folder ("/" in earnest, another machine in
 * tests), what was read of them for several checks, and what was tried.
 *
 * Owner: sight_open takes, sight_release gives back; live is borrowed. Text that a function returns
 * is valid until the next one is called. Threads: one. Errors: sight_open fails where no CPU can be
 * used; whatever else is not there is false.
 */
#ifndef RINGLOAD_DOCTOR_SIGHT_H
#define RINGLOAD_DOCTOR_SIGHT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "doctor/live.h"
#include "observe/control_group.h"
#include "observe/reading.h"
#include "plan/ports.h"
#include "plan/topology.h"

#define SIGHT_UNLIMITED UINT64_MAX

struct sight_limit {
	bool known;
	uint64_t soft, hard;
};

struct sight {
	const struct live *live;
	struct reading reading;
	char path[READING_PATH_BYTES]; /* of the file at hand */
	struct topology topology;
	struct ports ports;
	struct control_group group; /* of this process */
	bool has_capabilities;
	uint64_t capabilities; /* those in effect */
	struct sight_limit files, locked_bytes;
};

/* pid: this process's, below the root. */
int sight_open(struct sight *sight, const char *root, uint32_t pid, const struct live *live,
	struct err *err);
void sight_release(struct sight *sight);

/* Whether this process has the capability (CAP_BPF, ...). */
bool sight_can(const struct sight *sight, unsigned int capability);
/* Whether it may load programs that trace. */
bool sight_can_trace(const struct sight *sight);

/* Paths begin with a slash and are below the root. */
#define SIGHT_PATH(format_at) __attribute__((format(printf, format_at, format_at + 1)))

/* The file as it is; NULL when it cannot be read. */
const char *sight_text(struct sight *sight, const char *format, ...) SIGHT_PATH(2);

/* The first word of the file, or NULL. */
char *sight_word(struct sight *sight, const char *format, ...) SIGHT_PATH(2);

/* The word in brackets, as in "always [madvise] never"; NULL when none is. */
char *sight_choice(struct sight *sight, const char *format, ...) SIGHT_PATH(2);

bool sight_number(struct sight *sight, uint64_t *number, const char *format, ...) SIGHT_PATH(3);

bool sight_exists(struct sight *sight, const char *format, ...) SIGHT_PATH(2);

/* CPUs as a list ("0-3"), or as the hexadecimal mask the kernel writes (",": groups of 32 bits). */
bool sight_cpus(struct sight *sight, struct cpulist *cpus, const char *format, ...) SIGHT_PATH(3);
bool sight_cpu_mask(struct sight *sight, struct cpulist *cpus, const char *format, ...)
	SIGHT_PATH(3);

#define SIGHT_NAME_BYTES 64

/* Names in a folder that begin so, sorted, at most `limit`; how many there are of these. */
size_t sight_names(struct sight *sight, const char *begin, char (*names)[SIGHT_NAME_BYTES],
	size_t limit, const char *format, ...) SIGHT_PATH(5);

#endif
