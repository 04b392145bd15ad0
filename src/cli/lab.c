/* SPDX-License-Identifier: MIT */
/* `ringload lab`: a command in a private network whose server costs nothing. */
#include "lab/lab.h"

#include <errno.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/log.h"
#include "cli/command.h"
#include "scenario/scenario.h"

struct lab_values {
	uint32_t port;
	uint64_t body_bytes;
	struct scenario_list networks;
	bool counts;
};

#define VALUE(member) offsetof(struct lab_values, member)

static const struct option lab_option_rows[] = {
	{.group = "Server",
		.name = "port",
		.letter = 'p',
		.kind = OPTION_U32,
		.value = "N",
		.initial = "8080",
		.help = "port that is answered",
		.lowest = 1,
		.highest = UINT16_MAX,
		.offset = VALUE(port)},
	{.name = "body-bytes",
		.kind = OPTION_SIZE,
		.value = "SIZE",
		.initial = "100",
		.help = "body of each response",
		.highest = NULL_SERVER_BODY_BYTES_LIMIT,
		.offset = VALUE(body_bytes)},
	{.name = "network",
		.kind = OPTION_LIST,
		.value = "ADDRESS/BITS",
		.help = "addresses to give loopback beside its own, such as 10.0.0.1/8; may be "
			"repeated",
		.lowest = 1,
		.highest = 64,
		.offset = VALUE(networks)},
	{.group = "Output",
		.name = "counts",
		.kind = OPTION_FLAG,
		.help = "tell on standard error what the server saw, when the command has ended",
		.offset = VALUE(counts)},
	{.name = "help", .letter = 'h', .kind = OPTION_HELP, .help = "show this text"},
};

static int lab_execute(
	const struct lab_values *values, const struct option_parse *parse, struct err *err)
{
	struct null_server_counts counts = {0};
	struct lab_options options;
	int status, code;

	lab_options_init(&options);
	options.port = (uint16_t)values->port;
	options.body_bytes = values->body_bytes;
	options.networks = values->networks.items;
	options.network_count = values->networks.count;
	options.counts = &counts;
	/* operands has one place more than there are words, and it is NULL. */
	code = lab_run(&options, (char *const *)parse->operands, &status, err);
	if (code < 0)
		return code;
	if (values->counts)
		log_note("null server: %" PRIu64 " connections, %" PRIu64 " requests, %" PRIu64
			 " closed, %" PRIu64 " reset, %" PRIu64 " failed",
			counts.connections, counts.requests, counts.closed, counts.reset,
			counts.failed);
	return status;
}

static int lab_command_run(const struct command *command, int argc, char **argv, struct err *err)
{
	struct lab_values values = {.port = LAB_DEFAULT_PORT, .body_bytes = LAB_DEFAULT_BODY_BYTES};
	struct option_parse parse;
	int code = command_parse(command, argc, argv, &values, &parse, err);

	if (code >= 0 && !parse.help)
		code = lab_execute(&values, &parse, err);
	free(values.networks.items);
	option_parse_release(&parse);
	return code;
}

static const struct command_example lab_examples[] = {
	{"ringload lab -- sh -c 'ringload run $RINGLOAD_NULL_URL'",
		"what this machine's load generator can do when the server costs nothing"},
	{NULL, NULL},
};

const struct command lab_command = {
	.name = "lab",
	.summary = "run a command against the in-kernel null server",
	.operands = "COMMAND...",
	.operands_least = 1,
	.operands_most = SIZE_MAX,
	.about = "Runs COMMAND in a private network namespace in which a program in the kernel "
		 "answers "
		 "every request, so that a load generator is measured against nothing but itself. "
		 "The command finds the server's address in " LAB_URL_VARIABLE
		 ". Root is needed; nothing of the namespace outlives the command.\n\n"
		 "Requests must fit one segment, and are not pipelined. The exit code is the "
		 "command's.",
	.table = {.options = lab_option_rows,
		.count = sizeof(lab_option_rows) / sizeof(*lab_option_rows),
		.operands_end_options = true},
	.examples = lab_examples,
	.run = lab_command_run,
};
