/* SPDX-License-Identifier: MIT */
#include "run/obstacle.h"

#include <limits.h>
#include <linux/capability.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

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

/* CAP_SYS_ADMIN includes the two that came out of it. */
static bool lacks_rights(void)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];
	uint64_t has;

	if (syscall(SYS_capget, &header, data) < 0)
		return false;
	has = (uint64_t)data[1].effective << 32 | data[0].effective;
	return !(has >> CAP_SYS_ADMIN & 1) &&
	       (!(has >> CAP_BPF & 1) || !(has >> CAP_PERFMON & 1) || !(has >> CAP_NET_ADMIN & 1));
}

void obstacle_add_mend(struct err *err)
{
	char sentence[ERR_TEXT_BYTES], program[PATH_MAX];
	ssize_t bytes = readlink("/proc/self/exe", program, sizeof(program) - 1);

	if (!lacks_rights())
		return;
	program[bytes > 0 ? bytes : 0] = '\0';
	memcpy(sentence, err->text, sizeof(sentence));
	if (!geteuid())
		err_set(err, err->kind, 0,
			"%s; this process is root without the rights: give its container "
			"CAP_BPF, CAP_PERFMON and CAP_NET_ADMIN",
			sentence);
	else
		err_set(err, err->kind, 0,
			"%s; run as root, or grant it once with: sudo setcap "
			"cap_bpf,cap_perfmon,cap_net_admin+ep %s",
			sentence, bytes > 0 ? program : "$(readlink -f ringload)");
}
