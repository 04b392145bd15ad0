/* SPDX-License-Identifier: MIT */
/*
 * The options that say what is measured in the server's kernel, as `run` and `probe` have them in
 * common; those of `run` have "probe-" before all names but "profile".
 *
 * Owner: text is borrowed from argv, but for what stands in the struct; the list of ports is
 * released with probing_release. Threads: one. Errors: ERR_USAGE with a sentence that begins with
 * the option.
 */
#ifndef RINGLOAD_CLI_PROBING_H
#define RINGLOAD_CLI_PROBING_H

#include <limits.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "probe/probe.h"
#include "scenario/scenario.h"

struct probing_values {
	struct scenario_list ports;
	uint32_t sample, pid;
	const char *budget; /* "3%", "off"; NULL: the default */
	const char *netns, *cgroup;
	const char *profile; /* what the names of the profile's files begin with; NULL: none */
	char netns_path[PATH_MAX];
};

/* Text of the defaults in the rows below. */
_Static_assert(PROBE_DEFAULT_SAMPLE == 8, "the help says 1/8");
_Static_assert(PROBE_DEFAULT_BUDGET_PERCENT == 3, "the help says 3%");

/* Rows of an option table; prefix is "" or "probe-", place the offset of a struct probing_values.
 */
#define PROBING_ROWS(prefix, place)                                                             \
	{.name = prefix "sample",                                                               \
		.kind = OPTION_ONE_IN,                                                          \
		.value = "1/N",                                                                 \
		.initial = "1/8",                                                               \
		.help = "follow one connection in N at a time, and others by turns: what it "   \
			"costs the server falls with it; 1/1 follows every request",            \
		.lowest = 1,                                                                    \
		.highest = PROBE_ABI_SAMPLE_LIMIT,                                              \
		.offset = (place) + offsetof(struct probing_values, sample)},                   \
		{.name = prefix "netns",                                                        \
			.kind = OPTION_TEXT,                                                    \
			.value = "PATH|NAME",                                                   \
			.initial = "any",                                                       \
			.help = "network namespace of the server: /proc/PID/ns/net, or a name " \
				"that ip netns knows",                                          \
			.lowest = 1,                                                            \
			.highest = 4000,                                                        \
			.offset = (place) + offsetof(struct probing_values, netns)},            \
		{.name = prefix "cgroup",                                                       \
			.kind = OPTION_TEXT,                                                    \
			.value = "PATH",                                                        \
			.initial = "any",                                                       \
			.help = "control group (version 2) of the server, or one above it; "    \
				"below /sys/fs/cgroup, or absolute",                            \
			.lowest = 1,                                                            \
			.highest = 4000,                                                        \
			.offset = (place) + offsetof(struct probing_values, cgroup)},           \
		{.name = prefix "pid",                                                          \
			.kind = OPTION_U32,                                                     \
			.value = "PID",                                                         \
			.initial = "any",                                                       \
			.help = "process of the server",                                        \
			.lowest = 1,                                                            \
			.highest = 1 << 22,                                                     \
			.offset = (place) + offsetof(struct probing_values, pid)},              \
		{.name = prefix "budget",                                                       \
			.kind = OPTION_TEXT,                                                    \
			.value = "SHARE|off",                                                   \
			.initial = "3%, but off where 1/N is given",                            \
			.help = "take no more of the server's CPU time than this: a server "    \
				"that spends only some microseconds on a request is then "      \
				"looked at in parts of the time",                               \
			.lowest = 1,                                                            \
			.highest = 32,                                                          \
			.offset = (place) + offsetof(struct probing_values, budget)},           \
	{                                                                                       \
		.name = "profile", .kind = OPTION_TEXT, .value = "PREFIX",                      \
		.help = "sample the server's stacks too, and write them to "                    \
			"PREFIX.folded and, as a flame graph, to PREFIX.svg",                   \
		.lowest = 1, .highest = 4000,                                                   \
		.offset = (place) + offsetof(struct probing_values, profile)                    \
	}

/* Checks the values and fills *options from them, which borrows from them and from argv. */
int probing_take(struct probing_values *values, const char *prefix, struct probe_options *options,
	struct err *err);
void probing_release(struct probing_values *values);

#endif
