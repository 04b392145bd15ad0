/* SPDX-License-Identifier: MIT */
#include "cli/help.h"

#include <string.h>

#include "analysis/exit.h"
#include "cli/exit_row.h"
#include "cli/manual.h"

#define COLUMNS     80
#define HELP_COLUMN 27 /* where the explanations of options begin */

/*
 * Words of text, broken so that no line passes COLUMNS; the first line goes on at `column`, later
 * ones begin at `indent`. An empty line in the text stays one.
 */
static void wrap(struct buf *out, const char *text, size_t column, size_t indent)
{
	size_t word, newlines;

	while (*text) {
		newlines = strspn(text, "\n");
		text += strspn(text, " \n");
		word = strcspn(text, " \n");
		if (!word)
			break;
		if (newlines >= 2 || (column > indent && column + 1 + word > COLUMNS)) {
			buf_text(out, newlines >= 2 ? "\n\n" : "\n");
			buf_fill(out, ' ', indent);
			column = indent;
		} else if (column > indent) {
			buf_text(out, " ");
			column++;
		}
		buf_append(out, text, word);
		column += word;
		text += word;
	}
	buf_text(out, "\n");
}

static void exit_codes(struct buf *out, const struct exit_row *row)
{
	buf_text(out, "\nExit codes:\n");
	for (; row->meaning; row++) {
		buf_printf(out, "  %3d  ", row->code);
		wrap(out, row->meaning, 7, 7);
	}
}

void help_overview(struct buf *out)
{
	const struct command *const *command;

	buf_text(out, "Usage: ringload COMMAND [OPTION]... [ARGUMENT]...\n\n");
	wrap(out,
		"Finds out how much load an HTTP service bears: sends requests on a schedule that "
		"never waits for the server, measures every one of them from the moment it was "
		"due, and says whether the measurement can be trusted.",
		0, 0);
	buf_text(out, "\nCommands:\n");
	for (command = command_all(); *command; command++)
		buf_printf(out, "  %-10s %s\n", (*command)->name, (*command)->summary);
	buf_text(out,
		"\nFirst steps:\n"
		"  ringload demo                                  see it work, nothing needed\n"
		"  ringload run http://localhost:8080/            as fast as 64 connections go\n"
		"  ringload run -r 5000 http://localhost:8080/    5,000 requests a second\n"
		"  ringload run --help                            every option, with examples\n");
	exit_codes(out, exit_row_all());
}

/* "  -c, --connections N", as wide as it gets. */
static size_t option_head(struct buf *out, const struct option *option)
{
	size_t before = out->length_bytes;

	if (option->letter)
		buf_printf(out, "  -%c, --%s", option->letter, option->name);
	else
		buf_printf(out, "      --%s", option->name);
	if (option->value)
		buf_printf(out, " %s", option->value);
	return out->length_bytes - before;
}

static void option_row(struct buf *out, const struct option *option)
{
	struct buf text = {0};
	size_t column = option_head(out, option);

	buf_text(&text, option->help);
	if (option->initial)
		buf_printf(&text, " [%s]", option->initial);
	if (column + 2 > HELP_COLUMN) {
		buf_text(out, "\n");
		column = 0;
	}
	buf_fill(out, ' ', HELP_COLUMN - column);
	wrap(out, buf_string(&text), HELP_COLUMN, HELP_COLUMN);
	if (text.failed)
		out->failed = true;
	buf_release(&text);
}

void help_one(struct buf *out, const struct command *command)
{
	const struct command_example *example;
	size_t i;

	buf_printf(out, "Usage: ringload %s [OPTION]...%s%s\n\n", command->name,
		*command->operands ? " " : "", command->operands);
	wrap(out, command->about, 0, 0);
	for (i = 0; i < command->table.count; i++) {
		if (command->table.options[i].group)
			buf_printf(out, "\n%s:\n", command->table.options[i].group);
		option_row(out, &command->table.options[i]);
	}
	if (command->more) {
		buf_printf(out, "\n%s:\n", command->more_title);
		command->more(out);
	}
	if (exit_row_of(command))
		exit_codes(out, exit_row_of(command));
	if (command->examples && command->examples->line)
		buf_text(out, "\nExamples:\n");
	for (example = command->examples; example && example->line; example++) {
		buf_printf(out, "  %s\n", example->line);
		buf_fill(out, ' ', 6);
		wrap(out, example->meaning, 6, 6);
	}
}

struct help_values {
	bool man;
	bool markdown;
};

static const struct option help_options[] = {
	{.group = "Output",
		.name = "man",
		.kind = OPTION_FLAG,
		.help = "print the whole manual as a man page (roff)",
		.offset = offsetof(struct help_values, man)},
	{.name = "markdown",
		.kind = OPTION_FLAG,
		.help = "print the whole manual as Markdown",
		.offset = offsetof(struct help_values, markdown)},
	{.name = "help", .letter = 'h', .kind = OPTION_HELP, .help = "show this text"},
};

static int help_write(const struct help_values *values, const struct option_parse *parse,
	struct buf *out, struct err *err)
{
	const struct command *command;

	if (values->man) {
		manual_page(out);
	} else if (values->markdown) {
		manual_markdown(out);
	} else if (!parse->operand_count) {
		help_overview(out);
	} else {
		command = command_find(parse->operands[0]);
		if (!command)
			return command_unknown(parse->operands[0], err);
		help_one(out, command);
	}
	return command_print(out, err);
}

static int help_run(const struct command *command, int argc, char **argv, struct err *err)
{
	struct help_values values = {0};
	struct option_parse parse;
	struct buf text = {0};
	int code = command_parse(command, argc, argv, &values, &parse, err);

	if (code >= 0 && !parse.help)
		code = help_write(&values, &parse, &text, err);
	buf_release(&text);
	option_parse_release(&parse);
	return code < 0 ? code : EXIT_PASS;
}

static const struct command_example help_examples[] = {
	{"ringload help run", "every option of ringload run"},
	{"ringload help --man | man -l -", "the whole manual in a pager"},
	{NULL, NULL},
};

const struct command help_command = {
	.name = "help",
	.summary = "explain a command and its options",
	.operands = "[COMMAND]",
	.operands_most = 1,
	.about = "Explains one command, or lists them all. ringload COMMAND --help says the same.",
	.table = {.options = help_options, .count = sizeof(help_options) / sizeof(*help_options)},
	.examples = help_examples,
	.run = help_run,
};
