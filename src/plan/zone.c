/* SPDX-License-Identifier: MIT */
#include "plan/zone.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "plan/quoted.h"

/* Interfaces that a sentence names. */
#define SHOWN_LIMIT 8

/* By its name, or by its index as a number. */
static bool is_interface(const char *zone)
{
	char name[IF_NAMESIZE], *end;
	unsigned long index = strtoul(zone, &end, 10);

	if (if_nametoindex(zone))
		return true;
	return *zone >= '0' && *zone <= '9' && *end == '\0' && index > 0 && index <= INT32_MAX &&
	       if_indextoname((unsigned int)index, name);
}

/* "eth0, eth1"; loopback has no neighbours to be reached through it. */
static void list_interfaces(struct buf *out)
{
	struct if_nameindex *interfaces = if_nameindex();
	size_t shown = 0;

	for (struct if_nameindex *each = interfaces; each && each->if_index; each++) {
		if (strcmp(each->if_name, "lo") == 0)
			continue;
		if (shown == SHOWN_LIMIT) {
			buf_text(out, ", ...");
			break;
		}
		buf_printf(out, "%s%s", shown++ ? ", " : "", each->if_name);
	}
	if_freenameindex(interfaces);
}

/* complaint has one "%s", for the address. */
static int refuse(enum err_kind kind, const char *address, const char *complaint, struct err *err)
{
	char quoted[QUOTED_BYTES];
	struct buf interfaces = {0};
	int code;

	list_interfaces(&interfaces);
	code = err_set(err, kind, -EINVAL, "IPv6 address \"%s\" %s; this machine has %s",
		quoted_text(quoted, address, strlen(address)), complaint,
		interfaces.length_bytes ? buf_string(&interfaces) : "none but loopback");
	buf_release(&interfaces);
	return code;
}

int zone_check(const char *host, struct err *err)
{
	const char *mark = strchr(host, '%');
	size_t bytes = mark ? (size_t)(mark - host) : strlen(host);
	char literal[INET6_ADDRSTRLEN], quoted[QUOTED_BYTES];
	struct in6_addr address;
	bool local;

	if (bytes >= sizeof(literal))
		return 0;
	memcpy(literal, host, bytes);
	literal[bytes] = '\0';
	if (inet_pton(AF_INET6, literal, &address) != 1)
		return 0;
	local = IN6_IS_ADDR_LINKLOCAL(&address);
	if (!mark && !local)
		return 0;
	if (!mark)
		return refuse(ERR_USAGE, host,
			"is link-local: name the interface it is on, as in \"[fe80::1%25eth0]\"",
			err);
	if (!local)
		return err_set(err, ERR_USAGE, -EINVAL,
			"IPv6 address \"%s\" has an interface, which only link-local ones "
			"(fe80::/10) need: leave \"%s\" out",
			quoted_text(quoted, host, strlen(host)), mark);
	if (!is_interface(mark + 1))
		return refuse(
			ERR_ENVIRONMENT, host, "is on an interface that does not exist here", err);
	return 0;
}
