/* SPDX-License-Identifier: MIT */
/* `ringload doctor`: what this machine can and cannot measure, and what mends it. */
#include "doctor/doctor.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "analysis/exit.h"
#include "cli/command.h"
#include "doctor/doctor_json.h"
#include "doctor/doctor_text.h"
#include "run/output.h"

struct doctor_values {
	const char *json;
	bool quick;
	bool list;
};

#define VALUE(member) offsetof(struct doctor_values, member)

static const struct option doctor_option_rows[] = {
	{.group = "What",
		.name = "quick",
		.kind = OPTION_FLAG,
		.help = "leave out what takes a second to measure: steal, pauses, timers",
		.offset = VALUE(quick)},
	{.name = "list",
		.kind = OPTION_FLAG,
		.help = "print the table of the checks as Markdown, and look at nothing",
		.offset = VALUE(list)},
	{.group = "Output",
		.name = "json",
		.kind = OPTION_TEXT,
		.value = "FILE",
		.help = "write the findings there; - writes them to standard output in place of "
			"the table",
		.lowest = 1,
		.highest = 4096,
		.offset = VALUE(json)},
	{.name = "help", .letter = 'h', .kind = OPTION_HELP, .help = "show this text"},
};

static int tell(const struct doctor *doctor, const char *json, struct err *err)
{
	bool instead = json && !strcmp(json, "-");
	struct buf text = {0}, record = {0};
	int code = 0;

	if (json) {
		doctor_json_write(&record, doctor);
		code = record.failed ? err_set_errno(err, ERR_ENVIRONMENT, -ENOMEM,
					       "cannot build the findings")
				     : output_write("--json", json, &record, err);
	}
	if (code >= 0 && !instead) {
		doctor_text_table(&text, doctor);
		code = command_print(&text, err);
	}
	buf_release(&text);
	buf_release(&record);
	return code;
}

static int list(struct err *err)
{
	struct buf text = {0};
	int code;

	doctor_text_checks(&text);
	code = command_print(&text, err);
	buf_release(&text);
	return code;
}

static int examine(const struct doctor_values *values, struct err *err)
{
	int code = values->json ? output_check_file("--json", values->json, err) : 0;
	struct doctor doctor;
	struct live *live;

	if (code < 0)
		return code;
	live = malloc(sizeof(*live));
	if (!live)
		return err_set_errno(err, ERR_ENVIRONMENT, -ENOMEM, "cannot look at this machine");
	live_take(live, values->quick);
	code = doctor_examine(&doctor, "/", (uint32_t)getpid(), live, err);
	if (code >= 0) {
		code = tell(&doctor, values->json, err);
		if (code >= 0)
			code = doctor.abilities[CHECK_LOAD] == FINDING_MISSING ? EXIT_ENVIRONMENT
									       : EXIT_PASS;
		doctor_release(&doctor);
	}
	free(live);
	return code;
}

static int doctor_run(const struct command *command, int argc, char **argv, struct err *err)
{
	struct doctor_values values = {0};
	struct option_parse parse;
	int code = command_parse(command, argc, argv, &values, &parse, err);

	if (code >= 0 && !parse.help)
		code = values.list ? list(err) : examine(&values, err);
	option_parse_release(&parse);
	return code;
}

static const struct command_example doctor_examples[] = {
	{"sudo ringload doctor", "everything, with what is to be typed to mend it"},
	{"ringload doctor --quick --json - | jq '.checks[] | select(.state != \"ok\")'",
		"what an ordinary user lacks, for a script"},
	{NULL, NULL},
};

const struct command doctor_command = {
	.name = "doctor",
	.summary = "say what this machine can and cannot measure, and what mends it",
	.operands = "",
	.about =
		"Looks at everything that measurements on this machine depend on: the kernel, "
		"what its io_uring offers, every hook of the probe, rights, limits, TCP, CPUs, "
		"network cards. Each is ok, limited (it works, and costs something), missing, or "
		"unknown to this user; with the effect on measurements and the command that mends "
		"it.\n\n"
		"Nothing is changed. Programs for the kernel are loaded and taken away again, and "
		"for a second a thread spins on each CPU to see what is taken from it: not for a "
		"machine that is measured at this moment (--quick leaves that out). It takes about "
		"two seconds.",
	.table = {.options = doctor_option_rows,
		.count = sizeof(doctor_option_rows) / sizeof(*doctor_option_rows)},
	.examples = doctor_examples,
	.run = doctor_run,
};
