/* SPDX-License-Identifier: MIT */
#include "plan/locality.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <limits.h>
#include <net/route.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/procfs.h"
#include "plan/unixsock.h"

#define LINE_BYTES   512
#define LINE_LIMIT   200000U /* lines of one kernel file that are looked at */
#define SOCKET_LIMIT 1024U   /* listening sockets of one target (SO_REUSEPORT: one a thread) */
#define LISTENING    0x0aU   /* TCP_LISTEN in the "st" column */

/* An address reduced to what the kernel's tables hold: IPv4 also as IPv6-mapped. */
struct endpoint {
	bool is_v4;
	uint16_t port;
	struct in_addr v4;
	struct in6_addr v6;
};

struct sockets {
	uint64_t inodes[SOCKET_LIMIT];
	size_t count;
};

static bool is_unix(const struct plan_address *address)
{
	return address->sockaddr.ss_family == AF_UNIX;
}

static struct endpoint endpoint_of(const struct plan_address *address)
{
	struct endpoint endpoint = {0};

	if (address->sockaddr.ss_family == AF_INET) {
		const struct sockaddr_in *in = (const struct sockaddr_in *)&address->sockaddr;

		endpoint.is_v4 = true;
		endpoint.v4 = in->sin_addr;
		endpoint.port = ntohs(in->sin_port);
		endpoint.v6.s6_addr[10] = endpoint.v6.s6_addr[11] = 0xff;
		memcpy(&endpoint.v6.s6_addr[12], &in->sin_addr, sizeof(in->sin_addr));
	} else {
		const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)&address->sockaddr;

		endpoint.v6 = in6->sin6_addr;
		endpoint.port = ntohs(in6->sin6_port);
		endpoint.is_v4 = IN6_IS_ADDR_V4MAPPED(&in6->sin6_addr);
		memcpy(&endpoint.v4, &in6->sin6_addr.s6_addr[12], sizeof(endpoint.v4));
	}
	return endpoint;
}

static FILE *open_below(const char *root, const char *name)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", root, name);
	return fopen(path, "re");
}

/* The trie lists "|-- ADDRESS" and below it one line per entry; "/32 host LOCAL" is this host's. */
static bool is_local_v4(const char *root, const char *net, struct in_addr wanted)
{
	char line[LINE_BYTES], text[INET_ADDRSTRLEN], expected[INET_ADDRSTRLEN], name[64];
	bool here = false, found = false;
	FILE *file;

	if (ntohl(wanted.s_addr) >> 24 == IN_LOOPBACKNET || wanted.s_addr == INADDR_ANY)
		return true;
	inet_ntop(AF_INET, &wanted, expected, sizeof(expected));
	snprintf(name, sizeof(name), "%s/fib_trie", net);
	file = open_below(root, name);
	for (unsigned int n = 0; file && !found && n < LINE_LIMIT; n++) {
		if (!fgets(line, sizeof(line), file))
			break;
		if (sscanf(line, " |-- %15s", text) == 1)
			here = strcmp(text, expected) == 0;
		else if (here && strstr(line, "host LOCAL"))
			found = true;
	}
	if (file)
		fclose(file);
	return found;
}

static bool is_local_v6(const char *root, const char *net, const struct in6_addr *wanted)
{
	char line[LINE_BYTES], expected[33], name[64];
	bool found = false;
	FILE *file;

	if (IN6_IS_ADDR_LOOPBACK(wanted) || IN6_IS_ADDR_UNSPECIFIED(wanted))
		return true;
	for (size_t i = 0; i < 16; i++)
		snprintf(expected + 2 * i, 3, "%02x", wanted->s6_addr[i]);
	snprintf(name, sizeof(name), "%s/if_inet6", net);
	file = open_below(root, name);
	for (unsigned int n = 0; file && !found && n < LINE_LIMIT; n++) {
		if (!fgets(line, sizeof(line), file))
			break;
		found = strncmp(line, expected, 32) == 0;
	}
	if (file)
		fclose(file);
	return found;
}

/* net: the folder that shows the network namespace. */
static bool is_local(const char *root, const char *net, const struct endpoint *endpoint)
{
	return endpoint->is_v4 ? is_local_v4(root, net, endpoint->v4)
			       : is_local_v6(root, net, &endpoint->v6);
}

bool locality_is_of(
	const char *root, uint32_t pid, const struct plan_address *addresses, size_t address_count)
{
	char net[64];

	snprintf(net, sizeof(net), "proc/%" PRIu32 "/net", pid);
	for (size_t i = 0; i < address_count; i++) {
		struct endpoint endpoint;

		if (is_unix(&addresses[i]))
			continue;
		endpoint = endpoint_of(&addresses[i]);
		if (is_local(root, net, &endpoint))
			return true;
	}
	return false;
}

static void add_socket(struct sockets *sockets, uint64_t inode)
{
	for (size_t i = 0; i < sockets->count; i++) {
		if (sockets->inodes[i] == inode)
			return;
	}
	if (inode && sockets->count < SOCKET_LIMIT)
		sockets->inodes[sockets->count++] = inode;
}

/*
 * One line of proc/net/tcp or tcp6: whether a socket listens there for the endpoint. The kernel
 * prints each 32-bit word of an address as the number this machine takes it for, so that reading
 * it back gives the same bytes. A wildcard of IPv6 takes IPv4 too unless IPV6_V6ONLY is set, which
 * the line does not say: it counts.
 */
static bool listens_for(const char *line, const struct endpoint *endpoint, uint64_t *inode)
{
	uint32_t word[4] = {0};
	unsigned int port, state;

	if (sscanf(line, " %*u: %8x%8x%8x%8x:%x %*x:%*x %x %*x:%*x %*x:%*x %*x %*u %*u %" SCNu64,
		    &word[0], &word[1], &word[2], &word[3], &port, &state, inode) == 7)
		return state == LISTENING && port == endpoint->port &&
		       (!(word[0] | word[1] | word[2] | word[3]) ||
			       memcmp(word, &endpoint->v6, sizeof(word)) == 0);
	if (sscanf(line, " %*u: %8x:%x %*x:%*x %x %*x:%*x %*x:%*x %*x %*u %*u %" SCNu64, &word[0],
		    &port, &state, inode) == 4)
		return endpoint->is_v4 && state == LISTENING && port == endpoint->port &&
		       (word[0] == 0 || word[0] == endpoint->v4.s_addr);
	return false;
}

static void find_unix_sockets(
	struct sockets *sockets, const char *root, const struct plan_address *address)
{
	FILE *file = open_below(root, "proc/net/unix");
	char line[LINE_BYTES], name[UNIXSOCK_BYTES + 1];
	uint64_t inode;

	unixsock_name(name, address);
	for (unsigned int n = 0; file && n < LINE_LIMIT; n++) {
		if (!fgets(line, sizeof(line), file))
			break;
		if (procfs_listens_unix(line, name, &inode))
			add_socket(sockets, inode);
	}
	if (file)
		fclose(file);
}

static void find_sockets(struct sockets *sockets, const char *root, const struct endpoint *endpoint)
{
	static const char *const tables[] = {"proc/net/tcp", "proc/net/tcp6"};

	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
		FILE *file = open_below(root, tables[i]);
		char line[LINE_BYTES];
		uint64_t inode;

		/* Listening sockets come first, so the limit costs none on a busy machine. */
		for (unsigned int n = 0; file && n < LINE_LIMIT; n++) {
			if (!fgets(line, sizeof(line), file))
				break;
			if (listens_for(line, endpoint, &inode))
				add_socket(sockets, inode);
		}
		if (file)
			fclose(file);
	}
}

/* A search through processes. */
struct search {
	const struct sockets *sockets;
	const struct topology *topology;
	struct cpulist *found;
	bool holds; /* the process at hand has one of the sockets */
	unsigned int links_left, threads_left;
};

static bool visit_descriptor(const char *path, uint64_t number, void *context)
{
	struct search *search = context;
	uint64_t inode;

	(void)number;
	if (search->links_left == 0)
		return false;
	search->links_left--;
	if (!procfs_link(path, "socket", &inode))
		return true;
	for (size_t i = 0; i < search->sockets->count && !search->holds; i++)
		search->holds = search->sockets->inodes[i] == inode;
	return !search->holds;
}

/*
 * A thread is bound when it may run on one CPU only, or not on all of those this process may use.
 * One that may run wherever this process may (both in one container) is free from where we stand.
 */
static bool visit_thread(const char *path, uint64_t number, void *context)
{
	struct search *search = context;
	char status[PATH_MAX + sizeof("/status")];
	struct cpulist cpus;

	(void)number;
	if (search->threads_left == 0)
		return false;
	search->threads_left--;
	snprintf(status, sizeof(status), "%s/status", path);
	if (topology_status_cpus(status, &cpus))
		return true;
	cpulist_intersect(&cpus, &search->topology->online);
	if (cpulist_count(&cpus) == 1 || !cpulist_contains(&cpus, &search->topology->allowed))
		cpulist_unite(search->found, &cpus);
	return true;
}

static bool visit_process(const char *path, uint64_t number, void *context)
{
	struct search *search = context;
	char folder[PATH_MAX + sizeof("/task")];

	(void)number;
	search->holds = false;
	snprintf(folder, sizeof(folder), "%s/fd", path);
	procfs_each(folder, visit_descriptor, search);
	if (search->holds) {
		snprintf(folder, sizeof(folder), "%s/task", path);
		procfs_each(folder, visit_thread, search);
	}
	return search->links_left > 0 && search->threads_left > 0;
}

/* Of the routes that are up, the one with the longest mask, then the lowest metric. */
static bool find_interface(const char *root, struct in_addr wanted, char name[16])
{
	FILE *file = open_below(root, "proc/net/route");
	uint32_t destination, mask, best_mask = 0;
	unsigned int flags, metric, best_metric = 0;
	char line[LINE_BYTES], candidate[16];
	bool found = false;

	for (unsigned int n = 0; file && n < LINE_LIMIT; n++) {
		if (!fgets(line, sizeof(line), file))
			break;
		if (sscanf(line, "%15s %x %*x %x %*u %*u %u %x", candidate, &destination, &flags,
			    &metric, &mask) != 5)
			continue;
		if (!(flags & RTF_UP) || (wanted.s_addr & mask) != destination)
			continue;
		if (found && (ntohl(mask) < ntohl(best_mask) ||
				     (mask == best_mask && metric >= best_metric)))
			continue;
		found = true;
		best_mask = mask;
		best_metric = metric;
		strcpy(name, candidate);
	}
	if (file)
		fclose(file);
	return found;
}

static int node_towards(const char *root, const struct endpoint *endpoint)
{
	char name[16], path[64];
	FILE *file;
	int node = -1;

	if (!endpoint->is_v4 || !find_interface(root, endpoint->v4, name))
		return -1;
	snprintf(path, sizeof(path), "sys/class/net/%s/device/numa_node", name);
	file = open_below(root, path);
	if (file) {
		if (fscanf(file, "%d", &node) != 1 || node < 0)
			node = -1;
		fclose(file);
	}
	return node;
}

void locality_find(struct locality *locality, const char *root, const struct topology *topology,
	const struct plan_address *addresses, size_t address_count)
{
	struct sockets sockets = {.count = 0};
	struct search search = {
		.sockets = &sockets,
		.topology = topology,
		.found = &locality->target_cpus,
		.links_left = LOCALITY_LINK_LIMIT,
		.threads_left = LOCALITY_THREAD_LIMIT,
	};
	char processes[PATH_MAX];

	*locality = (struct locality){.near_node = -1};
	for (size_t i = 0; i < address_count; i++) {
		struct endpoint endpoint;

		if (is_unix(&addresses[i])) {
			locality->on_this_host = true;
			find_unix_sockets(&sockets, root, &addresses[i]);
			continue;
		}
		endpoint = endpoint_of(&addresses[i]);
		if (is_local(root, "proc/net", &endpoint)) {
			locality->on_this_host = true;
			find_sockets(&sockets, root, &endpoint);
		} else if (locality->near_node < 0) {
			locality->near_node = node_towards(root, &endpoint);
		}
	}
	if (sockets.count == 0)
		return;
	snprintf(processes, sizeof(processes), "%s/proc", root);
	procfs_each(processes, visit_process, &search);
}
