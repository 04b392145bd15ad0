/* SPDX-License-Identifier: MIT */
#include "cli/manual.h"

#include <string.h>

#include "base/version.h"
#include "cli/command.h"
#include "cli/exit_row.h"
#include "cli/help.h"

/* Text of a man page: what roff would take for its own is escaped, paragraphs become requests. */
static void roff(struct buf *out, const char *text)
{
	bool line_start = true;

	for (; *text; text++) {
		if (!strncmp(text, "\n\n", 2)) {
			buf_text(out, "\n.PP\n");
			text++;
			line_start = true;
			continue;
		}
		if (line_start && (*text == '.' || *text == '\''))
			buf_text(out, "\\&");
		line_start = *text == '\n';
		if (*text == '\\')
			buf_text(out, "\\e");
		else if (*text == '-')
			buf_text(out, "\\-");
		else if (*text == '\'')
			buf_text(out, "\\(aq");
		else
			buf_append(out, text, 1);
	}
}

static void roff_option(struct buf *out, const struct option *option)
{
	buf_text(out, ".TP\n\\fB");
	if (option->letter)
		buf_printf(out, "\\-%c\\fR, \\fB", option->letter);
	roff(out, "--");
	roff(out, option->name);
	buf_text(out, "\\fR");
	if (option->value) {
		buf_text(out, " \\fI");
		roff(out, option->value);
		buf_text(out, "\\fR");
	}
	buf_text(out, "\n");
	roff(out, option->help);
	if (option->initial) {
		buf_text(out, " (default: ");
		roff(out, option->initial);
		buf_text(out, ")");
	}
	buf_text(out, "\n");
}

/* A section that comes as finished lines. */
static void roff_more(struct buf *out, const struct command *command)
{
	struct buf lines = {0};

	command->more(&lines);
	buf_printf(out, ".SS \"%s\"\n.nf\n", command->more_title);
	roff(out, buf_string(&lines));
	buf_text(out, ".fi\n");
	if (lines.failed)
		out->failed = true;
	buf_release(&lines);
}

static void roff_exits(struct buf *out, const struct exit_row *row)
{
	for (; row->meaning; row++) {
		buf_printf(out, ".TP\n%d\n", row->code);
		roff(out, row->meaning);
		buf_text(out, "\n");
	}
}

static void roff_command(struct buf *out, const struct command *command)
{
	const struct command_example *example;
	size_t i;

	buf_printf(out, ".SH \"RINGLOAD %s\"\n", command->name);
	buf_printf(out, "\\fBringload %s\\fR [\\fIOPTION\\fR]...", command->name);
	if (*command->operands) {
		buf_text(out, " \\fI");
		roff(out, command->operands);
		buf_text(out, "\\fR");
	}
	buf_text(out, "\n.PP\n");
	roff(out, command->about);
	buf_text(out, "\n");
	for (i = 0; i < command->table.count; i++) {
		if (command->table.options[i].group)
			buf_printf(out, ".SS \"%s\"\n", command->table.options[i].group);
		roff_option(out, &command->table.options[i]);
	}
	if (command->more)
		roff_more(out, command);
	if (exit_row_of(command)) {
		buf_text(out, ".SS \"Exit codes\"\n");
		roff_exits(out, exit_row_of(command));
	}
	if (command->examples && command->examples->line)
		buf_text(out, ".SS \"Examples\"\n");
	for (example = command->examples; example && example->line; example++) {
		buf_text(out, ".TP\n\\fB");
		roff(out, example->line);
		buf_text(out, "\\fR\n");
		roff(out, example->meaning);
		buf_text(out, "\n");
	}
}

void manual_page(struct buf *out)
{
	const struct command *const *command;

	buf_text(out, ".\\\" SPDX-License-Identifier: MIT\n"
		      ".\\\" Written by `ringload help --man` from the tables of options.\n");
	buf_printf(out,
		".TH RINGLOAD 1 \"\" \"ringload %s\" \"User Commands\"\n"
		".SH NAME\nringload \\- HTTP load generator that measures what it asked for\n"
		".SH SYNOPSIS\n",
		RINGLOAD_VERSION);
	for (command = command_all(); *command; command++) {
		buf_printf(out, "%s\\fBringload %s\\fR [\\fIOPTION\\fR]... \\fI",
			command == command_all() ? "" : ".br\n", (*command)->name);
		roff(out, (*command)->operands);
		buf_text(out, "\\fR\n");
	}
	buf_text(out, ".SH DESCRIPTION\n");
	roff(out, "Sends requests on a schedule that never waits for the server, measures every "
		  "one of them from the moment it was due, and says whether the measurement can "
		  "be trusted.");
	buf_text(out, "\n");
	for (command = command_all(); *command; command++)
		roff_command(out, *command);
	buf_text(out, ".SH \"EXIT STATUS\"\n");
	roff_exits(out, exit_row_all());
}

/* Text for a cell of a Markdown table. */
static void cell(struct buf *out, const char *text)
{
	for (; *text; text++) {
		if (*text == '|' || *text == '<')
			buf_text(out, "\\");
		buf_append(out, text, 1);
	}
}

static void markdown_option(struct buf *out, const struct option *option)
{
	const char *value = option->value ? option->value : "";

	buf_text(out, "| `");
	if (option->letter)
		buf_printf(out, "-%c`, `", option->letter);
	buf_printf(out, "--%s", option->name);
	if (*value)
		buf_text(out, " ");
	for (; *value; value++)
		buf_printf(out, *value == '|' ? "\\%c" : "%c", *value);
	buf_text(out, "` | ");
	cell(out, option->help);
	buf_text(out, " | ");
	cell(out, option->initial ? option->initial : "");
	buf_text(out, " |\n");
}

static void markdown_exits(struct buf *out, const struct exit_row *row)
{
	buf_text(out, "\n| code | meaning |\n|---|---|\n");
	for (; row->meaning; row++) {
		buf_printf(out, "| %d | ", row->code);
		cell(out, row->meaning);
		buf_text(out, " |\n");
	}
}

static void markdown_command(struct buf *out, const struct command *command)
{
	const struct command_example *example;
	size_t i;

	buf_printf(out, "\n## ringload %s\n\n", command->name);
	buf_printf(out, "```\nringload %s [OPTION]...%s%s\n```\n\n%s\n", command->name,
		*command->operands ? " " : "", command->operands, command->about);
	for (i = 0; i < command->table.count; i++) {
		if (command->table.options[i].group)
			buf_printf(out,
				"\n### %s\n\n| option | meaning | default |\n|---|---|---|\n",
				command->table.options[i].group);
		markdown_option(out, &command->table.options[i]);
	}
	if (command->more) {
		buf_printf(out, "\n### %s\n\n```\n", command->more_title);
		command->more(out);
		buf_text(out, "```\n");
	}
	if (exit_row_of(command)) {
		buf_printf(out, "\n### Exit codes of ringload %s\n", command->name);
		markdown_exits(out, exit_row_of(command));
	}
	if (command->examples && command->examples->line)
		buf_text(out, "\n### Examples\n\n");
	for (example = command->examples; example && example->line; example++)
		buf_printf(out, "- `%s`: %s\n", example->line, example->meaning);
}

void manual_markdown(struct buf *out)
{
	const struct command *const *command;

	buf_text(out, "# The command line\n\n"
		      "<!-- Written by `ringload help --markdown` from the tables of options that "
		      "also parse them: change those, not this file. -->\n\n");
	for (command = command_all(); *command; command++)
		buf_printf(out, "- [`ringload %s`](#ringload-%s): %s\n", (*command)->name,
			(*command)->name, (*command)->summary);
	for (command = command_all(); *command; command++)
		markdown_command(out, *command);
	buf_text(out, "\n## Exit codes\n");
	markdown_exits(out, exit_row_all());
}
