/* SPDX-License-Identifier: MIT */
#include "doctor/judge_uring.h"

#include <inttypes.h>

#define SWITCH "/proc/sys/kernel/io_uring_disabled"

void judge_uring_allowed(const struct check *check, struct sight *sight, struct finding *finding)
{
	uint64_t disabled;

	(void)check;
	if (!sight_exists(sight, "/proc/sys/kernel"))
		finding_say(finding, FINDING_UNKNOWN, "the kernel's settings cannot be read");
	else if (!sight_number(sight, &disabled, SWITCH))
		finding_say(finding, FINDING_OK, "this kernel has no switch for it");
	else if (disabled == 0)
		finding_say(finding, FINDING_OK, "0: everybody may use it");
	else if (sight->live->ring.code == 0)
		finding_say(finding, FINDING_OK, "%" PRIu64 ": not everybody, but this user may",
			disabled);
	else if (disabled == 1)
		finding_say(finding, FINDING_MISSING,
			"1: only for CAP_SYS_ADMIN and the group of kernel.io_uring_group");
	else
		finding_say(finding, FINDING_MISSING, "%" PRIu64 ": nobody may use it", disabled);
}

void judge_uring_ring(const struct check *check, struct sight *sight, struct finding *finding)
{
	const struct live_try *ring = &sight->live->ring;

	(void)check;
	if (ring->code == 0)
		finding_say(finding, FINDING_OK, "a ring as workers use it can be made");
	else
		finding_say(finding, FINDING_MISSING, "%s", ring->reason.text);
}

void judge_uring_feature(const struct check *check, struct sight *sight, struct finding *finding)
{
	const char *features = (const char *)&sight->live->features;

	if (sight->live->ring.code)
		finding_say(finding, FINDING_UNKNOWN, "not known without a ring");
	else if (*(const bool *)(features + check->number))
		finding_say(finding, FINDING_OK, "this kernel has it");
	else
		finding_say(finding, FINDING_LIMITED, "this kernel does not have it");
}
