/* SPDX-License-Identifier: MIT */
#include "tests/unit/live_spoil.h"

#include <errno.h>
#include <string.h>

#include "base/clock.h"

void live_spoil_no_ring(struct live *live)
{
	memset(&live->features, 0, sizeof(live->features));
	live->ring.code = -EPERM;
	strcpy(live->ring.reason.text, "io_uring is switched off");
}

void live_spoil_old_ring(struct live *live)
{
	memset(&live->features, 0, sizeof(live->features));
}

void live_spoil_refuse(struct live *live, const char *stage, size_t first, size_t count)
{
	for (size_t i = 0; i < live->stage_count; i++)
		for (size_t j = first; j < first + count; j++) {
			struct live_try *its = &live->stages[i].tries[j];

			if (stage && strcmp(live->stages[i].stage->stage, stage) != 0)
				continue;
			its->code = -EINVAL;
			strcpy(its->reason.text, "this kernel has no such thing");
		}
}

void live_spoil_no_hooks(struct live *live)
{
	live_spoil_refuse(live, NULL, 0, HOOKS_ALTERNATIVE_LIMIT);
}

void live_spoil_second_send(struct live *live)
{
	live_spoil_refuse(live, "send", 0, 1);
}

void live_spoil_last_send(struct live *live)
{
	live_spoil_refuse(live, "send", 0, 2);
}

void live_spoil_last_read(struct live *live)
{
	live_spoil_refuse(live, "read", 0, 2);
}

void live_spoil_second_tx(struct live *live)
{
	live_spoil_refuse(live, "tx", 0, 1);
}

void live_spoil_no_stages(struct live *live)
{
	live->stage_count = 0;
}

void live_spoil_no_stamps(struct live *live)
{
	live->stamps.code = -EPERM;
	strcpy(live->stamps.reason.text, "receive stamps are refused");
}

void live_spoil_no_profile(struct live *live)
{
	live->profile.code = -EINVAL;
	strcpy(live->profile.reason.text, "kernel.perf_event_max_stack is 64");
}

void live_spoil_no_null_server(struct live *live)
{
	live->null_server.code = -EPERM;
	strcpy(live->null_server.reason.text, "seccomp");
}

void live_spoil_quick(struct live *live)
{
	live->quick = true;
}

void live_spoil_unmeasured(struct live *live)
{
	live->spin = (struct spin){.reason = "no thread could be put on a CPU"};
	live->late.count = 0;
}

void live_spoil_steal(struct live *live)
{
	live->spin.steal_ns = 100 * NS_PER_MS;
}

void live_spoil_no_steal(struct live *live)
{
	live->spin.has_steal = false;
}

void live_spoil_long_pause(struct live *live)
{
	live->spin.longest_ns = 4 * NS_PER_MS;
	live->spin.queued_ns = 400 * NS_PER_MS;
}

void live_spoil_many_pauses(struct live *live)
{
	live->spin.kept_ns = 200 * NS_PER_MS;
	live->spin.has_queued = false;
}

void live_spoil_late_timers(struct live *live)
{
	live->late.p99_ns = NS_PER_MS;
}

void live_spoil_few_queues(struct live *live)
{
	live->nics[0].most_queues = 2;
}
