/* SPDX-License-Identifier: MIT */
#include "cli/measure.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/exit.h"

/* After the report: what is there of the run is worth having all the same. */
static int check_required(
	const struct run_options *options, const struct result *result, struct err *err)
{
	const struct result_kernel *kernel = &result->kernel;

	if (options->attribution.mode != ATTRIBUTION_REQUIRE || kernel->measured)
		return 0;
	return err_set(err, ERR_ENVIRONMENT, -ENODATA, "--probe require: not measured: %s",
		kernel->reason ? kernel->reason : "the probe saw nothing");
}

int measure_run(const struct scenario *scenario, const struct run_options *options,
	const struct output_paths *paths, struct err *err)
{
	struct result result;
	int code = output_check(paths, err);

	if (code < 0)
		return code;
	code = run_execute(scenario, options, &result, err);
	if (code >= 0) {
		code = output_run(&result, paths, err);
		if (code >= 0)
			code = check_required(options, &result, err);
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
