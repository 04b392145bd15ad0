/* SPDX-License-Identifier: MIT */
/* The texts made from the tables: help that fits a terminal and tells everything, a man page and a
 * Markdown reference that name every option. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "cli/command.h"
#include "cli/exit_row.h"
#include "cli/help.h"
#include "cli/manual.h"

/* Columns of a line of UTF-8: continuation bytes take none. */
static size_t columns_of(const char *line, size_t bytes)
{
	size_t columns = 0, i;

	for (i = 0; i < bytes; i++)
		columns += ((unsigned char)line[i] & 0xc0) != 0x80;
	return columns;
}

static void expect_lines_fit(const char *text, size_t columns)
{
	while (*text) {
		size_t bytes = strcspn(text, "\n");

		/* An example is shown as it is typed, however long. */
		if (columns_of(text, bytes) > columns && strncmp(text, "  ringload ", 11))
			fail_msg("too wide: %.*s", (int)bytes, text);
		assert_int_equal(text[bytes], '\n');
		if (bytes)
			assert_int_not_equal(text[bytes - 1], ' ');
		text += bytes + 1;
	}
}

static void help_fits_a_terminal(void **state)
{
	const struct command *const *command;
	struct buf text = {0};

	(void)state;
	help_overview(&text);
	expect_lines_fit(buf_string(&text), 80);
	buf_release(&text);
	for (command = command_all(); *command; command++) {
		help_one(&text, *command);
		expect_lines_fit(buf_string(&text), (*command)->more ? 100 : 80);
		buf_release(&text);
	}
}

/* Every command and every option, in its short and long form, stands in the text. */
static void expect_all(const char *text, const char *dashes)
{
	const struct command *const *command;
	char wanted[128];
	size_t i;

	for (command = command_all(); *command; command++) {
		for (i = 0; i < (*command)->table.count; i++) {
			snprintf(wanted, sizeof(wanted), "%s%s", dashes,
				(*command)->table.options[i].name);
			if (!strstr(text, wanted))
				fail_msg("%s of %s is missing", wanted, (*command)->name);
		}
	}
}

/* As roff shows a dash. */
static void unescape(char *text)
{
	char *to = text;

	for (; *text; text++)
		if (*text != '\\' || text[1] != '-')
			*to++ = *text;
	*to = 0;
}

static void the_manual_names_every_option(void **state)
{
	struct buf text = {0};

	(void)state;
	manual_page(&text);
	unescape(text.data);
	expect_all(text.data, "--");
	assert_non_null(strstr(text.data, ".SH \"EXIT STATUS\"\n.TP\n0\n"));
	buf_release(&text);
	manual_markdown(&text);
	expect_all(text.data, "--");
	assert_non_null(strstr(text.data, "| 130 | "));
	buf_release(&text);
}

static void one_option_is_explained_with_its_default(void **state)
{
	struct buf text = {0};

	(void)state;
	help_one(&text, &run_command);
	assert_non_null(strstr(buf_string(&text),
		"\n  -c, --connections N      connections kept open, over all workers [64]\n"));
	/* A head that is too wide has its explanation on the next line. */
	assert_non_null(strstr(buf_string(&text),
		"\n      --arrival constant|poisson\n                           how requests"));
	buf_release(&text);
}

/* One table of the codes, in all three texts. */
static void exit_codes_are_told_of_every_command_that_has_its_own(void **state)
{
	static const struct command *const commands[] = {&run_command, &breakpoint_command,
		&probe_command, &calibrate_command, &doctor_command};
	struct buf help = {0}, page = {0}, markdown = {0};
	char wanted[256];

	(void)state;
	manual_page(&page);
	manual_markdown(&markdown);
	for (size_t i = 0; i < sizeof(commands) / sizeof(*commands); i++) {
		const struct exit_row *row = exit_row_of(commands[i]);

		assert_non_null(row);
		help_one(&help, commands[i]);
		assert_non_null(strstr(buf_string(&help), "\nExit codes:\n    0  "));
		snprintf(wanted, sizeof(wanted), "\n### Exit codes of ringload %s\n",
			commands[i]->name);
		assert_non_null(strstr(buf_string(&markdown), wanted));
		for (; row->meaning; row++) {
			snprintf(wanted, sizeof(wanted), "\n  %3d  %.20s", row->code, row->meaning);
			assert_non_null(strstr(buf_string(&help), wanted));
			snprintf(
				wanted, sizeof(wanted), "\n| %d | %s |\n", row->code, row->meaning);
			assert_non_null(strstr(buf_string(&markdown), wanted));
		}
		buf_release(&help);
	}
	/* Each of them, and all. */
	assert_null(exit_row_of(&version_command));
	for (size_t count = 0, at = 0;; count++) {
		const char *found = strstr(page.data + at, ".TP\n130\n");

		if (!found) {
			assert_int_equal(count, 6);
			break;
		}
		at = (size_t)(found - page.data) + 1;
	}
	buf_release(&page);
	buf_release(&markdown);
}

static void roff_requests_cannot_be_smuggled_in(void **state)
{
	const char *line;
	struct buf text = {0};

	(void)state;
	manual_page(&text);
	/* Lines that begin with a dot are requests of this page, which are few. */
	for (line = strstr(text.data, "\n."); line; line = strstr(line + 1, "\n.")) {
		static const char *const known[] = {".TH ", ".SH ", ".SS ", ".TP\n", ".PP\n",
			".br\n", ".nf\n", ".fi\n", ".\\\""};
		size_t i, found = 0;

		for (i = 0; i < sizeof(known) / sizeof(*known); i++)
			found += !strncmp(line + 1, known[i], strlen(known[i]));
		if (!found)
			fail_msg("unexpected request: %.20s", line + 1);
	}
	buf_release(&text);
}

static void commands_are_found_by_their_whole_name(void **state)
{
	struct err err = {0};

	(void)state;
	assert_ptr_equal(command_find("run"), &run_command);
	assert_null(command_find("ru"));
	assert_true(command_unknown("rum", &err) < 0);
	assert_int_equal(err.kind, ERR_USAGE);
	assert_string_equal(err.text, "\"rum\" is not a command: did you mean run?");
	command_unknown("http://host/", &err);
	assert_string_equal(err.text,
		"\"http://host/\" is not a command: did you mean ringload run http://host/?");
	command_unknown("elephant", &err);
	assert_string_equal(err.text, "\"elephant\" is not a command: ringload --help lists them");
}

static void operands_are_counted(void **state)
{
	struct option_parse parse;
	struct err err = {0};
	char values[1 << 12] = {0};
	char *two[] = {"run", "serve"};

	(void)state;
	assert_true(command_parse(&help_command, 2, two, values, &parse, &err) < 0);
	assert_string_equal(err.text,
		"\"serve\" is one argument too many: expected ringload help [OPTION]... [COMMAND]");
	option_parse_release(&parse);
	assert_true(command_parse(&lab_command, 0, two, values, &parse, &err) < 0);
	assert_string_equal(
		err.text, "COMMAND... is missing: expected ringload lab [OPTION]... COMMAND...");
	option_parse_release(&parse);
	assert_int_equal(command_parse(&help_command, 1, two, values, &parse, &err), 0);
	option_parse_release(&parse);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(help_fits_a_terminal),
		cmocka_unit_test(the_manual_names_every_option),
		cmocka_unit_test(one_option_is_explained_with_its_default),
		cmocka_unit_test(exit_codes_are_told_of_every_command_that_has_its_own),
		cmocka_unit_test(roff_requests_cannot_be_smuggled_in),
		cmocka_unit_test(commands_are_found_by_their_whole_name),
		cmocka_unit_test(operands_are_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
