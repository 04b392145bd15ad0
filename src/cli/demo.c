/* SPDX-License-Identifier: MIT */
/* `ringload demo`: a load on the embedded target, in one process and one command. */
#include <errno.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/units.h"
#include "cli/command.h"
#include "cli/measure.h"
#include "run/embedded.h"
#include "scenario/scenario.h"

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

static int load(const struct demo_values *values, const struct embedded *embedded,
	const struct run_options *options, struct err *err)
{
	char rate[UNITS_TEXT_BYTES], time[UNITS_TEXT_BYTES];
	struct scenario scenario;
	int code;

	scenario_init(&scenario);
	scenario.url = embedded->url;
	scenario.connections = DEMO_CONNECTIONS;
	scenario.workers = 1;
	scenario.cpus = embedded->cpus[0] ? embedded->cpus : NULL;
	/* A CPU of its own may as well be spun on: a shared host's timers come late. */
	if (embedded->cpus[0])
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
	struct embedded embedded;
	int code = embedded_open(&embedded, DEMO_ROUTE, err);

	if (code < 0)
		return code;
	code = load(values, &embedded, options, err);
	embedded_close(&embedded);
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
	.drives_load = true,
	.run = demo_run,
};
