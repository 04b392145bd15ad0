/* SPDX-License-Identifier: MIT */
#include "result/result_kernel.h"

#include <stdlib.h>
#include <string.h>

static const char *const counter_keys[RESULT_KERNEL_COUNTER_COUNT] = {
	[RESULT_KERNEL_RETRANSMITS] = "retransmits",
	[RESULT_KERNEL_RESETS_SENT] = "resets_sent",
	[RESULT_KERNEL_RESETS_RECEIVED] = "resets_received",
	[RESULT_KERNEL_HANDOFFS] = "handoffs",
	[RESULT_KERNEL_OPENED] = "opened",
	[RESULT_KERNEL_SEEDED] = "seeded",
	[RESULT_KERNEL_CLOSED] = "closed",
	[RESULT_KERNEL_SPLIT] = "split",
	[RESULT_KERNEL_PIPELINED] = "pipelined",
	[RESULT_KERNEL_ABANDONED] = "abandoned",
	[RESULT_KERNEL_NO_ARRIVAL] = "no_arrival",
	[RESULT_KERNEL_SPAN_UNKNOWN] = "span_unknown",
	[RESULT_KERNEL_LISTEN_OVERFLOWS] = "listen_overflows",
	[RESULT_KERNEL_LISTEN_DROPS] = "listen_drops",
	[RESULT_KERNEL_SYN_COOKIES] = "syn_cookies",
	[RESULT_KERNEL_SYN_DROPS] = "syn_drops",
	[RESULT_KERNEL_THROTTLED_NS] = "throttled_ns",
	[RESULT_KERNEL_THROTTLED_PERIODS] = "throttled_periods",
	[RESULT_KERNEL_LOST] = "lost",
	[RESULT_KERNEL_MISSED] = "missed",
};

const char *result_kernel_counter_key(enum result_kernel_counter_kind counter)
{
	return (unsigned int)counter < RESULT_KERNEL_COUNTER_COUNT ? counter_keys[counter] : NULL;
}

static void release_rows(struct result_kernel *kernel)
{
	for (size_t i = 0; i < kernel->hook_count; i++) {
		free(kernel->hooks[i].stage);
		free(kernel->hooks[i].hook);
		free(kernel->hooks[i].missing);
	}
	free(kernel->hooks);
	for (size_t i = 0; i < kernel->worker_count; i++)
		free(kernel->workers[i].name);
	free(kernel->workers);
	for (size_t i = 0; i < kernel->slowest_count; i++)
		free(kernel->slowest[i].client);
	free(kernel->slowest);
	for (size_t i = 0; i < kernel->profile.stack_count; i++)
		free(kernel->profile.stacks[i].frames);
	free(kernel->profile.stacks);
}

void result_kernel_release(struct result_kernel *kernel)
{
	release_rows(kernel);
	free(kernel->reason);
	free(kernel->ports);
	free(kernel->mix);
	free(kernel->overhead_reason);
	free(kernel->residual_reason);
	free(kernel->softirq_reason);
	free(kernel->profile.reason);
	for (size_t i = 0; i < PROBE_ABI_STAGE_COUNT; i++)
		free(kernel->stages[i].cells);
	for (size_t i = 0; i < RESULT_KERNEL_COUNTER_COUNT; i++)
		free(kernel->counters[i].reason);
	memset(kernel, 0, sizeof(*kernel));
}
