/* SPDX-License-Identifier: MIT */
/* `ringload run`: one load, measured and reported. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/threshold.h"
#include "base/log.h"
#include "cli/command.h"
#include "cli/measure.h"
#include "cli/observing.h"
#include "cli/probing.h"
#include "run/run.h"
#include "scenario/scenario.h"

#define MANY        1000000000000000ULL
#define MILLISECOND 1000000ULL
#define DAY         (86400ULL * 1000 * MILLISECOND)

struct run_values {
	struct scenario scenario;
	const char *body, *body_file;
	unsigned int probe; /* enum attribution_mode */
	uint64_t buffer;
	struct probing_values probing;
	struct attribution_options attribution;
	struct observing_values observing;
	struct observation_options observation;
	struct output_paths paths;
	bool quiet;
	bool dry_run;
	struct threshold_list thresholds;
};

static const char *const arrivals[] = {"constant", "poisson", NULL};
static const char *const pacings[] = {"auto", "spin", "sleep", NULL};
static const char *const sends[] = {"auto", "plain", "zero-copy", NULL};
static const char *const probes[] = {"auto", "off", "require", NULL};

#define SCENARIO(member) (offsetof(struct run_values, scenario) + offsetof(struct scenario, member))
#define VALUE(member)    offsetof(struct run_values, member)

static const struct option run_options[] = {
	{.group = "Load",
		.name = "connections",
		.letter = 'c',
		.kind = OPTION_U32,
		.value = "N",
		.initial = "64",
		.help = "connections kept open, over all workers",
		.lowest = 1,
		.highest = 1 << 20,
		.offset = SCENARIO(connections)},
	{.name = "threads",
		.letter = 't',
		.kind = OPTION_U32,
		.value = "N",
		.initial = "auto",
		.help = "worker threads, each pinned to a CPU of its own",
		.lowest = 1,
		.highest = 1024,
		.offset = SCENARIO(workers)},
	{.name = "duration",
		.letter = 'd',
		.kind = OPTION_DURATION,
		.value = "TIME",
		.initial = "10s",
		.help = "how long to measure, with a unit: 30s, 2m, 1m30s, 250ms",
		.lowest = MILLISECOND,
		.highest = 366 * DAY,
		.offset = SCENARIO(duration_ns)},
	{.name = "rate",
		.letter = 'r',
		.kind = OPTION_RATE,
		.value = "RATE",
		.help = "requests a second (500, 10k, 30/m), sent on a schedule that never waits "
			"for the "
			"server: an open loop. Without it each connection sends its next request "
			"when "
			"the last was answered: a closed loop",
		.lowest = 1,
		.highest = 100000000000ULL,
		.offset = SCENARIO(rate_mrps)},
	{.name = "arrival",
		.kind = OPTION_CHOICE,
		.value = "constant|poisson",
		.initial = "constant",
		.words = arrivals,
		.help = "how requests of an open loop are spaced: evenly, or at random as those of "
			"many "
			"independent users",
		.offset = SCENARIO(arrival)},
	{.name = "requests",
		.letter = 'n',
		.kind = OPTION_U64,
		.value = "N",
		.help = "end after this many measured requests; with --duration, after whichever "
			"comes "
			"first",
		.lowest = 1,
		.highest = MANY,
		.offset = SCENARIO(requests)},
	{.name = "warmup",
		.letter = 'w',
		.kind = OPTION_DURATION,
		.value = "TIME",
		.initial = "0",
		.help = "load before the measurement begins, without a gap and reported apart",
		.highest = 366 * DAY,
		.offset = SCENARIO(warmup_ns)},
	{.name = "timeout",
		.kind = OPTION_DURATION,
		.value = "TIME",
		.initial = "10s",
		.help = "a request without its whole response is given up after this long; so is "
			"one "
			"that waited this long for a free connection",
		.lowest = MILLISECOND,
		.highest = DAY,
		.offset = SCENARIO(timeout_ns)},
	{.name = "drain",
		.kind = OPTION_DURATION,
		.value = "TIME",
		.initial = "as --timeout",
		.help = "how long to wait for the last responses after the measured window",
		.highest = DAY,
		.offset = SCENARIO(drain_ns)},
	{.name = "max-in-flight",
		.kind = OPTION_U64,
		.value = "N",
		.help = "drop requests that become due while this many are sent or waiting",
		.lowest = 1,
		.highest = MANY,
		.offset = SCENARIO(max_in_flight)},
	{.name = "seed",
		.kind = OPTION_U64,
		.value = "N",
		.initial = "random",
		.help = "two runs with one seed have the same schedule",
		.highest = UINT64_MAX,
		.offset = SCENARIO(seed)},
	{.group = "Request",
		.name = "method",
		.letter = 'X',
		.kind = OPTION_TEXT,
		.value = "METHOD",
		.initial = "GET, or POST with a body",
		.help = "request method",
		.lowest = 1,
		.highest = 64,
		.offset = SCENARIO(method)},
	{.name = "header",
		.letter = 'H',
		.kind = OPTION_LIST,
		.value = "'NAME: VALUE'",
		.help = "a header line; in place of the default one of that name; may be repeated",
		.lowest = 1,
		.highest = 65536,
		.offset = SCENARIO(headers)},
	{.name = "body",
		.letter = 'b',
		.kind = OPTION_TEXT,
		.value = "TEXT",
		.help = "request body",
		.highest = 64ULL << 20,
		.offset = VALUE(body)},
	{.name = "body-file",
		.kind = OPTION_TEXT,
		.value = "FILE",
		.help = "request body from a file, as it is (at most 512 MiB, within --memory). It "
			"is kept once, whatever the number of connections",
		.lowest = 1,
		.highest = 4096,
		.offset = VALUE(body_file)},
	{.group = "Connections",
		.name = "pipeline",
		.kind = OPTION_U32,
		.value = "N",
		.initial = "1",
		.help = "requests a connection may have outstanding",
		.lowest = 1,
		.highest = 1024,
		.offset = SCENARIO(pipeline)},
	{.name = "connect-to",
		.kind = OPTION_TEXT,
		.value = "HOST:PORT",
		.initial = "as in the URL",
		.help = "connect there; the Host header stays that of the URL. Also :PORT of the "
			"URL's host, [IPV6]:PORT, or a unix socket: unix:/run/x.sock, unix:@name",
		.lowest = 1,
		.highest = 512,
		.offset = SCENARIO(connect_to)},
	{.name = "send",
		.kind = OPTION_CHOICE,
		.value = "auto|plain|zero-copy",
		.initial = "auto",
		.words = sends,
		.help = "how requests leave: zero-copy sends them from registered memory (SEND_ZC) "
			"and tells how many the kernel copied all the same; plain never does; auto "
			"does above 16 KiB, while the kernel reports that it does not copy, as on "
			"a network card that can",
		.offset = SCENARIO(send)},
	{.name = "buffer",
		.kind = OPTION_SIZE,
		.value = "SIZE",
		.initial = "auto",
		.help = "size of each buffer responses are received into (1K to 4M): larger ones "
			"take large responses in fewer pieces, together a worker's should stay in "
			"its second-level cache",
		.lowest = 1024,
		.highest = 4 << 20,
		.offset = VALUE(buffer)},
	{.name = "no-keepalive",
		.kind = OPTION_FLAG,
		.help = "a connection for each request: connect, request, response, close; as many "
			"at once as --connections says",
		.offset = SCENARIO(no_keepalive)},
	{.name = "reset-on-close",
		.kind = OPTION_FLAG,
		.help = "end connections with a reset, so that no local port is left in TIME_WAIT",
		.offset = SCENARIO(reset_on_close)},
	{.name = "source",
		.kind = OPTION_LIST,
		.value = "CIDR",
		.initial = "as the kernel chooses",
		.help = "addresses of this host to connect from, in turn: 127.0.0.0/24, 10.1.2.3, "
			"fd00::/120; may be repeated. Each has local ports of its own",
		.lowest = 1,
		.highest = 64,
		.offset = SCENARIO(sources)},
	{.name = "connect-rate",
		.kind = OPTION_RATE,
		.value = "RATE",
		.initial = "as is bearable",
		.help = "connects a second before the start, all workers together (usually 2,000); "
			"with --no-keepalive the most in the run (usually as many as are due)",
		.lowest = 1,
		.highest = 100000000000ULL,
		.offset = SCENARIO(connect_rate_mrps)},
	{.name = "rx-timestamps",
		.kind = OPTION_FLAG,
		.help = "have the kernel stamp when responses arrive, which splits service time "
			"into the network and the server before and the client's own queueing "
			"after; costs the client some more CPU",
		.offset = SCENARIO(rx_timestamps)},
	{.group = "This machine",
		.name = "cpus",
		.kind = OPTION_TEXT,
		.value = "LIST",
		.initial = "chosen",
		.help = "CPUs the workers may use: 0-3,8",
		.lowest = 1,
		.highest = 4096,
		.offset = SCENARIO(cpus)},
	{.name = "pacing",
		.kind = OPTION_CHOICE,
		.value = "auto|spin|sleep",
		.initial = "auto",
		.words = pacings,
		.help = "how to wait for the next send: sleep until shortly before and then spin, "
			"spin (exact, takes the whole CPU), or sleep (spares it)",
		.offset = SCENARIO(pacing)},
	{.name = "memory",
		.kind = OPTION_SIZE,
		.value = "SIZE",
		.initial = "2G",
		.help = "refuse to start when the run needs more: 512M, 2G",
		.lowest = 1 << 20,
		.highest = 1ULL << 50,
		.offset = SCENARIO(memory_limit_bytes)},
	{.group = "In the server's kernel",
		.name = "probe",
		.kind = OPTION_CHOICE,
		.value = "auto|off|require",
		.initial = "auto",
		.words = probes,
		.help = "measure where the server's time goes: where that is possible, never, or "
			"not run without (exit 3). It needs the server on this machine, and root "
			"or "
			"the rights that the report names",
		.offset = VALUE(probe)},
	{.name = "probe-port",
		.kind = OPTION_LIST,
		.value = "PORT",
		.initial = "as in the URL",
		.help = "port the server itself listens on, where something stands between; may be "
			"repeated",
		.lowest = 1,
		.highest = 256,
		.offset = VALUE(probing.ports)},
	PROBING_ROWS("probe-", VALUE(probing)),
	OBSERVING_ROWS(VALUE(observing)),
	{.group = "Judging",
		.name = "threshold",
		.kind = OPTION_LIST,
		.value = "EXPRESSION",
		.help = "exit 1 when it does not hold: 'p99<200ms', 'error_rate<1%'; may be "
			"repeated",
		.lowest = 1,
		.highest = THRESHOLD_TEXT_BYTES - 1,
		.offset = SCENARIO(thresholds)},
	{.name = "slo",
		.kind = OPTION_FLAG,
		.help = "the usual objectives: p95<200ms, p99<500ms, completed rate within 10 % of "
			"asked, "
			"error_rate<1%",
		.offset = SCENARIO(slo)},
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

static int take_body(struct run_values *values, struct err *err)
{
	if (values->body && values->body_file)
		return err_set(err, ERR_USAGE, -EINVAL,
			"--body-file: --body was given as well: give one of them");
	values->scenario.body = values->body;
	values->scenario.body_bytes = values->body ? strlen(values->body) : 0;
	values->scenario.body_file = values->body_file;
	return 0;
}

static int take_probing(
	struct run_values *values, const struct option_parse *parse, struct err *err)
{
	static const char *const options[] = {"probe-port", "probe-sample", "probe-budget",
		"probe-netns", "probe-cgroup", "probe-pid", "profile"};
	size_t i;

	values->attribution.mode = (enum attribution_mode)values->probe;
	values->paths.profile = values->probing.profile;
	for (i = 0; i < sizeof(options) / sizeof(*options); i++)
		if (values->probe == ATTRIBUTION_OFF && option_given(parse, options[i]))
			return err_set(err, ERR_USAGE, -EINVAL,
				"--%s: --probe off measures nothing there: leave one out",
				options[i]);
	return probing_take(&values->probing, "probe-", &values->attribution.probe, err);
}

static int take_thresholds(struct run_values *values, struct err *err)
{
	const struct scenario_list *expressions = &values->scenario.thresholds;
	size_t i;

	for (i = 0; i < expressions->count; i++) {
		int code = threshold_list_add(&values->thresholds, expressions->items[i], err);

		if (code < 0) {
			err_prefix(err, "--threshold: ");
			return code;
		}
	}
	return values->scenario.slo ? threshold_list_add_slo(&values->thresholds, err) : 0;
}

/* What the values alone do not say: which options were given at all, and what excludes what. */
static int complete_values(
	struct run_values *values, const struct option_parse *parse, struct err *err)
{
	struct scenario *scenario = &values->scenario;
	int code;

	scenario->url = parse->operands[0];
	scenario->buffer_bytes = (uint32_t)values->buffer;
	scenario->open_loop = option_given(parse, "rate");
	scenario->has_requests = option_given(parse, "requests");
	scenario->has_max_in_flight = option_given(parse, "max-in-flight");
	scenario->has_seed = option_given(parse, "seed");
	if (scenario->has_requests && !option_given(parse, "duration"))
		scenario->duration_ns = UINT64_MAX;
	if (option_given(parse, "arrival") && !scenario->open_loop)
		return err_set(err, ERR_USAGE, -EINVAL,
			"--arrival: says how requests of an open loop are spaced: give --rate too");
	code = take_probing(values, parse, err);
	if (code >= 0)
		code = observing_take(&values->observing, &values->observation, err);
	if (code < 0)
		return code;
	if (values->dry_run && values->paths.json)
		return err_set(err, ERR_USAGE, -EINVAL,
			"--json: --dry-run measures nothing that could be written: leave one out");
	code = take_body(values, err);
	if (code < 0)
		return code;
	code = take_thresholds(values, err);
	if (code < 0)
		return code;
	return scenario_check(scenario, err);
}

static int dry_run(const struct run_values *values, struct err *err)
{
	struct buf text = {0};
	int code = run_describe(
		&values->scenario, &values->attribution, &values->observation, &text, err);

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
		.thresholds = &values->thresholds,
		.progress = !values->quiet,
		.attribution = values->attribution,
		.observation = values->observation,
	};
	int code;

	if (!options.command)
		return err_set_errno(err, ERR_ENVIRONMENT, -ENOMEM, "cannot keep the command line");
	code = measure_run(&values->scenario, &options, &values->paths, err);
	free((void *)options.command);
	return code;
}

static int run_run(const struct command *command, int argc, char **argv, struct err *err)
{
	struct run_values values = {0};
	struct option_parse parse;
	int code;

	scenario_init(&values.scenario);
	code = command_parse(command, argc, argv, &values, &parse, err);
	if (code < 0 || parse.help)
		goto out;
	log_set_quiet(values.quiet);
	code = complete_values(&values, &parse, err);
	if (code < 0)
		goto out;
	code = values.dry_run ? dry_run(&values, err) : measure(&values, command, argc, argv, err);
out:
	threshold_list_release(&values.thresholds);
	probing_release(&values.probing);
	option_parse_release(&parse);
	scenario_release(&values.scenario);
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
	.run = run_run,
};
