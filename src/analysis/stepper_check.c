/* SPDX-License-Identifier: MIT */
#include <errno.h>

#include "analysis/lengths.h"
#include "analysis/stepper.h"
#include "base/clock.h"
#include "base/units.h"

static int check_rungs(const struct stepper_options *options, struct err *err)
{
	char rate[UNITS_TEXT_BYTES], before[UNITS_TEXT_BYTES];

	if (!options->rung_count || options->rung_count > STEPPER_RUNGS)
		return err_set(err, ERR_USAGE, -EINVAL,
			"--ladder has %zu loads: 1 to %d are possible", options->rung_count,
			STEPPER_RUNGS);
	for (size_t i = 0; i < options->rung_count; i++) {
		units_format_rate(rate, options->rungs[i]);
		if (!(options->rungs[i] > 0))
			return err_set(err, ERR_USAGE, -EINVAL,
				"--ladder: a load of \"%s\" is none, expected more than 0", rate);
		if (!i || options->rungs[i] > options->rungs[i - 1])
			continue;
		units_format_rate(before, options->rungs[i - 1]);
		return err_set(err, ERR_USAGE, -EINVAL,
			"--ladder: \"%s\" comes after \"%s\": each load must be higher than the "
			"one before",
			rate, before);
	}
	return 0;
}

static int check_range(const struct stepper_options *options, struct err *err)
{
	char rate[UNITS_TEXT_BYTES], bound[UNITS_TEXT_BYTES], lowest[UNITS_TEXT_BYTES];

	if (!(options->lowest_rps > 0) || options->lowest_rps > options->highest_rps)
		return err_set(err, ERR_USAGE, -EINVAL,
			"--lowest \"%s\" is not possible with --highest \"%s\": it must be above 0 "
			"and not above the highest",
			units_format_rate(rate, options->lowest_rps),
			units_format_rate(bound, options->highest_rps));
	if (options->first_rps < options->lowest_rps || options->first_rps > options->highest_rps)
		return err_set(err, ERR_USAGE, -ERANGE,
			"--first \"%s\" is not between --lowest \"%s\" and --highest \"%s\": "
			"change "
			"one of them",
			units_format_rate(rate, options->first_rps),
			units_format_rate(lowest, options->lowest_rps),
			units_format_rate(bound, options->highest_rps));
	return 0;
}

/* length_ns: 0: not given. */
static int check_shortest(const char *option, uint64_t length_ns, struct err *err)
{
	char text[UNITS_TEXT_BYTES], least[UNITS_TEXT_BYTES];

	if (!length_ns || length_ns >= LENGTHS_SHORTEST_NS)
		return 0;
	return err_set(err, ERR_USAGE, -ERANGE,
		"%s \"%s\" is too short to see whether the server keeps up: at least %s are needed",
		option, units_format_duration_exact(text, length_ns),
		units_format_duration_exact(least, LENGTHS_SHORTEST_NS));
}

static int check_lengths(const struct stepper_options *options, struct err *err)
{
	int code = check_shortest("--trial", options->trial_ns, err);

	if (!code)
		code = check_shortest("--confirm", options->confirm_ns, err);
	if (!code && options->rungs)
		code = check_shortest("--step-duration", options->rung_ns, err);
	return code;
}

static int check_ladder_budget(const struct stepper_options *options, struct err *err)
{
	char budget[UNITS_TEXT_BYTES], step[UNITS_TEXT_BYTES], needed[UNITS_TEXT_BYTES];
	uint64_t needed_ns;

	if (!options->rungs || !options->rung_ns)
		return 0;
	needed_ns = lengths_ladder(options, 0);
	if (options->budget_ns >= needed_ns)
		return 0;
	return err_set(err, ERR_USAGE, -ERANGE,
		"--budget \"%s\" is too short for a ladder of %zu step%s of %s, which take up to "
		"%s "
		"with what lies between them: ask for --budget %s, or for a shorter "
		"--step-duration",
		units_format_duration_exact(budget, options->budget_ns), options->rung_count,
		options->rung_count == 1 ? "" : "s",
		units_format_duration_exact(step, options->rung_ns),
		units_format_duration_exact(needed, needed_ns), needed);
}

int stepper_check(const struct stepper_options *options, struct err *err)
{
	char text[UNITS_TEXT_BYTES], other[UNITS_TEXT_BYTES];
	uint64_t longest_ns = options->rungs ? 0 : options->confirm_ns;
	int status = options->rungs ? check_rungs(options, err) : check_range(options, err);

	if (!status)
		status = check_lengths(options, err);
	if (status)
		return status;
	if (!(options->precision >= 0.001 && options->precision <= 0.5))
		return err_set(err, ERR_USAGE, -ERANGE,
			"--precision \"%s\" is out of range: 0.1%% to 50%% are possible",
			units_format_share(text, options->precision));
	if (options->budget_ns < 5 * NS_PER_S)
		return err_set(err, ERR_USAGE, -ERANGE,
			"--budget \"%s\" is too short: at least 5s are needed",
			units_format_duration_exact(text, options->budget_ns));
	if (longest_ns > options->budget_ns || options->trial_ns > options->budget_ns)
		return err_set(err, ERR_USAGE, -ERANGE,
			"--budget \"%s\" is shorter than one trial of \"%s\"",
			units_format_duration_exact(text, options->budget_ns),
			units_format_duration_exact(other,
				longest_ns > options->trial_ns ? longest_ns : options->trial_ns));
	if (options->confirm_ns && options->trial_ns > options->confirm_ns)
		return err_set(err, ERR_USAGE, -EINVAL,
			"--trial \"%s\" is longer than --confirm \"%s\"",
			units_format_duration_exact(text, options->trial_ns),
			units_format_duration_exact(other, options->confirm_ns));
	return check_ladder_budget(options, err);
}
