/* SPDX-License-Identifier: MIT */
#include "target/service.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/units.h"
#include "target/share.h"

/* Room for one time or share; longer text is no number. */
#define PART_BYTES 64

static int not_understood(const char *text, struct err *err)
{
	return err_set(err, ERR_USAGE, -EINVAL,
		"\"%s\" is not a service time: write fixed:2ms, exp:2ms or bimodal:1ms/50ms@10%%",
		text);
}

static int time_parse(const char *text, uint64_t *time_ns, struct err *err)
{
	int code = units_parse_duration(text, time_ns, err);

	if (code)
		return code;
	if (*time_ns > SERVICE_LONGEST_NS)
		return err_set(err, ERR_USAGE, -ERANGE,
			"\"%s\" is longer than a service time can be: at most 1h", text);
	return 0;
}

/* "USUAL/RARE@SHARE", cut at its two separators. */
static int bimodal_parse(
	struct service *service, const char *text, const char *parts, struct err *err)
{
	const char *slash = strchr(parts, '/');
	const char *at = slash ? strchr(slash, '@') : NULL;
	char usual[PART_BYTES], rare[PART_BYTES];
	int code;

	if (!at || slash - parts >= PART_BYTES || at - slash > PART_BYTES)
		return not_understood(text, err);
	snprintf(usual, sizeof(usual), "%.*s", (int)(slash - parts), parts);
	snprintf(rare, sizeof(rare), "%.*s", (int)(at - slash - 1), slash + 1);
	code = time_parse(usual, &service->usual_ns, err);
	if (!code)
		code = time_parse(rare, &service->rare_ns, err);
	if (!code)
		code = share_parse(at + 1, &service->rare_share, err);
	return code;
}

int service_parse(struct service *service, const char *text, struct err *err)
{
	static const char fixed[] = "fixed:", exponential[] = "exp:", bimodal[] = "bimodal:";

	*service = (struct service){.kind = SERVICE_FIXED};
	if (!strncmp(text, fixed, strlen(fixed)))
		return time_parse(text + strlen(fixed), &service->usual_ns, err);
	if (!strncmp(text, exponential, strlen(exponential))) {
		service->kind = SERVICE_EXPONENTIAL;
		return time_parse(text + strlen(exponential), &service->usual_ns, err);
	}
	if (!strncmp(text, bimodal, strlen(bimodal))) {
		service->kind = SERVICE_BIMODAL;
		return bimodal_parse(service, text, text + strlen(bimodal), err);
	}
	return not_understood(text, err);
}

uint64_t service_draw(const struct service *service, struct rng *rng)
{
	double time_ns;

	switch (service->kind) {
	case SERVICE_EXPONENTIAL:
		time_ns = rng_exponential(rng, (double)service->usual_ns);
		return time_ns < (double)SERVICE_LONGEST_NS ? (uint64_t)time_ns
							    : SERVICE_LONGEST_NS;
	case SERVICE_BIMODAL:
		return rng_below(rng, SHARE_WHOLE) < service->rare_share ? service->rare_ns
									 : service->usual_ns;
	case SERVICE_FIXED:
		break;
	}
	return service->usual_ns;
}
