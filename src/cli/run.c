/* SPDX-License-Identifier: MIT */
/* `ringload run`: one load, measured and reported. */
#include <errno.h>
#include <stdlib.h>

#include "analysis/threshold.h"
#include "base/log.h"
#include "cli/command.h"
#include "cli/load.h"
#include "cli/measure.h"
#include "run/calibration.h"
#include "run/run.h"
#include "scenario/scenario.h"

struct run_values {
	struct load_values load; /* first: see load.h */
	struct output_paths paths;
	bool quiet;
	bool dry_run;
	struct buf warning; /* of a rate that this machine has not shown */
};

#define SCENARIO(member) offsetof(struct run_values, load.scenario.member)
#define VALUE(member)    offsetof(struct run_values, member)

static const struct option run_options[] = {
	LOAD_SIZE_ROWS(VALUE(load)),
	{.name = "duration",
		.letter = 'd',
		.kind = OPTION_DURATION,
		.value = "TIME",
		.initial = "10s",
		.help = "how long to measure, with a unit: 30s, 2m, 1m30s, 250ms",
		.lowest = NS_PER_MS,
		.highest = 366 * LOAD_LONGEST,
		.offset = SCENARIO(duration_ns)},
	{.name = "rate",
		.letter = 'r',
		.kind = OPTION_RATE,
		.value = "RATE",
		.help = "requests a second (500, 10k, 30/m), sent on a schedule that never waits "
			"for the server: an open loop. Without it each connection sends its next "
			"request when the last was answered: a closed loop",
		.lowest = 1,
		.highest = LOAD_FASTEST,
		.offset = SCENARIO(rate_mrps)},
	LOAD_ARRIVAL_ROW(VALUE(load)),
	{.name = "requests",
		.letter = 'n',
		.kind = OPTION_U64,
		.value = "N",
		.help = "end after this many measured requests; with --duration, after whichever "
			"comes first",
		.lowest = 1,
		.highest = LOAD_MANY,
		.offset = SCENARIO(requests)},
	{.name = "warmup",
		.letter = 'w',
		.kind = OPTION_DURATION,
		.value = "TIME",
		.initial = "0",
		.help = "load before the measurement begins, without a gap and reported apart",
		.highest = 366 * LOAD_LONGEST,
		.offset = SCENARIO(warmup_ns)},
	LOAD_WAIT_ROWS("10s", VALUE(load)),
	LOAD_REQUEST_ROWS(VALUE(load)),
	LOAD_CONNECTION_ROWS(VALUE(load)),
	LOAD_MACHINE_ROWS(VALUE(load)),
	LOAD_SERVER_ROWS(VALUE(load)),
	LOAD_JUDGING_ROWS("exit 1 when it does not hold", "the usual objectives",
		"end the run, drain, report and exit 1", VALUE(load)),
	MEASURE_OUTPUT_ROWS(VALUE(paths.json), VALUE(quiet)),
	{.name = "dry-run",
		.kind = OPTION_FLAG,
		.help = "print what would be done, and send nothing",
		.offset = VALUE(dry_run)},
	{.name = "help", .letter = 'h', .kind = OPTION_HELP, .help = "show this text"},
};

static const struct option_habit run_habits[] = {
	{"--latency", "ringload always prints the distribution, leave it out"},
	{"-L", "ringload always prints the distribution, leave it out"},
	{"-R", "the rate is -r (--rate)"},
	{"-s", "scripts are not supported, see -X, -H and -b for the request"},
	{"--script", "scripts are not supported, see -X, -H and -b for the request"},
	{"-k", "connections are kept alive unless --no-keepalive says otherwise, leave it out"},
	{"--disable-keepalive", "that is --no-keepalive"},
	{"-z", "the duration is -d (--duration)"},
	{"-m", "the method is -X (--method)"},
	{"--data", "the body is -b (--body) or --body-file"},
	{"-v", "the version is shown by ringload --version"},
	{NULL, NULL},
};

/* What the values alone do not say: which options were given at all, and what excludes what. */
static int complete_values(
	struct run_values *values, const struct option_parse *parse, struct err *err)
{
	struct scenario *scenario = &values->load.scenario;
	int code;

	scenario->open_loop = option_given(parse, "rate");
	scenario->has_requests = option_given(parse, "requests");
	if (scenario->has_requests && !option_given(parse, "duration"))
		scenario->duration_ns = UINT64_MAX;
	if (option_given(parse, "arrival") && !scenario->open_loop)
		return err_set(err, ERR_USAGE, -EINVAL,
			"--arrival: says how requests of an open loop are spaced: give --rate too");
	if (values->dry_run && values->paths.json)
		return err_set(err, ERR_USAGE, -EINVAL,
			"--json: --dry-run measures nothing that could be written: leave one out");
	code = load_take(&values->load, parse, err);
	if (code < 0)
		return code;
	values->paths.profile = values->load.probing.profile;
	return scenario_check(scenario, err);
}

/* No reason not to run, whatever comes of it. */
static void compare_rate(struct run_values *values)
{
	const struct scenario *scenario = &values->load.scenario;
	struct err err = {ERR_NONE, ""};

	if (scenario->open_loop &&
		calibration_compare(scenario->rate_mrps, &values->warning, &err) < 0)
		log_warning("%s", err.text);
}

static int dry_run(const struct run_values *values, struct err *err)
{
	const struct load_values *load = &values->load;
	struct buf text = {0};
	int code = run_describe(
		&load->scenario, &load->attribution, &load->observation, &text, err);

	if (values->warning.length_bytes)
		buf_printf(&text, "%-13s%s\n", "Warning", buf_string(&values->warning));
	if (code >= 0)
		code = command_print(&text, err);
	buf_release(&text);
	return code;
}

static int measure(const struct run_values *values, const struct command *command, int argc,
	char **argv, struct err *err)
{
	struct run_options options = {
		.command = measure_words(command, argc, argv),
		.command_count = (size_t)argc + 2,
		.thresholds = &values->load.thresholds,
		.progress = !values->quiet,
		.abort_ns = values->load.abort_ns,
		.warning = values->warning.length_bytes ? values->warning.data : NULL,
		.attribution = values->load.attribution,
		.observation = values->load.observation,
	};
	int code;

	if (!options.command)
		return err_set_errno(err, ERR_ENVIRONMENT, -ENOMEM, "cannot keep the command line");
	code = measure_run(&values->load.scenario, &options, &values->paths, err);
	free((void *)options.command);
	return code;
}

static int run_run(const struct command *command, int argc, char **argv, struct err *err)
{
	struct run_values values = {0};
	struct option_parse parse;
	int code;

	load_init(&values.load);
	code = command_parse(command, argc, argv, &values, &parse, err);
	if (code < 0 || parse.help)
		goto out;
	log_set_quiet(values.quiet);
	code = complete_values(&values, &parse, err);
	if (code < 0)
		goto out;
	compare_rate(&values);
	code = values.dry_run ? dry_run(&values, err) : measure(&values, command, argc, argv, err);
out:
	buf_release(&values.warning);
	option_parse_release(&parse);
	load_release(&values.load);
	return code;
}

static const struct command_example run_examples[] = {
	{"ringload run http://localhost:8080/",
		"closed loop: 64 connections for 10 seconds, as fast as the server answers"},
	{"ringload run -t12 -c400 -d30s http://localhost:8080/index.html",
		"the same as one would type it for wrk"},
	{"ringload run -r 5000 -d 1m -w 10s http://localhost:8080/",
		"open loop: 5,000 requests a second whatever the server does, the first 10 seconds "
		"not counted"},
	{"ringload run -r 5000 --arrival poisson --slo --threshold 'p99.9<1s' http://localhost/",
		"random arrivals, judged: exit code 1 when an objective is missed"},
	{"ringload run -r 5000 -d 8h --slo --abort-on-breach 30s http://localhost/",
		"not on through the night once the service has failed for half a minute"},
	{"ringload run -n 10000 -c 10 -b '{\"id\": 7}' -H 'Content-Type: application/json' "
	 "http://localhost/items",
		"10,000 POST requests over 10 connections"},
	{"sudo ringload run --probe require --profile server http://localhost:8080/",
		"not without the kernel's side of it, and a flame graph of the server in "
		"server.svg"},
	{"ringload run http+unix://%2Frun%2Fx.sock/path",
		"through a unix socket, its path percent-encoded in place of the host"},
	{"ringload run -q --json - http://localhost/ | jq .latency_ns.total.p99",
		"one figure for a script"},
	{NULL, NULL},
};

const struct command run_command = {
	.name = "run",
	.summary = "drive load, measure, report",
	.operands = "URL",
	.operands_least = 1,
	.operands_most = 1,
	.about =
		"Sends requests to URL, measures every one of them, and reports.\n\n"
		"With --rate the schedule is fixed beforehand and latency counts from the moment a "
		"request was due, so that a stalled server cannot hide what it did. Ctrl-C ends "
		"the "
		"measurement, waits for what is outstanding and reports; a second Ctrl-C stops at "
		"once, and still reports.",
	.table = {.options = run_options,
		.count = sizeof(run_options) / sizeof(*run_options),
		.habits = run_habits},
	.examples = run_examples,
	.more_title = "Thresholds",
	.more = threshold_help,
	.drives_load = true,
	.run = run_run,
};
