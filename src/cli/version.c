/* SPDX-License-Identifier: MIT */
/* `ringload version`: which build this is. */
#include "base/version.h"
#include "analysis/exit.h"
#include "cli/command.h"

static const struct option version_options[] = {
	{.group = "Output",
		.name = "help",
		.letter = 'h',
		.kind = OPTION_HELP,
		.help = "show this text"},
};

static int version_run(const struct command *command, int argc, char **argv, struct err *err)
{
	struct option_parse parse;
	struct buf text = {0};
	int code = command_parse(command, argc, argv, NULL, &parse, err);

	if (code >= 0 && !parse.help) {
		buf_printf(&text, "ringload %s\n", RINGLOAD_VERSION);
		code = command_print(&text, err);
	}
	buf_release(&text);
	option_parse_release(&parse);
	return code < 0 ? code : EXIT_PASS;
}

const struct command version_command = {
	.name = "version",
	.summary = "say which version this is",
	.operands = "",
	.about = "Prints name and version.",
	.table = {.options = version_options,
		.count = sizeof(version_options) / sizeof(*version_options)},
	.run = version_run,
};
