/* SPDX-License-Identifier: MIT */
#include "cli/observing.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

const char *const observing_modes[] = {"auto", "off", NULL};

int observing_take(
	const struct observing_values *values, struct observation_options *options, struct err *err)
{
	char path[64];

	options->mode = (enum observation_mode)values->mode;
	options->pid = values->pid;
	if (!values->pid)
		return 0;
	if (options->mode == OBSERVATION_OFF)
		return err_set(err, ERR_USAGE, -EINVAL,
			"--observe-pid: --observe off reads nothing of it: leave one out");
	snprintf(path, sizeof(path), "/proc/%u", values->pid);
	if (access(path, F_OK) == 0)
		return 0;
	return err_set(
		err, ERR_USAGE, -ESRCH, "--observe-pid: there is no process %u", values->pid);
}
