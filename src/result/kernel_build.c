/* SPDX-License-Identifier: MIT */
#include "result/kernel_build.h"

#include "result/kernel_block.h"

static void read_probe(const struct probe *probe, struct kernel_readings *readings)
{
	*readings = (struct kernel_readings){
		.stages = probe_stages(probe),
		.sample = probe_sample(probe),
		.missed = probe_missed(probe),
		.takes_turns = probe_takes_turns(probe),
		.looked_share = probe_looked_share(probe),
		.looks_error = probe_looks_error(probe),
		.pid = probe_pid(probe),
	};
	readings->hook_count = probe_hooks(probe, &readings->hooks);
	readings->thread_count = probe_threads(probe, &readings->threads);
	readings->slowest_count = probe_slowest(probe, &readings->slowest);
	probe_open_requests(probe, &readings->open);
	readings->has_overhead = probe_overhead_ns(
		probe, &readings->overhead_ns, &readings->overhead_reason);
	probe_profile(probe, &readings->profile);
}

int kernel_build(struct result_kernel *kernel, const struct kernel_input *input, struct err *err)
{
	struct kernel_readings readings;

	if (input->probe)
		read_probe(input->probe, &readings);
	return kernel_block_fill(kernel, input, input->probe ? &readings : NULL, err);
}
