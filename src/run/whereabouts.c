/* SPDX-License-Identifier: MIT */
#include "run/whereabouts.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "observe/cgroup.h"
#include "observe/listener.h"
#include "plan/locality.h"
#include "plan/topology.h"
#include "plan/unixsock.h"

#define OWN_NETNS "/proc/self/ns/net"

/* Processes of one port that are looked through. */
#define LISTENER_LIMIT 256

/* What the server is looked for by. */
struct search {
	struct whereabouts *found;
	const struct plan *plan; /* NULL: any address will do */
	uint64_t own_netns, asked_netns;
	uint64_t netns;    /* of the first process that fits */
	uint32_t netns_of; /* that process */
	bool ambiguous;    /* others fit in other namespaces */
	uint64_t look[WHEREABOUTS_NETNS_LIMIT];
	size_t look_count;
};

static uint64_t inode_of(const char *path)
{
	struct stat status;

	return stat(path, &status) < 0 ? 0 : status.st_ino;
}

static uint16_t port_of(const struct plan_address *address)
{
	const struct sockaddr_storage *any = &address->sockaddr;

	return ntohs(any->ss_family == AF_INET ? ((const struct sockaddr_in *)any)->sin_port
					       : ((const struct sockaddr_in6 *)any)->sin6_port);
}

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

/* Whether this process can be the one behind the target's address. */
static bool fits(const struct search *search, const struct listener *listener)
{
	const char *cgroup = search->found->probe.cgroup;

	if (cgroup && listener->pid && !cgroup_holds("/", cgroup, listener->pid))
		return false;
	if (search->asked_netns)
		return listener->netns == search->asked_netns;
	if (!search->plan)
		return true;
	if (search->found->on_this_host)
		return listener->netns == search->own_netns;
	return listener->pid && locality_is_of("/", listener->pid, search->plan->addresses,
					search->plan->address_count);
}

/* Another namespace in which a process listens. */
static void add_look(struct search *search, const struct listener *listener)
{
	struct whereabouts *found = search->found;
	size_t count = search->look_count;

	if (!listener->pid || listener->netns == search->own_netns)
		return;
	for (size_t i = 0; i < count; i++)
		if (search->look[i] == listener->netns)
			return;
	if (count == WHEREABOUTS_NETNS_LIMIT)
		return;
	snprintf(found->look[count], sizeof(found->look[count]), "/proc/%u/ns/net", listener->pid);
	found->look_paths[count] = found->look[count];
	search->look[search->look_count++] = listener->netns;
}

static void add_holder(struct whereabouts *found, uint32_t pid)
{
	if (!pid || found->holder_count == WHEREABOUTS_HOLDER_LIMIT)
		return;
	for (size_t i = 0; i < found->holder_count; i++)
		if (found->holders[i] == pid)
			return;
	found->holders[found->holder_count++] = pid;
}

/* The process behind a unix socket; an abstract one is of its namespace alone. */
static void look_unix(struct search *search, const struct plan_address *address)
{
	struct listener listeners[LISTENER_LIMIT];
	char name[UNIXSOCK_BYTES + 1];
	size_t count = listener_find_unix(
		listeners, LISTENER_LIMIT, "/", unixsock_name(name, address));

	for (size_t i = 0; i < count && i < LISTENER_LIMIT; i++) {
		if (*name == '@' && listeners[i].netns != search->own_netns)
			continue;
		search->found->listens = true;
		add_holder(search->found, listeners[i].pid);
		if (!search->found->pid)
			search->found->pid = listeners[i].pid;
	}
}

static void look(struct search *search, uint16_t port)
{
	struct listener listeners[LISTENER_LIMIT];
	size_t count = listener_find(listeners, LISTENER_LIMIT, "/", port), i;

	search->found->listens |= count > 0;
	for (i = 0; i < count && i < LISTENER_LIMIT; i++) {
		if (!fits(search, &listeners[i]))
			continue;
		add_look(search, &listeners[i]);
		add_holder(search->found, listeners[i].pid);
		if (!search->found->pid)
			search->found->pid = listeners[i].pid;
		if (!search->netns) {
			search->netns = listeners[i].netns;
			search->netns_of = listeners[i].pid;
		}
		search->ambiguous |= listeners[i].netns != search->netns;
	}
}

static void tell_netns(const struct search *search)
{
	struct whereabouts *found = search->found;

	if (!search->netns || search->ambiguous)
		return;
	if (search->netns == search->own_netns)
		snprintf(found->netns, sizeof(found->netns), OWN_NETNS);
	else
		snprintf(found->netns, sizeof(found->netns), "/proc/%u/ns/net", search->netns_of);
	found->probe.netns = found->netns;
}

void whereabouts_find(struct whereabouts *whereabouts, const struct plan *plan,
	const struct probe_options *options)
{
	struct search search = {.found = whereabouts, .own_netns = inode_of(OWN_NETNS)};
	struct probe_options *probe = &whereabouts->probe;
	bool of_target = plan && !options->port_count;
	size_t i;

	*whereabouts = (struct whereabouts){.probe = *options, .pid = options->pid};
	if (plan)
		whereabouts->on_this_host = is_on_this_host(plan);
	if (of_target && plan->addresses[0].sockaddr.ss_family == AF_UNIX) {
		whereabouts->is_unix = true;
		look_unix(&search, &plan->addresses[0]);
		return;
	}
	if (of_target) {
		search.plan = plan;
		probe->port_count = 1;
		probe->ports[0] = port_of(&plan->addresses[0]);
	}
	if (options->netns)
		search.asked_netns = inode_of(options->netns);
	for (i = 0; i < probe->port_count; i++)
		look(&search, probe->ports[i]);
	if (of_target && !options->netns && !options->cgroup && !options->pid)
		tell_netns(&search);
	if (!probe->netns) {
		probe->look_netns = whereabouts->look_paths;
		probe->look_count = search.look_count;
	}
}

bool whereabouts_stands(const struct whereabouts *whereabouts)
{
	char path[32];
	size_t i;

	if (whereabouts->probe.pid)
		return true; /* nobody else will do */
	if (!whereabouts->holder_count)
		return !whereabouts->on_this_host && !whereabouts->is_unix;
	for (i = 0; i < whereabouts->holder_count; i++) {
		snprintf(path, sizeof(path), "/proc/%u", whereabouts->holders[i]);
		if (access(path, F_OK) < 0)
			return false;
	}
	return true;
}

bool whereabouts_obstacle(const struct whereabouts *whereabouts, struct buf *reason)
{
	unsigned int port = whereabouts->probe.ports[0];

	if (whereabouts->is_unix) {
		buf_text(reason,
			"no TCP hooks: requests through a unix socket do not pass the stages the "
			"probe follows");
		return true;
	}
	if (whereabouts->listens)
		return false;
	if (whereabouts->on_this_host)
		buf_printf(reason,
			"no process of this machine listens on port %u: --probe-port takes the "
			"port that the server itself listens on",
			port);
	else
		buf_printf(reason,
			"the server is on another machine: run ringload probe --port %u there",
			port);
	return true;
}
