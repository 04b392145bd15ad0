/* SPDX-License-Identifier: MIT */
#include "cli/ladder.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/nearest.h"
#include "base/units.h"

static const struct {
	const char *name, *rungs;
} named[] = {
	{"steps", LADDER_STEPS},
	{"stress", LADDER_STRESS},
	{"high-rate", LADDER_HIGH_RATE},
};

static int unknown_name(const char *name, struct err *err)
{
	struct nearest nearest;
	size_t i;

	nearest_init(&nearest, name, strlen(name));
	for (i = 0; i < sizeof(named) / sizeof(*named); i++)
		nearest_offer(&nearest, named[i].name);
	if (nearest.best)
		return err_set(err, ERR_USAGE, -EINVAL, "\"%s\" is not a ladder: did you mean %s?",
			name, nearest.best);
	return err_set(err, ERR_USAGE, -EINVAL,
		"\"%s\" is not a ladder: expected steps, stress, high-rate, or rates as in "
		"1k,2k,5k",
		name);
}

static int take_rung(const char *text, double *rungs, size_t *count, struct err *err)
{
	uint64_t rate_mrps;
	int code = units_parse_rate(text, &rate_mrps, err);

	if (code < 0)
		return code;
	if (*count == STEPPER_RUNGS)
		return err_set(err, ERR_USAGE, -ERANGE,
			"\"%s\" is one rate too many: expected at most %d", text, STEPPER_RUNGS);
	if ((double)rate_mrps / 1e3 <= (*count ? rungs[*count - 1] : 0))
		return err_set(err, ERR_USAGE, -EINVAL,
			"\"%s\" is not above the rate before it: expected rates that rise, as in "
			"1k,2k,5k",
			text);
	rungs[(*count)++] = (double)rate_mrps / 1e3;
	return 0;
}

static int take_list(const char *list, double *rungs, size_t *count, struct err *err)
{
	char *copy = strdup(list), *rest = copy, *text;
	int code = 0;

	if (!copy)
		return err_set_errno(err, ERR_ENVIRONMENT, -ENOMEM, "cannot read the ladder");
	while (code >= 0 && (text = strsep(&rest, ",")))
		code = take_rung(text, rungs, count, err);
	free(copy);
	return code;
}

int ladder_parse(const char *text, double rungs[STEPPER_RUNGS], size_t *count, struct err *err)
{
	size_t i;

	*count = 0;
	for (i = 0; i < sizeof(named) / sizeof(*named); i++)
		if (!strcmp(named[i].name, text))
			return take_list(named[i].rungs, rungs, count, err);
	if (isalpha((unsigned char)*text))
		return unknown_name(text, err);
	return take_list(text, rungs, count, err);
}
