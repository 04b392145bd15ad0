/* SPDX-License-Identifier: MIT */
#include "cli/command.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "base/file.h"
#include "base/nearest.h"
#include "cli/help.h"

static const struct command *const commands[] = {
	&run_command,
	&breakpoint_command,
	&probe_command,
	&serve_command,
	&demo_command,
	&calibrate_command,
	&doctor_command,
	&lab_command,
	&help_command,
	&version_command,
	NULL,
};

const struct command *const *command_all(void)
{
	return commands;
}

const struct command *command_find(const char *name)
{
	const struct command *const *command;

	for (command = commands; *command; command++)
		if (!strcmp((*command)->name, name))
			return *command;
	return NULL;
}

int command_unknown(const char *name, struct err *err)
{
	const struct command *const *command;
	struct nearest nearest;

	if (strstr(name, "://"))
		return err_set(err, ERR_USAGE, -EINVAL,
			"\"%s\" is not a command: did you mean ringload run %s?", name, name);
	nearest_init(&nearest, name, strlen(name));
	for (command = commands; *command; command++)
		nearest_offer(&nearest, (*command)->name);
	if (nearest.best)
		return err_set(err, ERR_USAGE, -EINVAL, "\"%s\" is not a command: did you mean %s?",
			name, nearest.best);
	return err_set(err, ERR_USAGE, -EINVAL,
		"\"%s\" is not a command: ringload --help lists them", name);
}

int command_print(struct buf *text, struct err *err)
{
	if (text->failed)
		return err_set_errno(
			err, ERR_ENVIRONMENT, -ENOMEM, "cannot build the text to print");
	return file_write("-", text->data, text->length_bytes, err);
}

static int print_help(const struct command *command, struct err *err)
{
	struct buf text = {0};
	int code;

	help_one(&text, command);
	code = command_print(&text, err);
	buf_release(&text);
	return code;
}

int command_parse(const struct command *command, int argc, char **argv, void *values,
	struct option_parse *parse, struct err *err)
{
	int code = option_parse(&command->table, argc, argv, values, parse, err);

	if (code < 0)
		return code;
	if (parse->help)
		return print_help(command, err);
	if (parse->operand_count < command->operands_least)
		return err_set(err, ERR_USAGE, -EINVAL,
			"%s is missing: expected ringload %s [OPTION]... %s", command->operands,
			command->name, command->operands);
	if (parse->operand_count > command->operands_most)
		return err_set(err, ERR_USAGE, -EINVAL,
			"\"%s\" is one argument too many: expected ringload %s [OPTION]...%s%s",
			parse->operands[command->operands_most], command->name,
			*command->operands ? " " : "", command->operands);
	return 0;
}
