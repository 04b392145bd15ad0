/* SPDX-License-Identifier: MIT */
/*
 * The options of a command that drives load: what `run` and `breakpoint` have in common, and what
 * their values become.
 *
 * A command's own struct of values begins with a struct load_values; the macros are rows of its
 * option table, in the order of the help, and `place` is the offset of that struct.
 *
 * Owner: text is borrowed from argv; lists belong to the struct until load_release.
 * Threads: one. Errors: ERR_USAGE with a sentence that begins with the option.
 */
#ifndef RINGLOAD_CLI_LOAD_H
#define RINGLOAD_CLI_LOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "analysis/threshold.h"
#include "base/clock.h"
#include "base/err.h"
#include "cli/observing.h"
#include "cli/option.h"
#include "cli/probing.h"
#include "run/attribution.h"
#include "run/observation.h"
#include "scenario/scenario.h"

struct load_values {
	struct scenario scenario;
	const char *body, *body_file;
	unsigned int probe; /* enum attribution_mode */
	uint64_t buffer, abort_ns;
	struct probing_values probing;
	struct observing_values observing;
	/* Filled by load_take. */
	struct attribution_options attribution;
	struct observation_options observation;
	struct threshold_list thresholds;
};

void load_init(struct load_values *values);
void load_release(struct load_values *values);

/*
 * What the values alone do not say: which options were given at all, and what excludes what; the
 * objectives are read. The URL is the first operand. Whether the load is an open loop, and for how
 * long, is the command's to say, and scenario_check its to call.
 */
int load_take(struct load_values *values, const struct option_parse *parse, struct err *err);

extern const char *const load_arrivals[], *const load_pacings[], *const load_sends[],
									 *const load_probes[];

#define LOAD_MANY    1000000000000000ULL
#define LOAD_LONGEST (86400 * NS_PER_S)
#define LOAD_FASTEST 100000000000ULL /* thousandths of a request a second */

#define LOAD_SIZE_ROWS(place)                                                                 \
	{.group = "Load",                                                                     \
		.name = "connections",                                                        \
		.letter = 'c',                                                                \
		.kind = OPTION_U32,                                                           \
		.value = "N",                                                                 \
		.initial = "64",                                                              \
		.help = "connections kept open, over all workers",                            \
		.lowest = 1,                                                                  \
		.highest = 1 << 20,                                                           \
		.offset = (place) + offsetof(struct load_values, scenario.connections)},      \
	{                                                                                     \
		.name = "threads", .letter = 't', .kind = OPTION_U32, .value = "N",           \
		.initial = "auto", .help = "worker threads, each pinned to a CPU of its own", \
		.lowest = 1, .highest = 1024,                                                 \
		.offset = (place) + offsetof(struct load_values, scenario.workers)            \
	}

#define LOAD_ARRIVAL_ROW(place)                                                                   \
	{                                                                                         \
		.name = "arrival", .kind = OPTION_CHOICE, .value = "constant|poisson",            \
		.initial = "constant", .words = load_arrivals,                                    \
		.help = "how requests of an open loop are spaced: evenly, or at random as those " \
			"of many independent users",                                              \
		.offset = (place) + offsetof(struct load_values, scenario.arrival)                \
	}

/* timeout: its default, as typed. */
#define LOAD_WAIT_ROWS(timeout, place)                                                             \
	{.name = "timeout",                                                                        \
		.kind = OPTION_DURATION,                                                           \
		.value = "TIME",                                                                   \
		.initial = (timeout),                                                              \
		.help = "a request without its whole response is given up after this long; so is " \
			"one that waited this long for a free connection",                         \
		.lowest = NS_PER_MS,                                                               \
		.highest = LOAD_LONGEST,                                                           \
		.offset = (place) + offsetof(struct load_values, scenario.timeout_ns)},            \
		{.name = "drain",                                                                  \
			.kind = OPTION_DURATION,                                                   \
			.value = "TIME",                                                           \
			.initial = "as --timeout",                                                 \
			.help = "how long to wait for the last responses after the measured "      \
				"window",                                                          \
			.highest = LOAD_LONGEST,                                                   \
			.offset = (place) + offsetof(struct load_values, scenario.drain_ns)},      \
		{.name = "max-in-flight",                                                          \
			.kind = OPTION_U64,                                                        \
			.value = "N",                                                              \
			.help = "drop requests that become due while this many are sent or "       \
				"waiting",                                                         \
			.lowest = 1,                                                               \
			.highest = LOAD_MANY,                                                      \
			.offset = (place) + offsetof(struct load_values, scenario.max_in_flight)}, \
	{                                                                                          \
		.name = "seed", .kind = OPTION_U64, .value = "N", .initial = "random",             \
		.help = "two runs with one seed have the same schedule", .highest = UINT64_MAX,    \
		.offset = (place) + offsetof(struct load_values, scenario.seed)                    \
	}

#define LOAD_REQUEST_ROWS(place)                                                                   \
	{.group = "Request",                                                                       \
		.name = "method",                                                                  \
		.letter = 'X',                                                                     \
		.kind = OPTION_TEXT,                                                               \
		.value = "METHOD",                                                                 \
		.initial = "GET, or POST with a body",                                             \
		.help = "request method",                                                          \
		.lowest = 1,                                                                       \
		.highest = 64,                                                                     \
		.offset = (place) + offsetof(struct load_values, scenario.method)},                \
		{.name = "header",                                                                 \
			.letter = 'H',                                                             \
			.kind = OPTION_LIST,                                                       \
			.value = "'NAME: VALUE'",                                                  \
			.help = "a header line; in place of the default one of that name; may be " \
				"repeated",                                                        \
			.lowest = 1,                                                               \
			.highest = 65536,                                                          \
			.offset = (place) + offsetof(struct load_values, scenario.headers)},       \
		{.name = "body",                                                                   \
			.letter = 'b',                                                             \
			.kind = OPTION_TEXT,                                                       \
			.value = "TEXT",                                                           \
			.help = "request body",                                                    \
			.highest = 64ULL << 20,                                                    \
			.offset = (place) + offsetof(struct load_values, body)},                   \
	{                                                                                          \
		.name = "body-file", .kind = OPTION_TEXT, .value = "FILE",                         \
		.help = "request body from a file, as it is (at most 512 MiB, within --memory). "  \
			"It is kept once, whatever the number of connections",                     \
		.lowest = 1, .highest = 4096,                                                      \
		.offset = (place) + offsetof(struct load_values, body_file)                        \
	}

#define LOAD_CONNECTION_ROWS(place)                                                                \
	{.group = "Connections",                                                                   \
		.name = "pipeline",                                                                \
		.kind = OPTION_U32,                                                                \
		.value = "N",                                                                      \
		.initial = "1",                                                                    \
		.help = "requests a connection may have outstanding",                              \
		.lowest = 1,                                                                       \
		.highest = 1024,                                                                   \
		.offset = (place) + offsetof(struct load_values, scenario.pipeline)},              \
		{.name = "connect-to",                                                             \
			.kind = OPTION_TEXT,                                                       \
			.value = "HOST:PORT",                                                      \
			.initial = "as in the URL",                                                \
			.help = "connect there; the Host header stays that of the URL. Also "      \
				":PORT of the URL's host, [IPV6]:PORT, or a unix socket: "         \
				"unix:/run/x.sock, unix:@name",                                    \
			.lowest = 1,                                                               \
			.highest = 512,                                                            \
			.offset = (place) + offsetof(struct load_values, scenario.connect_to)},    \
		{.name = "send",                                                                   \
			.kind = OPTION_CHOICE,                                                     \
			.value = "auto|plain|zero-copy",                                           \
			.initial = "auto",                                                         \
			.words = load_sends,                                                       \
			.help = "how requests leave: zero-copy sends them from registered memory " \
				"(SEND_ZC) and tells how many the kernel copied all the same; "    \
				"plain never does; auto does above 16 KiB, while the kernel "      \
				"reports that it does not copy, as on a network card that can",    \
			.offset = (place) + offsetof(struct load_values, scenario.send)},          \
		{.name = "buffer",                                                                 \
			.kind = OPTION_SIZE,                                                       \
			.value = "SIZE",                                                           \
			.initial = "auto",                                                         \
			.help = "size of each buffer responses are received into (1K to 4M): "     \
				"larger ones take large responses in fewer pieces, together a "    \
				"worker's should stay in its second-level cache",                  \
			.lowest = 1024,                                                            \
			.highest = 4 << 20,                                                        \
			.offset = (place) + offsetof(struct load_values, buffer)},                 \
		{.name = "no-keepalive",                                                           \
			.kind = OPTION_FLAG,                                                       \
			.help = "a connection for each request: connect, request, response, "      \
				"close; as many at once as --connections says",                    \
			.offset = (place) + offsetof(struct load_values, scenario.no_keepalive)},  \
		{.name = "reset-on-close",                                                         \
			.kind = OPTION_FLAG,                                                       \
			.help = "end connections with a reset, so that no local port is left in "  \
				"TIME_WAIT",                                                       \
			.offset = (place) +                                                        \
				  offsetof(struct load_values, scenario.reset_on_close)},          \
		{.name = "source",                                                                 \
			.kind = OPTION_LIST,                                                       \
			.value = "CIDR",                                                           \
			.initial = "as the kernel chooses",                                        \
			.help = "addresses of this host to connect from, in turn: 127.0.0.0/24, "  \
				"10.1.2.3, fd00::/120; may be repeated. Each has local ports of "  \
				"its own",                                                         \
			.lowest = 1,                                                               \
			.highest = 64,                                                             \
			.offset = (place) + offsetof(struct load_values, scenario.sources)},       \
		{.name = "connect-rate",                                                           \
			.kind = OPTION_RATE,                                                       \
			.value = "RATE",                                                           \
			.initial = "as is bearable",                                               \
			.help = "connects a second before the start, all workers together "        \
				"(usually 2,000); with --no-keepalive the most in the run "        \
				"(usually as many as are due)",                                    \
			.lowest = 1,                                                               \
			.highest = LOAD_FASTEST,                                                   \
			.offset = (place) +                                                        \
				  offsetof(struct load_values, scenario.connect_rate_mrps)},       \
	{                                                                                          \
		.name = "rx-timestamps", .kind = OPTION_FLAG,                                      \
		.help = "have the kernel stamp when responses arrive, which splits service time "  \
			"into the network and the server before and the client's own queueing "    \
			"after; costs the client some more CPU",                                   \
		.offset = (place) + offsetof(struct load_values, scenario.rx_timestamps)           \
	}

#define LOAD_MACHINE_ROWS(place)                                                                  \
	{.group = "This machine",                                                                 \
		.name = "cpus",                                                                   \
		.kind = OPTION_TEXT,                                                              \
		.value = "LIST",                                                                  \
		.initial = "chosen",                                                              \
		.help = "CPUs the workers may use: 0-3,8",                                        \
		.lowest = 1,                                                                      \
		.highest = 4096,                                                                  \
		.offset = (place) + offsetof(struct load_values, scenario.cpus)},                 \
		{.name = "pacing",                                                                \
			.kind = OPTION_CHOICE,                                                    \
			.value = "auto|spin|sleep",                                               \
			.initial = "auto",                                                        \
			.words = load_pacings,                                                    \
			.help = "how to wait for the next send: sleep until shortly before and "  \
				"then spin, spin (exact, takes the whole CPU), or sleep (spares " \
				"it)",                                                            \
			.offset = (place) + offsetof(struct load_values, scenario.pacing)},       \
		{.name = "max-send-lag",                                                          \
			.kind = OPTION_DURATION,                                                  \
			.value = "TIME",                                                          \
			.initial = "as is usual",                                                 \
			.help = "how late 1 % of the requests may leave before the run counts "   \
				"as limited by the generator (usually 100us, or 5 % of the p50 "  \
				"of total if that is more); a machine that others share may "     \
				"need more, and it is then part of total",                        \
			.lowest = NS_PER_US,                                                      \
			.highest = 10 * NS_PER_S,                                                 \
			.offset = (place) +                                                       \
				  offsetof(struct load_values, scenario.max_send_lag_ns)},        \
	{                                                                                         \
		.name = "memory", .kind = OPTION_SIZE, .value = "SIZE", .initial = "2G",          \
		.help = "refuse to start when the run needs more: 512M, 2G", .lowest = 1 << 20,   \
		.highest = 1ULL << 50,                                                            \
		.offset = (place) + offsetof(struct load_values, scenario.memory_limit_bytes)     \
	}

#define LOAD_SERVER_ROWS(place)                                                                    \
	{.group = "In the server's kernel",                                                        \
		.name = "probe",                                                                   \
		.kind = OPTION_CHOICE,                                                             \
		.value = "auto|off|require",                                                       \
		.initial = "auto",                                                                 \
		.words = load_probes,                                                              \
		.help = "measure where the server's time goes: where that is possible, never, or " \
			"not run without (exit 3). It needs the server on this machine, and root " \
			"or the rights that the report names",                                     \
		.offset = (place) + offsetof(struct load_values, probe)},                          \
		{.name = "probe-port",                                                             \
			.kind = OPTION_LIST,                                                       \
			.value = "PORT",                                                           \
			.initial = "as in the URL",                                                \
			.help = "port the server itself listens on, where something stands "       \
				"between; may be repeated",                                        \
			.lowest = 1,                                                               \
			.highest = 256,                                                            \
			.offset = (place) + offsetof(struct load_values, probing.ports)},          \
		PROBING_ROWS("probe-", (place) + offsetof(struct load_values, probing)),           \
		OBSERVING_ROWS("--probe-pid", (place) + offsetof(struct load_values, observing))

/* *_help: string literals, what the command does with the objectives. */
#define LOAD_JUDGING_ROWS(threshold_help, slo_help, abort_help, place)                           \
	{.group = "Judging",                                                                     \
		.name = "threshold",                                                             \
		.kind = OPTION_LIST,                                                             \
		.value = "EXPRESSION",                                                           \
		.help = threshold_help ": 'p99<200ms', 'error_rate<1%'; may be repeated",        \
		.lowest = 1,                                                                     \
		.highest = THRESHOLD_TEXT_BYTES - 1,                                             \
		.offset = (place) + offsetof(struct load_values, scenario.thresholds)},          \
		{.name = "abort-on-breach",                                                      \
			.kind = OPTION_DURATION,                                                 \
			.value = "[TIME]",                                                       \
			.otherwise = "5s",                                                       \
			.help = abort_help                                                       \
			" once the service has failed for so long without a "                    \
			"break (5s where no time is given): errors above 1 %, or what a "        \
			"threshold on error_rate allows; timeouts, resets, refused connects; "   \
			"no answer at all; a median latency above 5 times that of the first "    \
			"seconds; a threshold that does not hold",                               \
			.lowest = NS_PER_S,                                                      \
			.highest = LOAD_LONGEST,                                                 \
			.offset = (place) + offsetof(struct load_values, abort_ns)},             \
	{                                                                                        \
		.name = "slo", .kind = OPTION_FLAG,                                              \
		.help = slo_help ": p95<200ms, p99<500ms, completed rate within 10 % of asked, " \
				 "error_rate<1%",                                                \
		.offset = (place) + offsetof(struct load_values, scenario.slo)                   \
	}

#endif
