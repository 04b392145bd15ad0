/* SPDX-License-Identifier: MIT */
#include "run/preflight.h"

#include <assert.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "base/buf.h"
#include "base/units.h"
#include "engine/engine.h"
#include "measure/stats.h"
#include "net/sock.h"
#include "plan/address.h"
#include "plan/ports.h"

/* Descriptors beside the sockets: standard streams, rings, a socket on its way into a table. */
#define FILES_PROCESS 56 /* with those of the server that are kept open */
#define FILES_WORKER  4

uint64_t preflight_request_bytes(const struct plan *plan)
{
	return plan->request.shared ? plan->request.wire_bytes : 0;
}

uint64_t preflight_memory_bytes(struct plan *plan)
{
	return engine_memory(plan) + preflight_request_bytes(plan) +
	       PREFLIGHT_COLLECTOR_BLOCKS * stats_bytes(plan->longest_ns);
}

int preflight_memory(struct plan *plan, struct err *err)
{
	uint64_t needed = preflight_memory_bytes(plan);
	uint64_t limit = plan->scenario->memory_limit_bytes;
	char needed_text[UNITS_TEXT_BYTES], limit_text[UNITS_TEXT_BYTES];

	if (needed <= limit)
		return 0;
	return err_set(err, ERR_ENVIRONMENT, -ENOMEM,
		"the run needs %s of memory, --memory allows %s: ask for fewer connections, or "
		"raise --memory (--dry-run shows what needs it)",
		units_format_size(needed_text, needed), units_format_size(limit_text, limit));
}

uint64_t preflight_files_needed(const struct plan *plan)
{
	uint64_t most = FILES_PROCESS + FILES_WORKER * plan->worker_count;
	size_t i;

	for (i = 0; i < plan->worker_count; i++)
		if (plan->workers[i].connections > most)
			most = plan->workers[i].connections;
	return most;
}

int preflight_files(const struct plan *plan, struct err *err)
{
	uint64_t needed = preflight_files_needed(plan);
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return err_set_errno(
			err, ERR_ENVIRONMENT, -errno, "cannot read the limit of open files");
	if (limit.rlim_cur < limit.rlim_max) {
		limit.rlim_cur = limit.rlim_max;
		if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
			return err_set_errno(err, ERR_ENVIRONMENT, -errno,
				"cannot raise the limit of open files to %ju",
				(uintmax_t)limit.rlim_max);
	}
	if (needed <= limit.rlim_cur)
		return 0;
	return err_set(err, ERR_ENVIRONMENT, -EMFILE,
		"%u connections on %zu %s need %ju open files, the hard limit is %ju: raise it as "
		"root with \"ulimit -Hn %ju\" before, or ask for fewer connections",
		plan->connections, plan->worker_count,
		plan->worker_count == 1 ? "worker" : "workers", (uintmax_t)needed,
		(uintmax_t)limit.rlim_cur, (uintmax_t)needed);
}

int preflight_ports(const struct plan *plan, struct err *err)
{
	struct ports ports;

	ports_read(&ports, "/");
	return ports_check(&ports, plan, err);
}

/* Whether a file is there that is no socket: connect(2) says of it what it says of a socket nobody
 * listens on. */
static bool is_other_file(const struct plan_address *address)
{
	const struct sockaddr_un *un = (const struct sockaddr_un *)&address->sockaddr;
	struct stat status;

	return un->sun_family == AF_UNIX && un->sun_path[0] && stat(un->sun_path, &status) == 0 &&
	       !S_ISSOCK(status.st_mode);
}

static bool lacks_zone(const struct plan_address *address)
{
	const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)&address->sockaddr;

	return in6->sin6_family == AF_INET6 && IN6_IS_ADDR_LINKLOCAL(&in6->sin6_addr) &&
	       !in6->sin6_scope_id;
}

/* The words for why an address does not accept. */
static const char *reason(const struct plan_address *address, int code)
{
	if (code == -ECONNREFUSED && is_other_file(address))
		return "the file is no socket";
	if (code == -EPROTOTYPE && address->sockaddr.ss_family == AF_UNIX)
		return "it is not a stream socket";
	/* From a name server or /etc/hosts: a literal was refused before. */
	if (lacks_zone(address))
		return "a link-local address needs its interface, which a name does not give";
	return strerror(-code);
}

/* Nothing accepts: all addresses with their reasons; codes[i] belongs to address i. */
static int unreachable(const struct plan *plan, const int *codes, struct err *err)
{
	struct buf list = {0};
	size_t i;

	for (i = 0; i < plan->address_count; i++)
		buf_printf(&list, "%s%s: %s", i ? ", " : "", plan->addresses[i].text,
			reason(&plan->addresses[i], codes[i]));
	err_set(err, ERR_TARGET, codes[0], "cannot connect to %s", buf_string(&list));
	buf_release(&list);
	return codes[0];
}

int preflight_addresses(struct plan *plan, struct notes *notes, struct err *err)
{
	int codes[ADDRESS_LIMIT];
	size_t i, refused = 0;

	assert(plan->address_count <= ADDRESS_LIMIT);
	for (i = 0; i < plan->address_count; i++) {
		const struct plan_address *address = &plan->addresses[i];

		codes[i] = sock_try((const struct sockaddr *)&address->sockaddr,
			address->sockaddr_bytes, plan->timeout_ns);
		refused += codes[i] < 0;
	}
	if (refused == plan->address_count)
		return unreachable(plan, codes, err);
	for (i = plan->address_count; i-- > 0;) {
		if (codes[i] >= 0)
			continue;
		notes_add(notes, "%s is left out: %s", plan->addresses[i].text,
			reason(&plan->addresses[i], codes[i]));
		plan_drop_address(plan, i);
	}
	return 0;
}
