/* SPDX-License-Identifier: MIT */
#include "run/obstacle.h"

#include "observe/listener.h"
#include "plan/locality.h"
#include "plan/topology.h"

static bool is_on_this_host(const struct plan *plan)
{
	struct topology topology;
	struct locality locality;

	if (topology_read(&topology, "/", NULL) < 0)
		return true; /* the cautious answer: nothing is claimed of another machine */
	locality_find(&locality, "/", &topology, plan->addresses, plan->address_count);
	topology_release(&topology);
	return locality.on_this_host;
}

bool obstacle_target(
	const struct plan *plan, const uint16_t *ports, size_t port_count, struct buf *reason)
{
	size_t i;

	for (i = 0; i < port_count; i++)
		if (listener_find(NULL, 0, "/", ports[i]))
			return false;
	if (is_on_this_host(plan))
		buf_printf(reason,
			"no process of this machine listens on port %u: --probe-port takes the "
			"port that the server itself listens on",
			ports[0]);
	else
		buf_printf(reason,
			"the server is on another machine: run ringload probe --port %u there",
			ports[0]);
	return true;
}
