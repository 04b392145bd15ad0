/* SPDX-License-Identifier: MIT */
#include "result/result_resources.h"

#include <stdlib.h>
#include <string.h>

void result_resources_release(struct result_resources *resources)
{
	free(resources->reason);
	for (size_t i = 0; i < RESOURCES_COUNTER_COUNT; i++)
		free(resources->counters[i].reason);
	for (size_t i = 0; i < RESOURCES_LEVEL_COUNT; i++)
		free(resources->levels[i].reason);
	free(resources->pss_reason);
	free(resources->growth.reason);
	for (size_t i = 0; i < resources->process_count; i++)
		free(resources->processes[i].name);
	free(resources->processes);
	memset(resources, 0, sizeof(*resources));
}
