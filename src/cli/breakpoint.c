/* SPDX-License-Identifier: MIT */
/* `ringload breakpoint`: the highest load that meets the objectives, and what gave way above it. */
#include <errno.h>
#include <stdlib.h>

#include "analysis/answer.h"
#include "analysis/cause.h"
#include "analysis/exit.h"
#include "analysis/lengths.h"
#include "base/log.h"
#include "base/percent.h"
#include "base/units.h"
#include "cli/abort_reach.h"
#include "cli/command.h"
#include "cli/ladder.h"
#include "cli/load.h"
#include "cli/measure.h"
#include "run/interrupt.h"
#include "run/output.h"
#include "run/session.h"
#include "search/search.h"

#define MINUTE (60 * NS_PER_S)
/* Asked where no threshold is on errors. */
#define BREAKPOINT_ERRORS "error_rate<1%"

struct breakpoint_values {
	struct load_values load; /* first: see load.h */
	struct output_paths paths;
	const char *precision, *ladder;
	uint64_t budget_ns, first_mrps, lowest_mrps, highest_mrps;
	uint64_t step_ns, trial_ns, confirm_ns;
	bool quiet;
	bool dry_run;
	/* Filled by complete_values. */
	double rungs[STEPPER_RUNGS];
	bool errors_bounded; /* as no threshold did */
	struct search_options search;
	struct buf warning; /* of an --abort-on-breach that no trial is long enough for */
};

#define VALUE(member) offsetof(struct breakpoint_values, member)

static const struct option breakpoint_options[] = {
	{.group = "Search",
		.name = "precision",
		.kind = OPTION_TEXT,
		.value = "SHARE",
		.initial = "2%",
		.help = "how narrow the interval is to become, against its upper end",
		.lowest = 1,
		.highest = 32,
		.offset = VALUE(precision)},
	{.name = "budget",
		.kind = OPTION_DURATION,
		.value = "TIME",
		.initial = "5m",
		.help = "about how long the search may take; the trial that passes it is still "
			"ended. Of a ladder, unless given: what its steps take",
		.lowest = 5 * NS_PER_S,
		.highest = LOAD_LONGEST,
		.offset = VALUE(budget_ns)},
	{.name = "first",
		.kind = OPTION_RATE,
		.value = "RATE",
		.initial = "1k",
		.help = "load of the first trial, in requests a second; it is doubled until a "
			"trial fails",
		.lowest = 1,
		.highest = LOAD_FASTEST,
		.offset = VALUE(first_mrps)},
	{.name = "lowest",
		.kind = OPTION_RATE,
		.value = "RATE",
		.initial = "10",
		.help = "where to give up when even that fails (exit 1)",
		.lowest = 1,
		.highest = LOAD_FASTEST,
		.offset = VALUE(lowest_mrps)},
	{.name = "highest",
		.kind = OPTION_RATE,
		.value = "RATE",
		.initial = "1M",
		.help = "no trial asks for more",
		.lowest = 1,
		.highest = LOAD_FASTEST,
		.offset = VALUE(highest_mrps)},
	{.name = "trial",
		.kind = OPTION_DURATION,
		.value = "TIME",
		.initial = "by the budget",
		.help = "length of the short trials that find the place",
		.lowest = NS_PER_MS,
		.highest = LOAD_LONGEST,
		.offset = VALUE(trial_ns)},
	{.name = "confirm",
		.kind = OPTION_DURATION,
		.value = "TIME",
		.initial = "by the budget",
		.help = "length of the long trials that confirm it: what breaks only after a while "
			"shows in them alone",
		.lowest = NS_PER_MS,
		.highest = LOAD_LONGEST,
		.offset = VALUE(confirm_ns)},
	{.name = "ladder",
		.kind = OPTION_TEXT,
		.value = "LADDER",
		.help = "instead of a search, these loads one after the other up to the first that "
			"fails: " LADDER_NAMES ", or one's own, as in 500,1k,2k",
		.lowest = 1,
		.highest = 4096,
		.offset = VALUE(ladder)},
	{.name = "step-duration",
		.kind = OPTION_DURATION,
		.value = "TIME",
		.initial = "20s",
		.help = "length of each step of a ladder",
		.lowest = NS_PER_MS,
		.highest = LOAD_LONGEST,
		.offset = VALUE(step_ns)},
	LOAD_SIZE_ROWS(VALUE(load)),
	LOAD_ARRIVAL_ROW(VALUE(load)),
	LOAD_WAIT_ROWS("2s", VALUE(load)),
	LOAD_REQUEST_ROWS(VALUE(load)),
	LOAD_CONNECTION_ROWS(VALUE(load)),
	LOAD_MACHINE_ROWS(VALUE(load)),
	LOAD_SERVER_ROWS(VALUE(load)),
	LOAD_JUDGING_ROWS("a load at which it does not hold is too much (ringload run --help has "
			  "the grammar)",
		"the usual objectives, which are also taken when no --threshold is given",
		"end a trial", VALUE(load)),
	MEASURE_OUTPUT_ROWS(VALUE(paths.json), VALUE(quiet)),
	{.name = "svg",
		.kind = OPTION_TEXT,
		.value = "FILE",
		.help = "draw latency against load, of all trials",
		.lowest = 1,
		.highest = 4096,
		.offset = VALUE(paths.svg)},
	{.name = "dry-run",
		.kind = OPTION_FLAG,
		.help = "print what would be done, and send nothing",
		.offset = VALUE(dry_run)},
	{.name = "help", .letter = 'h', .kind = OPTION_HELP, .help = "show this text"},
};

static const struct option_habit breakpoint_habits[] = {
	{"-r", "the search chooses the rates, see --first, --highest and --ladder"},
	{"--rate", "the search chooses the rates, see --first, --highest and --ladder"},
	{"-d", "the search chooses how long a trial is, see --budget and --trial"},
	{"--duration", "the search chooses how long a trial is, see --budget and --trial"},
	{"-n", "the search chooses how long a trial is, see --budget and --trial"},
	{"--requests", "the search chooses how long a trial is, see --budget and --trial"},
	{"-w", "each trial has a warm-up of its own, leave it out"},
	{"--warmup", "each trial has a warm-up of its own, leave it out"},
	{NULL, NULL},
};

/* --- what was asked ------------------------------------------------------------------------- */

static int take_ladder(
	struct breakpoint_values *values, const struct option_parse *parse, struct err *err)
{
	static const char *const searching[] = {
		"precision", "first", "lowest", "highest", "trial", "confirm"};
	struct stepper_options *stepper = &values->search.stepper;
	size_t i;
	int code;

	for (i = 0; i < sizeof(searching) / sizeof(*searching); i++)
		if (option_given(parse, searching[i]))
			return err_set(err, ERR_USAGE, -EINVAL,
				"--%s: a ladder has its own loads and lengths: leave one out",
				searching[i]);
	code = ladder_parse(values->ladder, values->rungs, &stepper->rung_count, err);
	if (code < 0) {
		err_prefix(err, "--ladder: ");
		return code;
	}
	stepper->rungs = values->rungs;
	stepper->rung_ns = values->step_ns;
	if (!option_given(parse, "budget"))
		stepper->budget_ns = lengths_ladder(stepper, LENGTHS_LADDER_AGAIN);
	stepper->first_rps = stepper->lowest_rps = values->rungs[0];
	stepper->highest_rps = values->rungs[stepper->rung_count - 1];
	return 0;
}

static int take_stepper(
	struct breakpoint_values *values, const struct option_parse *parse, struct err *err)
{
	struct stepper_options *stepper = &values->search.stepper;
	int code;

	*stepper = (struct stepper_options){
		.first_rps = (double)values->first_mrps / 1e3,
		.lowest_rps = (double)values->lowest_mrps / 1e3,
		.highest_rps = (double)values->highest_mrps / 1e3,
		.budget_ns = values->budget_ns,
		.trial_ns = values->trial_ns,
		.confirm_ns = values->confirm_ns,
	};
	code = percent_parse(values->precision, &stepper->precision, err);
	if (code < 0) {
		err_prefix(err, "--precision: ");
		return code;
	}
	/* A bound that was not typed follows the one that was. */
	if (!option_given(parse, "lowest") && stepper->lowest_rps > stepper->highest_rps)
		stepper->lowest_rps = stepper->highest_rps;
	if (!option_given(parse, "first") && stepper->first_rps > stepper->highest_rps)
		stepper->first_rps = stepper->highest_rps;
	if (!option_given(parse, "first") && stepper->first_rps < stepper->lowest_rps)
		stepper->first_rps = stepper->lowest_rps;
	if (!option_given(parse, "lowest") && stepper->lowest_rps > stepper->first_rps)
		stepper->lowest_rps = stepper->first_rps;
	if (values->ladder)
		return take_ladder(values, parse, err);
	if (option_given(parse, "step-duration"))
		return err_set(err, ERR_USAGE, -EINVAL,
			"--step-duration: only a ladder has steps: give --ladder too, or --trial "
			"for a search");
	return 0;
}

/* A request is given up at the timeout: how much longer it would have taken nobody knows then. */
static int check_timeout(const struct load_values *load, struct err *err)
{
	char timeout[UNITS_TEXT_BYTES];
	size_t i;

	for (i = 0; i < load->thresholds.count; i++) {
		const struct threshold *threshold = &load->thresholds.items[i];

		if (metric_unit(&threshold->metric) != RESULT_NS ||
			threshold->value < (double)load->scenario.timeout_ns)
			continue;
		return err_set(err, ERR_USAGE, -EINVAL,
			"--timeout %s: requests would be given up before \"%s\" could be judged: "
			"ask for a --timeout above %s",
			units_format_duration_exact(timeout, load->scenario.timeout_ns),
			threshold->expression, threshold->bound);
	}
	return 0;
}

/* A server that breaks may well answer at once, by refusing: latencies alone would let it pass. */
static int bound_errors(struct breakpoint_values *values, struct err *err)
{
	struct threshold_list *thresholds = &values->load.thresholds;
	size_t i;

	for (i = 0; i < thresholds->count; i++)
		if (metric_of_errors(&thresholds->items[i].metric))
			return 0;
	values->errors_bounded = true;
	return threshold_list_add(thresholds, BREAKPOINT_ERRORS, err);
}

static int complete_values(
	struct breakpoint_values *values, const struct option_parse *parse, struct err *err)
{
	struct load_values *load = &values->load;
	int code = load_take(load, parse, err);

	if (code >= 0 && !load->thresholds.count) {
		values->search.slo = true;
		code = threshold_list_add_slo(&load->thresholds, err);
	}
	if (code >= 0)
		code = bound_errors(values, err);
	if (code >= 0)
		code = check_timeout(load, err);
	if (code >= 0)
		code = take_stepper(values, parse, err);
	if (code >= 0)
		code = stepper_check(&values->search.stepper, err);
	if (code < 0)
		return code;
	if (values->dry_run && values->paths.json)
		return err_set(err, ERR_USAGE, -EINVAL,
			"--json: --dry-run measures nothing that could be written: leave one out");
	values->paths.profile = load->probing.profile;
	load->scenario.open_loop = true;
	load->scenario.rate_mrps = (uint64_t)(values->search.stepper.highest_rps * 1e3);
	return scenario_check(&load->scenario, err);
}

/* --- what came of it ------------------------------------------------------------------------ */

/* "trial 7, 8,000/s for 1.5 s: fails: p95 was 412 ms, ...; between 4,000 and 8,000/s" */
static void tell(void *context, const struct search_record *record)
{
	static const char *const verdicts[SEARCH_VERDICT_COUNT] = {
		[SEARCH_PASS] = "passes",
		[SEARCH_FAIL] = "fails",
		[SEARCH_GENERATOR] = "the generator could not follow",
		[SEARCH_VOID] = "says nothing",
	};
	const struct search_trial *trial = &record->trials[record->trial_count - 1];
	char rate[UNITS_TEXT_BYTES], time[UNITS_TEXT_BYTES];
	struct buf bounds = {0};

	(void)context;
	answer_bounds(record, &bounds);
	log_note("trial %zu, %s/s for %s: %s%s%s%s%s", record->trial_count,
		units_format_rate(rate, trial->rps),
		units_format_duration(time, (uint64_t)(trial->duration_s * 1e9)),
		verdicts[trial->verdict], trial->reason ? ": " : "",
		trial->reason ? trial->reason : "", bounds.length_bytes ? "; " : "",
		buf_string(&bounds));
	buf_release(&bounds);
}

static bool measured_kernel(const struct search_record *record)
{
	size_t i;

	for (i = 0; i < record->trial_count; i++)
		if (record->trials[i].result.kernel.measured)
			return true;
	return false;
}

/* After the report: what is there of the search is worth having all the same. */
static int check_required(
	const struct load_values *load, const struct search_record *record, struct err *err)
{
	const char *reason = record->trials[0].result.kernel.reason;

	if (load->attribution.mode != ATTRIBUTION_REQUIRE || measured_kernel(record))
		return 0;
	return err_set(err, ERR_ENVIRONMENT, -ENODATA, "--probe require: not measured: %s",
		reason ? reason : "the probe saw nothing");
}

/* With the time that is kept to explain, where it will be. */
static void compare_abort(struct breakpoint_values *values)
{
	struct stepper_options stepper = values->search.stepper;
	const struct run_options *run = &values->search.run;
	bool explains = false;

	if (!run->abort_ns)
		return;
	/* Whatever is in its way, the search tells. */
	session_foresees_probe(&values->load.scenario, run, &explains, NULL);
	if (explains && !stepper.rungs)
		stepper.budget_ns -= stepper.budget_ns / SEARCH_EXPLAINED_SHARE;
	abort_reach_tell(&stepper, run->abort_ns, &values->warning);
}

static int report(
	const struct breakpoint_values *values, struct search_record *record, struct err *err)
{
	int code;

	if (values->warning.length_bytes &&
		search_record_add_note(record, buf_string(&values->warning)) < 0)
		return err_set_errno(err, ERR_ENVIRONMENT, -ENOMEM, "no memory for a note");
	code = output_search(record, &values->paths, err);
	if (code >= 0)
		code = check_required(&values->load, record, err);
	return code >= 0 ? (int)exit_decide_search(ERR_NONE, record) : code;
}

static int search(const struct breakpoint_values *values, struct err *err)
{
	struct search_record record;
	int code = output_check(&values->paths, err);

	if (code < 0)
		return code;
	if (values->search.slo && !values->load.scenario.slo)
		log_note("no --threshold was given: the usual objectives are taken (--slo)");
	if (values->errors_bounded)
		log_note("no --threshold is on errors: %s is asked as well", BREAKPOINT_ERRORS);
	if (values->warning.length_bytes)
		log_warning("%s", buf_string(&values->warning));
	code = search_execute(&values->load.scenario, &values->search, &record, err);
	/* With one trial there would be a record. */
	if (code < 0 && err->kind == ERR_INTERRUPTED)
		err_set(err, ERR_INTERRUPTED, code, INTERRUPT_BEFORE_LOAD);
	if (code >= 0) {
		code = report(values, &record, err);
		search_record_release(&record);
	}
	run_end_signals();
	return code;
}

static int dry_run(const struct breakpoint_values *values, struct err *err)
{
	struct buf text = {0};
	int code = search_describe(&values->load.scenario, &values->search, &text, err);

	if (values->warning.length_bytes)
		buf_printf(&text, "%-13s%s\n", "Warning", buf_string(&values->warning));
	if (code >= 0)
		code = command_print(&text, err);
	buf_release(&text);
	return code;
}

static int measure(struct breakpoint_values *values, const struct command *command, int argc,
	char **argv, struct err *err)
{
	struct run_options *run = &values->search.run;
	const char **words = measure_words(command, argc, argv);
	int code;

	if (!words)
		return err_set_errno(err, ERR_ENVIRONMENT, -ENOMEM, "cannot keep the command line");
	*run = (struct run_options){
		.command = words,
		.command_count = (size_t)argc + 2,
		.thresholds = &values->load.thresholds,
		.progress = !values->quiet,
		.abort_ns = values->load.abort_ns,
		.attribution = values->load.attribution,
		.observation = values->load.observation,
	};
	values->search.told = tell;
	compare_abort(values);
	code = values->dry_run ? dry_run(values, err) : search(values, err);
	free((void *)words);
	return code;
}

static int breakpoint_run(const struct command *command, int argc, char **argv, struct err *err)
{
	struct breakpoint_values values = {
		.precision = "2%",
		.budget_ns = 5 * MINUTE,
		.first_mrps = 1000000,
		.lowest_mrps = 10000,
		.highest_mrps = 1000000000,
		.step_ns = 20 * NS_PER_S,
	};
	struct option_parse parse;
	int code;

	load_init(&values.load);
	values.load.scenario.timeout_ns = 2 * NS_PER_S;
	code = command_parse(command, argc, argv, &values, &parse, err);
	if (code < 0 || parse.help)
		goto out;
	log_set_quiet(values.quiet);
	code = complete_values(&values, &parse, err);
	if (code >= 0)
		code = measure(&values, command, argc, argv, err);
out:
	option_parse_release(&parse);
	buf_release(&values.warning);
	load_release(&values.load);
	return code;
}

static const struct command_example breakpoint_examples[] = {
	{"ringload breakpoint http://localhost:8080/",
		"about five minutes, judged by the usual objectives"},
	{"ringload breakpoint --threshold 'p99<50ms' --threshold 'error_rate<0.1%' "
	 "http://localhost:8080/",
		"by one's own objectives"},
	{"ringload breakpoint --budget 45s --precision 5% --first 5k http://localhost:8080/",
		"sooner and wider, from a load that is known to be borne"},
	{"ringload breakpoint --ladder steps http://localhost:8080/",
		"1,000, 2,000, 5,000, 10,000 and 20,000 requests a second, 20 seconds each"},
	{"sudo ringload breakpoint --json search.json --svg search.svg http://localhost:8080/",
		"what gave way is told from the server's kernel too; the whole record, and a "
		"picture of latency against load"},
	{NULL, NULL},
};

const struct command breakpoint_command = {
	.name = "breakpoint",
	.summary = "find the highest load that meets the objectives, and what gave way",
	.operands = "URL",
	.operands_least = 1,
	.operands_most = 1,
	.about =
		"Tries loads on warm connections until it is known between which two the service "
		"breaks: doubles the load until a trial fails, narrows with short trials, and "
		"confirms with long ones. A load is too much when an objective is missed or when "
		"what is unanswered grows without end.\n\n"
		"The answer is an interval with the trials that it rests on, what gave way above "
		"it with the figures, and a load that is safe to go to. Where the generator itself "
		"could not follow, that is the answer (exit 4): nothing is said of the server "
		"then. "
		"Ctrl-C ends the trial under way and reports the interval so far.",
	.table = {.options = breakpoint_options,
		.count = sizeof(breakpoint_options) / sizeof(*breakpoint_options),
		.habits = breakpoint_habits},
	.examples = breakpoint_examples,
	.more_title = "What can give way",
	.more = cause_help,
	.drives_load = true,
	.run = breakpoint_run,
};
