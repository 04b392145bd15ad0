/* SPDX-License-Identifier: MIT */
#include "run/embedded.h"

#include <stdio.h>
#include <string.h>

#include "plan/topology.h"

static int divide_cpus(struct embedded *embedded, struct err *err)
{
	struct cpulist others = {0};
	struct topology topology;
	unsigned int cpu;
	int code = topology_read(&topology, "/", err);

	if (code < 0)
		return code;
	embedded->cpu = cpulist_next(&topology.allowed, 0);
	for (cpu = embedded->cpu; cpu < CPULIST_LIMIT;
		cpu = cpulist_next(&topology.allowed, cpu + 1))
		embedded->cpu = cpu;
	for (cpu = cpulist_next(&topology.allowed, 0); cpu < embedded->cpu;
		cpu = cpulist_next(&topology.allowed, cpu + 1))
		cpulist_add(&others, cpu);
	cpulist_format(embedded->cpus, sizeof(embedded->cpus), &others);
	topology_release(&topology);
	return 0;
}

int embedded_open(struct embedded *embedded, const char *route, struct err *err)
{
	static const char *const address = "127.0.0.1:0";
	struct target_options options = {
		.addresses = &address,
		.address_count = 1,
		.worker_count = 1,
		.cpus = &embedded->cpu,
		.routes = &embedded->routes,
		.seed = 1,
	};
	int code;

	memset(embedded, 0, sizeof(*embedded));
	code = divide_cpus(embedded, err);
	if (code >= 0 && route)
		code = route_set_add(&embedded->routes, route, err);
	if (code >= 0)
		code = route_set_finish(&embedded->routes, err);
	if (code >= 0)
		code = target_open(&embedded->target, &options, err);
	if (code < 0)
		embedded_close(embedded);
	else
		snprintf(embedded->url, sizeof(embedded->url), "http://%s/",
			target_address(embedded->target, 0));
	return code;
}

void embedded_close(struct embedded *embedded)
{
	target_close(embedded->target);
	route_set_release(&embedded->routes);
	memset(embedded, 0, sizeof(*embedded));
}
