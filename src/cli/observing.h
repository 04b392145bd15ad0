/* SPDX-License-Identifier: MIT */
/*
 * The options that say whose resources are read.
 *
 * Owner: nothing is kept. Threads: one. Errors: ERR_USAGE with a sentence that begins with the
 * option.
 */
#ifndef RINGLOAD_CLI_OBSERVING_H
#define RINGLOAD_CLI_OBSERVING_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "run/observation.h"

struct observing_values {
	unsigned int mode; /* enum observation_mode */
	uint32_t pid;      /* 0: not given */
};

extern const char *const observing_modes[];

/* Rows of an option table; pid_option is what else names a process of the server, place the offset
 * of a struct observing_values. */
#define OBSERVING_ROWS(pid_option, place)                                                       \
	{.group = "The server's resources",                                                     \
		.name = "observe",                                                              \
		.kind = OPTION_CHOICE,                                                          \
		.value = "auto|off",                                                            \
		.initial = "auto",                                                              \
		.words = observing_modes,                                                       \
		.help = "read once a second what the server uses: CPU, memory, files, disk, "   \
			"network, and the limits of its control group; where it is on this "    \
			"machine, or never. Of one's own processes it needs no rights",         \
		.offset = (place) + offsetof(struct observing_values, mode)},                   \
	{                                                                                       \
		.name = "observe-pid", .kind = OPTION_U32, .value = "PID",                      \
		.initial = "as " pid_option,                                                    \
		.help = "a process of the server, where something stands between; all that it " \
			"starts belongs to the server too. Without either, whoever listens on " \
			"the port",                                                             \
		.lowest = 1, .highest = 1 << 22,                                                \
		.offset = (place) + offsetof(struct observing_values, pid)                      \
	}

int observing_take(const struct observing_values *values, struct observation_options *options,
	struct err *err);

#endif
