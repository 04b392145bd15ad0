/* SPDX-License-Identifier: MIT */
#include "run/sources.h"

#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "net/rtnl.h"
#include "net/sock.h"
#include "plan/source.h"

void sources_fit(struct plan *plan, struct notes *notes)
{
	if (!plan->sources.range_count)
		return;
	for (size_t i = plan->address_count; i-- > 0;) {
		int family = plan->addresses[i].sockaddr.ss_family;

		if (source_count(&plan->sources, family))
			continue;
		if (notes)
			notes_add(notes,
				"%s is left out: --source has no IPv%d address to reach it from",
				plan->addresses[i].text, family == AF_INET ? 4 : 6);
		plan_drop_address(plan, i);
	}
}

static bool same_address(const struct sockaddr *a, const struct sockaddr_storage *b)
{
	if (!a || a->sa_family != b->ss_family)
		return false;
	if (a->sa_family == AF_INET)
		return ((const struct sockaddr_in *)a)->sin_addr.s_addr ==
		       ((const struct sockaddr_in *)b)->sin_addr.s_addr;
	return !memcmp(&((const struct sockaddr_in6 *)a)->sin6_addr,
		&((const struct sockaddr_in6 *)b)->sin6_addr, sizeof(struct in6_addr));
}

/* The interface packets to the target leave by; "lo" when that is not known. */
static void find_device(const struct plan *plan, int family, char name[IF_NAMESIZE])
{
	struct sockaddr_storage local;
	struct ifaddrs *all, *each;
	size_t i = 0;

	snprintf(name, IF_NAMESIZE, "lo");
	while (plan->addresses[i].sockaddr.ss_family != family)
		i++;
	if (sock_route((const struct sockaddr *)&plan->addresses[i].sockaddr,
		    plan->addresses[i].sockaddr_bytes, &local) ||
		getifaddrs(&all))
		return;
	for (each = all; each; each = each->ifa_next)
		if (same_address(each->ifa_addr, &local))
			snprintf(name, IF_NAMESIZE, "%s", each->ifa_name);
	freeifaddrs(all);
}

/* One address is added to the interface; a range at once is a route that makes it this host's. */
static int not_local(const struct plan *plan, const struct source_range *range,
	const struct sockaddr_storage *address, struct err *err)
{
	unsigned int bits = range->family == AF_INET ? 32 : 128;
	const char *ip = range->family == AF_INET ? "ip" : "ip -6";
	char text[SOURCE_TEXT_BYTES], device[IF_NAMESIZE];

	source_text(text, address);
	if (range->prefix < bits)
		return err_set(err, ERR_ENVIRONMENT, -EADDRNOTAVAIL,
			"--source \"%s\": %s is not an address of this host: add the range as root "
			"with \"%s route add local %s dev lo\"",
			range->text, text, ip, range->text);
	find_device(plan, range->family, device);
	return err_set(err, ERR_ENVIRONMENT, -EADDRNOTAVAIL,
		"--source \"%s\": it is not an address of this host: add it as root with \"%s addr "
		"add %s/%u dev %s\"",
		range->text, ip, text, bits, device);
}

static int check_one(const struct plan *plan, int family, uint64_t number, struct err *err)
{
	struct sockaddr_storage address;
	char text[SOURCE_TEXT_BYTES];
	int local;

	source_address(&plan->sources, family, number, &address);
	local = rtnl_is_local((const struct sockaddr *)&address);
	if (local < 0)
		return err_set_errno(err, ERR_ENVIRONMENT, local,
			"--source: cannot find out whether %s is an address of this host",
			source_text(text, &address));
	if (local)
		return 0;
	return not_local(plan, source_range_of(&plan->sources, family, number), &address, err);
}

static int check_range(
	const struct plan *plan, int family, uint64_t first, uint64_t count, struct err *err)
{
	uint64_t step = (count + SOURCES_LOOKED_AT - 1) / SOURCES_LOOKED_AT;
	int code = 0;

	for (uint64_t i = 0; i < count && !code; i += step)
		code = check_one(plan, family, first + i, err);
	if (!code && step > 1)
		code = check_one(plan, family, first + count - 1, err);
	return code;
}

int sources_check(const struct plan *plan, struct err *err)
{
	uint64_t first[] = {[AF_INET] = 0, [AF_INET6] = 0};

	for (size_t i = 0; i < plan->sources.range_count; i++) {
		const struct source_range *range = &plan->sources.ranges[i];
		int code = check_range(
			plan, range->family, first[range->family], range->count, err);

		if (code)
			return code;
		first[range->family] += range->count;
	}
	return 0;
}
