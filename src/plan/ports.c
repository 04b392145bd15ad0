/* SPDX-License-Identifier: MIT */
#include "plan/ports.h"

#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/units.h"
#include "plan/source.h"

#define SYSCTL_BYTES 65536

/* Appends the value of net.ipv4.NAME; nothing when it cannot be read. */
static void read_sysctl(struct buf *text, const char *root, const char *name)
{
	char path[4096];

	snprintf(path, sizeof(path), "%s/proc/sys/net/ipv4/%s", root, name);
	file_read(path, SYSCTL_BYTES, text, NULL);
}

/* How many of a list like "8080,9000-9010" lie in the range. */
static uint32_t count_reserved(const char *list, const struct ports *ports)
{
	uint32_t count = 0;
	char *end;

	for (;; list = end + 1) {
		unsigned long from = strtoul(list, &end, 10), to = from;

		if (end == list)
			return count;
		if (*end == '-')
			to = strtoul(end + 1, &end, 10);
		if (from < ports->lowest)
			from = ports->lowest;
		if (to > ports->highest)
			to = ports->highest;
		if (to >= from)
			count += (uint32_t)(to - from + 1);
		if (*end != ',')
			return count;
	}
}

void ports_read(struct ports *ports, const char *root)
{
	struct buf range = {0}, reserved = {0}, reuse = {0};
	unsigned int lowest, highest;

	*ports = (struct ports){.lowest = 32768, .highest = 60999, .tw_reuse = 2};
	read_sysctl(&range, root, "ip_local_port_range");
	read_sysctl(&reserved, root, "ip_local_reserved_ports");
	read_sysctl(&reuse, root, "tcp_tw_reuse");
	if (sscanf(buf_string(&range), "%u %u", &lowest, &highest) == 2 && lowest <= highest &&
		highest <= 65535) {
		ports->lowest = lowest;
		ports->highest = highest;
	}
	ports->reserved = count_reserved(buf_string(&reserved), ports);
	if (reuse.length_bytes)
		ports->tw_reuse = (unsigned int)strtoul(buf_string(&reuse), NULL, 10);
	buf_release(&range);
	buf_release(&reserved);
	buf_release(&reuse);
}

static bool is_loopback(const struct plan_address *address)
{
	const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)&address->sockaddr;
	const struct sockaddr_in *in = (const struct sockaddr_in *)&address->sockaddr;

	if (address->sockaddr.ss_family == AF_INET)
		return ntohl(in->sin_addr.s_addr) >> 24 == 127;
	return IN6_IS_ADDR_LOOPBACK(&in6->sin6_addr);
}

/* What lies in TIME_WAIT at the asked rate, on one of count addresses. */
static uint64_t lingering(const struct plan *plan, unsigned int linger_s)
{
	double per_second = (double)plan->rate_mrps / 1e3 / (double)plan->address_count;

	return (uint64_t)(per_second * linger_s + 0.5);
}

bool ports_budget(const struct ports *ports, const struct plan *plan, size_t address,
	struct ports_budget *budget)
{
	const struct plan_address *its = &plan->addresses[address];
	int family = its->sockaddr.ss_family;

	*budget = (struct ports_budget){.sources = 1};
	if (family != AF_INET && family != AF_INET6)
		return false;
	if (plan->sources.range_count)
		budget->sources = source_count(&plan->sources, family);
	budget->available = (ports->highest - ports->lowest + 1 - ports->reserved) *
			    budget->sources;
	/* Connection i of the run goes to address i modulo their count. */
	budget->open = plan->connections / plan->address_count +
		       (address < plan->connections % plan->address_count);
	if (!plan->no_keepalive || plan->reset_on_close)
		return true;
	budget->linger_s = ports->tw_reuse == 1 || (ports->tw_reuse == 2 && is_loopback(its))
				   ? 1
				   : PORTS_TIME_WAIT_S;
	budget->has_lingering = plan->open_loop;
	if (plan->open_loop)
		budget->lingering = lingering(plan, budget->linger_s);
	return true;
}

int ports_check(const struct ports *ports, const struct plan *plan, struct err *err)
{
	for (size_t i = 0; i < plan->address_count; i++) {
		char open[UNITS_TEXT_BYTES], available[UNITS_TEXT_BYTES];
		struct ports_budget budget;

		if (!ports_budget(ports, plan, i, &budget) || budget.open <= budget.available)
			continue;
		return err_set(err, ERR_ENVIRONMENT, -EADDRNOTAVAIL,
			"%s connections to %s need as many local ports, there are %s: connect from "
			"more addresses with --source, as in --source 127.0.0.0/24 for a target on "
			"this host, or widen the range with \"sysctl -w "
			"net.ipv4.ip_local_port_range='1024 65535'\" (it is %" PRIu32 " to %" PRIu32
			", %" PRIu32 " of them reserved)",
			units_format_count(open, budget.open), plan->addresses[i].text,
			units_format_count(available, budget.available), ports->lowest,
			ports->highest, ports->reserved);
	}
	return 0;
}
