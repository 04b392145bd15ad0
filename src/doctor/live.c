/* SPDX-License-Identifier: MIT */
#include "doctor/live.h"

#include <errno.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "lab/netns.h"
#include "lab/null_server.h"
#include "loader/trial.h"
#include "net/sock.h"
#include "plan/topology.h"
#include "probe/profile.h"
#include "probe/watch.h"

#define SPIN_NS       NS_PER_S
#define LATE_COUNT    200
#define LATE_SLEEP_NS NS_PER_MS

/* A port that none of our trials is to see a connection of. */
#define TRIAL_PORT 1

static void try_ring(struct live *live)
{
	live->ring.code = ring_probe(&live->features, &live->ring.reason);
}

static void try_stages(struct live *live)
{
	const struct probe_options options = {.ports = {TRIAL_PORT}, .port_count = 1};
	const struct hooks_stage *stages;
	struct err reason = {0};
	struct watch watch;
	int code = watch_prepare(&watch, &options, true, &reason);

	stages = hooks_stages(&live->stage_count);
	for (size_t i = 0; i < live->stage_count; i++) {
		live->stages[i].stage = &stages[i];
		for (size_t j = 0; j < HOOKS_ALTERNATIVE_LIMIT; j++) {
			struct live_try *its = &live->stages[i].tries[j];

			if (!stages[i].alternatives[j].program)
				break;
			*its = (struct live_try){.code = code, .reason = reason};
			if (code == 0)
				its->code = trial_run(&watch.loader,
					stages[i].alternatives[j].program, &its->reason);
		}
	}
	watch_release(&watch);
}

static void try_stamps(struct live *live)
{
	int fd = sock_open(AF_INET);

	live->stamps.code = fd < 0 ? fd : sock_stamp(fd);
	if (live->stamps.code)
		err_set_errno(&live->stamps.reason, ERR_ENVIRONMENT, live->stamps.code,
			"receive stamps are refused");
	if (fd >= 0)
		sock_close(fd);
}

static void try_profile(struct live *live)
{
	struct profile *profile = NULL;

	live->profile.code = profile_open(&profile, 0, &live->profile.reason);
	profile_close(profile);
}

static void try_null_server(struct live *live)
{
	struct live_try *its = &live->null_server;
	struct null_server server = {0};
	struct netns netns = {0};

	its->code = netns_open(&netns, &its->reason);
	if (its->code == 0)
		its->code = netns_enter(&netns, &its->reason);
	if (its->code == 0) {
		its->code = null_server_start(&server, 8080, 100, &its->reason);
		netns_leave(&netns, NULL);
	}
	null_server_release(&server);
	netns_close(&netns);
}

/* Asks the driver of each card; what it does not tell stays out of the list. */
static void ask_nics(struct live *live)
{
	struct if_nameindex *names = if_nameindex();
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	for (struct if_nameindex *its = names; fd >= 0 && its && its->if_name; its++) {
		struct ethtool_channels channels = {.cmd = ETHTOOL_GCHANNELS};
		struct ifreq request = {.ifr_data = (void *)&channels};
		struct live_nic *nic = &live->nics[live->nic_count];

		if (live->nic_count == LIVE_NIC_LIMIT)
			break;
		snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", its->if_name);
		if (ioctl(fd, SIOCETHTOOL, &request))
			continue;
		snprintf(nic->name, sizeof(nic->name), "%s", its->if_name);
		nic->most_queues = channels.max_combined ? channels.max_combined : channels.max_rx;
		live->nic_count++;
	}
	if (fd >= 0)
		close(fd);
	if (names)
		if_freenameindex(names);
}

static void measure(struct live *live)
{
	struct topology topology;
	struct err reason = {0};

	if (topology_read(&topology, "/", &reason)) {
		live->spin.reason = "the CPUs of this machine cannot be read";
		return;
	}
	spin_measure(&live->spin, "/", &topology.allowed, SPIN_NS);
	late_measure(&live->late, LATE_COUNT, LATE_SLEEP_NS);
	topology_release(&topology);
}

void live_take(struct live *live, bool quick)
{
	ssize_t bytes;

	memset(live, 0, sizeof(*live));
	bytes = readlink("/proc/self/exe", live->program, sizeof(live->program) - 1);
	if (bytes <= 0)
		strcpy(live->program, "ringload");
	live->quick = quick;
	if (!quick)
		measure(live);
	try_ring(live);
	try_stages(live);
	try_stamps(live);
	try_profile(live);
	try_null_server(live);
	ask_nics(live);
}
