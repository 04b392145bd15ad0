/* SPDX-License-Identifier: MIT */
/* `ringload calibrate`: what this machine can generate. */
#include "search/calibrate.h"

#include <errno.h>

#include "analysis/exit.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/units.h"
#include "cli/command.h"
#include "cli/measure.h"
#include "report/calibration.h"
#include "run/calibration.h"
#include "run/run.h"

#define PATH_BYTES 4096

struct calibrate_values {
	uint64_t duration_ns;
	struct output_paths paths;
	bool quiet;
};

#define VALUE(member) offsetof(struct calibrate_values, member)

static const struct option calibrate_option_rows[] = {
	{.group = "Trials",
		.name = "duration",
		.letter = 'd',
		.kind = OPTION_DURATION,
		.value = "TIME",
		.initial = "1500ms",
		.help = "how long each trial measures; there are about ten",
		.lowest = NS_PER_S,
		.highest = 600 * NS_PER_S,
		.offset = VALUE(duration_ns)},
	MEASURE_OUTPUT_ROWS(VALUE(paths.json), VALUE(quiet)),
	{.name = "help", .letter = 'h', .kind = OPTION_HELP, .help = "show this text"},
};

/* A line for each trial. */
static void tell(void *context, const struct calibrate_trial *trial, const char *obstacle)
{
	static const char *const stages[] = {
		[CALIBRATE_ESTIMATE] = "closed loop: ",
		[CALIBRATE_HIGHEST] = "",
		[CALIBRATE_FLOOR] = "floor: ",
	};
	char rate[UNITS_TEXT_BYTES];

	(void)context;
	if (!trial && *obstacle)
		log_note("the embedded target in place of the null server: %s", obstacle);
	if (!trial)
		return;
	log_note("%s%s requests a second%s%s", stages[trial->stage],
		units_format_rate(rate, trial->rps),
		trial->stage == CALIBRATE_ESTIMATE ? ""
		: trial->held                      ? ": held"
						   : ": not held: ",
		trial->reason);
}

static int write_json(const struct calibration_record *record, const char *path, struct err *err)
{
	struct buf text = {0};
	int code;

	calibration_record_write(record, &text);
	code = text.failed ? err_set_errno(
				     err, ERR_ENVIRONMENT, -ENOMEM, "cannot write the calibration")
			   : output_write("--json", path, &text, err);
	buf_release(&text);
	return code;
}

/* The record is kept first; whatever fails, the others are still done. */
static int report(
	const struct calibrate_outcome *outcome, const struct output_paths *paths, struct err *err)
{
	const struct calibration_record *record = &outcome->record;
	bool to_stdout = paths->json && paths->json[0] == '-' && !paths->json[1];
	char path[PATH_BYTES] = "";
	struct calibration_remarks remarks = {
		.obstacle = outcome->obstacle,
		.reason = outcome->reason,
		.path = path,
	};
	struct buf text = {0};
	int code = calibration_store(record, &remarks.kept, path, sizeof(path), err);

	if (code < 0)
		path[0] = '\0';
	if (paths->json) {
		int other = write_json(record, paths->json, code < 0 ? NULL : err);

		code = code < 0 ? code : other;
	}
	if (!to_stdout) {
		int other;

		calibration_report(record, &remarks, &text);
		other = command_print(&text, code < 0 ? NULL : err);
		code = code < 0 ? code : other;
		buf_release(&text);
	}
	return code;
}

static int calibrate(const struct calibrate_values *values, struct err *err)
{
	struct calibrate_options options = {
		.duration_ns = values->duration_ns,
		.progress = !values->quiet,
		.told = tell,
	};
	struct calibrate_outcome outcome;
	int code = output_check(&values->paths, err);

	if (code >= 0)
		code = calibration_check(err);
	if (code < 0)
		return code;
	code = calibrate_execute(&options, &outcome, err);
	if (code >= 0 && outcome.found) {
		code = report(&outcome, &values->paths, err);
	} else if (code >= 0) {
		log_error("not calibrated: at no rate the generator kept its schedule; at the "
			  "lowest: %s; try again when the machine is less busy",
			outcome.reason);
		code = EXIT_INVALID;
	}
	run_end_signals();
	return code;
}

static int calibrate_run(const struct command *command, int argc, char **argv, struct err *err)
{
	struct calibrate_values values = {.duration_ns = 1500 * NS_PER_MS};
	struct option_parse parse;
	int code = command_parse(command, argc, argv, &values, &parse, err);

	if (code >= 0 && !parse.help) {
		log_set_quiet(values.quiet);
		code = calibrate(&values, err);
	}
	option_parse_release(&parse);
	return code;
}

static const struct command_example calibrate_examples[] = {
	{"sudo ringload calibrate", "against the null server, in about twenty seconds"},
	{"sudo ringload calibrate -q --json -", "the record alone, for a script"},
	{NULL, NULL},
};

const struct command calibrate_command = {
	.name = "calibrate",
	.summary = "measure what this machine can generate",
	.operands = "",
	.about = "Measures this machine's load generator against the in-kernel null server, which "
		 "costs nothing, in a private network namespace: the highest rate that an open "
		 "loop holds as run paces it, the CPU time a request costs there, the latency "
		 "that is the machine's own, and how late requests leave.\n\n"
		 "The figures are kept for this machine and kernel in $XDG_STATE_HOME/ringload or "
		 "~/.local/state/ringload, and run warns when --rate is above them. Nothing else "
		 "should run meanwhile: it loads all CPUs.\n\n"
		 "The null server needs root. Without it the embedded target is used, on a CPU of "
		 "this machine: the rate is then a lower bound and the cost an upper one, and a "
		 "better calibration is not overwritten.",
	.table = {.options = calibrate_option_rows,
		.count = sizeof(calibrate_option_rows) / sizeof(*calibrate_option_rows)},
	.examples = calibrate_examples,
	.drives_load = true,
	.run = calibrate_run,
};
