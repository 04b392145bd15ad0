/* SPDX-License-Identifier: MIT */
/* `ringload demo`: a load on the embedded target, in one process and one command. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/units.h"
#include "cli/command.h"
#include "cli/measure.h"
#include "plan/topology.h"
#include "scenario/scenario.h"
#include "target/target.h"

/* Spun, so that requests have to wait for one another: a server as most are. */
#define DEMO_ROUTE       "* service=exp:60us by=spin"
#define DEMO_CONNECTIONS 64

struct demo_values {
	uint64_t rate_mrps, duration_ns;
	struct output_paths paths;
	bool quiet;
};

#define VALUE(member) offsetof(struct demo_values, member)

static const struct option demo_options[] = {
	{.group = "Load",
		.name = "rate",
		.letter = 'r',
		.kind = OPTION_RATE,
		.value = "RATE",
		.initial = "5k",
		.help = "requests a second",
		.lowest = 1,
		.highest = 100000000000ULL,
		.offset = VALUE(rate_mrps)},
	{.name = "duration",
		.letter = 'd',
		.kind = OPTION_DURATION,
		.value = "TIME",
		.initial = "5s",
		.help = "how long to measure",
		.lowest = NS_PER_MS,
		.highest = 3600 * NS_PER_S,
		.offset = VALUE(duration_ns)},
	MEASURE_OUTPUT_ROWS(VALUE(paths.json), VALUE(quiet)),
	{.name = "help", .letter = 'h', .kind = OPTION_HELP, .help = "show this text"},
};

/* Where the two sides run: the server on the last CPU, the load on the others. */
struct demo_cpus {
	unsigned int target;
	char load[4096]; /* a list; empty: there is one CPU for both */
};

static int divide_cpus(struct demo_cpus *cpus, struct err *err)
{
	struct cpulist others = {0};
	struct topology topology;
	unsigned int cpu;
	int code = topology_read(&topology, "/", err);

	if (code < 0)
		return code;
	cpus->target = cpulist_next(&topology.allowed, 0);
	for (cpu = cpus->target; cpu < CPULIST_LIMIT;
		cpu = cpulist_next(&topology.allowed, cpu + 1))
		cpus->target = cpu;
	for (cpu = cpulist_next(&topology.allowed, 0); cpu < cpus->target;
		cpu = cpulist_next(&topology.allowed, cpu + 1))
		cpulist_add(&others, cpu);
	cpulist_format(cpus->load, sizeof(cpus->load), &others);
	topology_release(&topology);
	return 0;
}

static int open_target(struct target **target, struct route_set *routes,
	const struct demo_cpus *cpus, struct err *err)
{
	static const char *const address = "127.0.0.1:0";
	struct target_options options = {
		.addresses = &address,
		.address_count = 1,
		.worker_count = 1,
		.cpus = &cpus->target,
		.routes = routes,
		.seed = 1,
	};
	int code = route_set_add(routes, DEMO_ROUTE, err);

	if (code >= 0)
		code = route_set_finish(routes, err);
	return code < 0 ? code : target_open(target, &options, err);
}

static int load(const struct demo_values *values, const struct demo_cpus *cpus,
	const struct target *target, const struct run_options *options, struct err *err)
{
	char url[128], rate[UNITS_TEXT_BYTES], time[UNITS_TEXT_BYTES];
	struct scenario scenario;
	int code;

	snprintf(url, sizeof(url), "http://%s/", target_address(target, 0));
	scenario_init(&scenario);
	scenario.url = url;
	scenario.connections = DEMO_CONNECTIONS;
	scenario.workers = 1;
	scenario.cpus = cpus->load[0] ? cpus->load : NULL;
	/* A CPU of its own may as well be spun on: a shared host's timers come late. */
	if (cpus->load[0])
		scenario.pacing = SCENARIO_PACING_SPIN;
	scenario.open_loop = true;
	scenario.rate_mrps = values->rate_mrps;
	scenario.duration_ns = values->duration_ns;
	log_note("%s requests a second for %s on an embedded server that computes for 60 µs on "
		 "average",
		units_format_rate(rate, (double)values->rate_mrps / 1e3),
		units_format_duration_exact(time, values->duration_ns));
	code = scenario_check(&scenario, err);
	if (code >= 0)
		code = measure_run(&scenario, options, &values->paths, err);
	scenario_release(&scenario);
	return code;
}

static int show(
	const struct demo_values *values, const struct run_options *options, struct err *err)
{
	struct route_set routes = {0};
	struct target *target = NULL;
	struct demo_cpus cpus;
	int code = divide_cpus(&cpus, err);

	if (code >= 0)
		code = open_target(&target, &routes, &cpus, err);
	if (code >= 0)
		code = load(values, &cpus, target, options, err);
	target_close(target);
	route_set_release(&routes);
	return code;
}

static int demo_run(const struct command *command, int argc, char **argv, struct err *err)
{
	struct demo_values values = {.rate_mrps = 5000000, .duration_ns = 5 * NS_PER_S};
	struct run_options options = {.command_count = (size_t)argc + 2};
	struct option_parse parse;
	int code = command_parse(command, argc, argv, &values, &parse, err);

	if (code < 0 || parse.help)
		goto out;
	log_set_quiet(values.quiet);
	options.progress = !values.quiet;
	options.command = measure_words(command, argc, argv);
	if (options.command)
		code = show(&values, &options, err);
	else
		code = err_set_errno(err, ERR_ENVIRONMENT, -ENOMEM, "cannot keep the command line");
	free((void *)options.command);
out:
	option_parse_release(&parse);
	return code;
}

static const struct command_example demo_examples[] = {
	{"ringload demo", "half a minute from the clone to the first report"},
	{"sudo ringload demo", "the same with the server's kernel: where the time went"},
	{"sudo ringload demo -r 12k -d 10s --json demo.json",
		"near what this server bears: watch the queue grow; and the whole record"},
	{NULL, NULL},
};

const struct command demo_command = {
	.name = "demo",
	.summary = "show a load on the embedded target",
	.operands = "",
	.about = "Starts the embedded target on the last CPU, which computes for each request: "
		 "60 microseconds on average, exponentially distributed. Drives an open loop "
		 "against it and prints the report, with the time of a request in the server's "
		 "kernel where this user may look into it. Nothing needs to be installed or "
		 "running.",
	.table = {.options = demo_options, .count = sizeof(demo_options) / sizeof(*demo_options)},
	.examples = demo_examples,
	.run = demo_run,
};
