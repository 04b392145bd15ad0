/* SPDX-License-Identifier: MIT */
#include "cli/measure.h"

#include <stdlib.h>
#include <string.h>

#include "analysis/exit.h"
#include "run/output.h"

int measure_run(const struct scenario *scenario, const struct run_options *options,
	const char *json_path, struct err *err)
{
	struct result result;
	int code = output_check(json_path, err);

	if (code < 0)
		return code;
	code = run_execute(scenario, options, &result, err);
	if (code >= 0) {
		code = output_write(&result, json_path, err);
		if (code >= 0)
			code = (int)exit_decide(ERR_NONE, &result);
		result_release(&result);
	}
	run_end_signals();
	return code;
}

const char **measure_words(const struct command *command, int argc, char **argv)
{
	const char **words = calloc((size_t)argc + 2, sizeof(*words));

	if (!words)
		return NULL;
	words[0] = "ringload";
	words[1] = command->name;
	if (argc)
		memcpy(words + 2, argv, (size_t)argc * sizeof(*words));
	return words;
}
