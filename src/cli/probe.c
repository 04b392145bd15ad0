/* SPDX-License-Identifier: MIT */
/* `ringload probe`: kernel attribution alone, for load that something else drives. */
#include <errno.h>
#include <stdlib.h>

#include "analysis/exit.h"
#include "base/clock.h"
#include "base/log.h"
#include "cli/command.h"
#include "cli/measure.h"
#include "cli/observing.h"
#include "cli/probing.h"
#include "run/output.h"
#include "run/probe_run.h"
#include "run/run.h"

struct probe_values {
	struct probing_values probing;
	struct observing_values observing;
	uint64_t duration_ns;
	struct output_paths paths;
	bool quiet;
};

#define VALUE(member) offsetof(struct probe_values, member)

static const struct option probe_option_rows[] = {
	{.group = "What",
		.name = "port",
		.letter = 'p',
		.kind = OPTION_LIST,
		.value = "PORT",
		.help = "port the server listens on; may be repeated, or a list: 80,443",
		.lowest = 1,
		.highest = 256,
		.offset = VALUE(probing.ports)},
	{.name = "duration",
		.letter = 'd',
		.kind = OPTION_DURATION,
		.value = "TIME",
		.initial = "until Ctrl-C",
		.help = "how long to measure, with a unit: 30s, 2m, 250ms",
		.lowest = NS_PER_MS,
		.highest = 366 * 86400 * NS_PER_S,
		.offset = VALUE(duration_ns)},
	PROBING_ROWS("", VALUE(probing)),
	OBSERVING_ROWS("--pid", VALUE(observing)),
	MEASURE_OUTPUT_ROWS(VALUE(paths.json), VALUE(quiet)),
	{.name = "help", .letter = 'h', .kind = OPTION_HELP, .help = "show this text"},
};

/*
 * A cut window says nothing of a server that may just not have been asked yet; a whole one without
 * a connection does.
 */
static int judge(const struct probe_record *record, struct err *err)
{
	if (record->interrupted)
		return EXIT_INTERRUPTED;
	if (record->kernel.measured)
		return EXIT_PASS;
	return err_set(err, ERR_TARGET, -ENODATA, "not measured: %s", record->kernel.reason);
}

static int execute(
	const struct probe_run_options *options, const struct output_paths *paths, struct err *err)
{
	struct probe_record record;
	int code = probe_run_execute(options, &record, err);

	if (code >= 0) {
		code = output_probe(&record, paths, err);
		if (code >= 0)
			code = judge(&record, err);
		probe_record_release(&record);
	}
	run_end_signals();
	return code;
}

static int measure(struct probe_values *values, const struct option_parse *parse,
	const struct command *command, int argc, char **argv, struct err *err)
{
	struct probe_run_options options = {
		.command_count = (size_t)argc + 2,
		.has_duration = option_given(parse, "duration"),
		.duration_ns = values->duration_ns,
		.progress = !values->quiet,
	};
	int code = probing_take(&values->probing, "", &options.probe, err);

	if (code >= 0)
		code = observing_take(&values->observing, &options.observation, err);
	if (code < 0)
		return code;
	if (!options.probe.port_count)
		return err_set(err, ERR_USAGE, -EINVAL,
			"--port is missing: expected ringload probe --port PORT [OPTION]...");
	values->paths.profile = values->probing.profile;
	code = output_check(&values->paths, err);
	if (code < 0)
		return code;
	options.command = measure_words(command, argc, argv);
	if (!options.command)
		return err_set_errno(err, ERR_ENVIRONMENT, -ENOMEM, "cannot keep the command line");
	code = execute(&options, &values->paths, err);
	free((void *)options.command);
	return code;
}

static int probe_run(const struct command *command, int argc, char **argv, struct err *err)
{
	struct probe_values values = {0};
	struct option_parse parse;
	int code = command_parse(command, argc, argv, &values, &parse, err);

	if (code >= 0 && !parse.help) {
		log_set_quiet(values.quiet);
		code = measure(&values, &parse, command, argc, argv, err);
	}
	probing_release(&values.probing);
	option_parse_release(&parse);
	return code;
}

static const struct command_example probe_examples[] = {
	{"sudo ringload probe --port 8080 --duration 30s",
		"where the time of the requests of half a minute went, whoever sends them"},
	{"sudo ringload probe --port 80,443 --sample 1/1",
		"every request on two ports, until Ctrl-C"},
	{"sudo ringload probe --port 8080 -d 1m --profile server --json probe.json",
		"with a flame graph in server.svg, and the whole record"},
	{NULL, NULL},
};

const struct command probe_command = {
	.name = "probe",
	.summary = "measure in a server's kernel, for load that something else drives",
	.operands = "",
	.about = "Says where a server on this machine spends the time of its requests: in the "
		 "socket's queue, in the run queue, on the CPU, blocked, on the way out; and what "
		 "it "
		 "uses of the machine meanwhile: CPU, memory, files, threads. It sends nothing "
		 "itself: run it beside any load.\n\n"
		 "The server is found by its port, and followed wherever its threads are; nothing "
		 "of it needs to be restarted. Root is needed, or the rights that the message "
		 "names. Ctrl-C ends the window early and still reports. Nothing stays behind in "
		 "the kernel, however it ends.",
	.table = {.options = probe_option_rows,
		.count = sizeof(probe_option_rows) / sizeof(*probe_option_rows)},
	.examples = probe_examples,
	.run = probe_run,
};
