/* SPDX-License-Identifier: MIT */
/*
 * ringload: looks up the command, runs it, prints what went wrong, and turns it into the exit code.
 * The only place that ends the process.
 */
#include <malloc.h>
#include <string.h>
#include <unistd.h>

#include "analysis/exit.h"
#include "base/log.h"
#include "cli/command.h"
#include "run/interrupt.h"

/*
 * From here on blocks are the kernel's again when they are freed. By itself malloc puts blocks of
 * megabytes, once some were freed, among those that stay, and a search grew by 3 MiB with each
 * trial: the statistics it had taken and given back.
 */
#define LARGE_BLOCK_BYTES (256 << 10)

/* The options that stand where a command is expected, and the command each one means. */
static const char *command_name(const char *argument)
{
	if (!strcmp(argument, "--help") || !strcmp(argument, "-h"))
		return "help";
	if (!strcmp(argument, "--version") || !strcmp(argument, "-V"))
		return "version";
	return argument;
}

/* A signal before the load: only calls of signal-safety(7). */
static void end_early(int number)
{
	static const char line[] = "ringload: " INTERRUPT_BEFORE_LOAD "\n";

	(void)number;
	/* Who cannot be told is not told. */
	if (write(STDERR_FILENO, line, sizeof(line) - 1) < 0)
		_exit(EXIT_INTERRUPTED);
	_exit(EXIT_INTERRUPTED);
}

static int dispatch(int argc, char **argv, struct err *err)
{
	const struct command *command;
	const char *name;

	if (argc < 2)
		return err_set(err, ERR_USAGE, -1,
			"no command was given: ringload --help lists them, ringload demo shows it "
			"at work");
	name = command_name(argv[1]);
	command = command_find(name);
	if (!command)
		return command_unknown(name, err);
	if (command->drives_load)
		interrupt_expect(end_early);
	return command->run(command, argc - 2, argv + 2, err);
}

int main(int argc, char **argv)
{
	struct err err = {0};
	int status;

	mallopt(M_MMAP_THRESHOLD, LARGE_BLOCK_BYTES);
	status = dispatch(argc, argv, &err);
	if (status >= 0)
		return status;
	log_error("%s", err.text);
	/* A failure that was given no class is the machine's. */
	return exit_decide(err.kind == ERR_NONE ? ERR_ENVIRONMENT : err.kind, NULL);
}
