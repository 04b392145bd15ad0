/* SPDX-License-Identifier: MIT */
#include "cli/load.h"

#include <errno.h>
#include <string.h>

const char *const load_arrivals[] = {"constant", "poisson", NULL};
const char *const load_pacings[] = {"auto", "spin", "sleep", NULL};
const char *const load_sends[] = {"auto", "plain", "zero-copy", NULL};
const char *const load_probes[] = {"auto", "off", "require", NULL};

void load_init(struct load_values *values)
{
	*values = (struct load_values){0};
	scenario_init(&values->scenario);
}

void load_release(struct load_values *values)
{
	threshold_list_release(&values->thresholds);
	probing_release(&values->probing);
	scenario_release(&values->scenario);
}

static int take_body(struct load_values *values, struct err *err)
{
	if (values->body && values->body_file)
		return err_set(err, ERR_USAGE, -EINVAL,
			"--body-file: --body was given as well: give one of them");
	values->scenario.body = values->body;
	values->scenario.body_bytes = values->body ? strlen(values->body) : 0;
	values->scenario.body_file = values->body_file;
	return 0;
}

static int take_probing(
	struct load_values *values, const struct option_parse *parse, struct err *err)
{
	static const char *const options[] = {"probe-port", "probe-sample", "probe-budget",
		"probe-netns", "probe-cgroup", "probe-pid", "profile"};
	size_t i;

	values->attribution.mode = (enum attribution_mode)values->probe;
	for (i = 0; i < sizeof(options) / sizeof(*options); i++)
		if (values->probe == ATTRIBUTION_OFF && option_given(parse, options[i]))
			return err_set(err, ERR_USAGE, -EINVAL,
				"--%s: --probe off measures nothing there: leave one out",
				options[i]);
	return probing_take(&values->probing, "probe-", &values->attribution.probe, err);
}

static int take_thresholds(struct load_values *values, struct err *err)
{
	const struct scenario_list *expressions = &values->scenario.thresholds;
	size_t i;

	for (i = 0; i < expressions->count; i++) {
		int code = threshold_list_add(&values->thresholds, expressions->items[i], err);

		if (code < 0) {
			err_prefix(err, "--threshold: ");
			return code;
		}
	}
	return values->scenario.slo ? threshold_list_add_slo(&values->thresholds, err) : 0;
}

int load_take(struct load_values *values, const struct option_parse *parse, struct err *err)
{
	struct scenario *scenario = &values->scenario;
	int code;

	scenario->url = parse->operands[0];
	scenario->buffer_bytes = (uint32_t)values->buffer;
	scenario->has_max_in_flight = option_given(parse, "max-in-flight");
	scenario->has_seed = option_given(parse, "seed");
	code = take_probing(values, parse, err);
	if (code >= 0)
		code = observing_take(&values->observing, &values->observation, err);
	if (code >= 0)
		code = take_body(values, err);
	if (code >= 0)
		code = take_thresholds(values, err);
	return code;
}
