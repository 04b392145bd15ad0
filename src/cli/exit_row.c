/* SPDX-License-Identifier: MIT */
#include "cli/exit_row.h"

#include <stddef.h>

#include "analysis/exit.h"

#define USAGE                                                 \
	{                                                     \
		EXIT_USAGE, "the command line makes no sense" \
	}
#define ENVIRONMENT "this machine cannot do it: the message names what is in the way"

static const struct exit_row all[] = {
	{EXIT_PASS, "the run is valid and every threshold was met"},
	{EXIT_THRESHOLD, "a threshold was missed, or a breach ended the run early"},
	USAGE,
	{EXIT_ENVIRONMENT, ENVIRONMENT},
	{EXIT_INVALID, "the measurement is not valid: the report says why"},
	{EXIT_UNREACHABLE, "the target accepted no connection or sent not one response"},
	{EXIT_INTERRUPTED, "interrupted; what was measured until then was reported"},
	{0, NULL},
};

static const struct exit_row of_breakpoint[] = {
	{EXIT_PASS, "an interval was found; or all was borne up to --highest, or the whole ladder"},
	{EXIT_THRESHOLD,
		"the lowest load failed already, or the lowest that can be told within --budget"},
	USAGE,
	{EXIT_ENVIRONMENT, ENVIRONMENT},
	{EXIT_INVALID,
		"the generator's own limit, undecided within --budget, or the server went away"},
	{EXIT_UNREACHABLE, "no connection was accepted, or not one response came in any trial"},
	{EXIT_INTERRUPTED,
		"interrupted; the trial under way was ended and the interval so far reported"},
	{0, NULL},
};

static const struct exit_row of_probe[] = {
	{EXIT_PASS, "measured, for --duration or until Ctrl-C"},
	USAGE,
	{EXIT_ENVIRONMENT, ENVIRONMENT},
	{EXIT_UNREACHABLE, "not one connection was seen on the port"},
	{EXIT_INTERRUPTED, "interrupted before --duration was over; what there was is reported"},
	{0, NULL},
};

static const struct exit_row of_calibrate[] = {
	{EXIT_PASS, "measured, and kept unless a better calibration is there"},
	USAGE,
	{EXIT_ENVIRONMENT, ENVIRONMENT},
	{EXIT_INVALID, "the machine was too busy for any rate to be valid"},
	{EXIT_INTERRUPTED, "interrupted: nothing was calibrated"},
	{0, NULL},
};

static const struct exit_row of_doctor[] = {
	{EXIT_PASS, "a load can be driven, whatever else is limited or missing"},
	USAGE,
	{EXIT_ENVIRONMENT, "not even a load can be driven, or the findings cannot be written"},
	{0, NULL},
};

static const struct {
	const struct command *command;
	const struct exit_row *rows;
} commands[] = {
	{&run_command, all},
	{&demo_command, all},
	{&breakpoint_command, of_breakpoint},
	{&probe_command, of_probe},
	{&calibrate_command, of_calibrate},
	{&doctor_command, of_doctor},
};

const struct exit_row *exit_row_all(void)
{
	return all;
}

const struct exit_row *exit_row_of(const struct command *command)
{
	for (size_t i = 0; i < sizeof(commands) / sizeof(*commands); i++)
		if (commands[i].command == command)
			return commands[i].rows;
	return NULL;
}
