/* SPDX-License-Identifier: MIT */
#include "run/observation.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"

/* A sample that is due at the window's end may be taken by so much later. */
#define STEAL_LATE_NS (100 * NS_PER_MS)

/* What began from now on begins within the run (proc_pid_stat(5), starttime). */
static uint64_t now_ticks(void)
{
	struct timespec now;
	uint64_t hz = (uint64_t)sysconf(_SC_CLK_TCK);

	clock_gettime(CLOCK_BOOTTIME, &now);
	return (uint64_t)now.tv_sec * hz + (uint64_t)now.tv_nsec * hz / NS_PER_S;
}

/* systemd holds the sockets of services it starts on demand, and everything is its descendant. */
static size_t leave_out_init(uint32_t *pids, size_t count)
{
	size_t kept = 0;

	if (count == 1)
		return count;
	for (size_t i = 0; i < count; i++)
		if (pids[i] != 1)
			pids[kept++] = pids[i];
	return kept;
}

/* Processes of the server into pids, as many as WHEREABOUTS_HOLDER_LIMIT. */
static size_t find_pids(const struct whereabouts *server, uint32_t *pids)
{
	if (server->probe.pid) {
		pids[0] = server->probe.pid;
		return 1;
	}
	memcpy(pids, server->holders, server->holder_count * sizeof(*pids));
	return leave_out_init(pids, server->holder_count);
}

static void explain(struct observation *observation, const struct whereabouts *server)
{
	const size_t bytes = sizeof(observation->reason);
	char *reason = observation->reason;
	char place[32] = "on its socket";

	if (server->probe.port_count > 1)
		snprintf(place, sizeof(place), "on any of the ports");
	else if (!server->is_unix)
		snprintf(place, sizeof(place), "on port %u", server->probe.ports[0]);
	if (server->holder_count)
		snprintf(reason, bytes,
			"the server is part of this process, and its figures would be the "
			"generator's too");
	else if (server->listens && server->probe.cgroup)
		snprintf(reason, bytes,
			"no process seen to listen %s is in the control group \"%s\": give "
			"--observe-pid",
			place, server->probe.cgroup);
	else if (server->listens)
		snprintf(reason, bytes,
			"which process listens %s cannot be seen: it is another user's or in "
			"another namespace; run as root, or give --observe-pid",
			place);
	else if (!observation->plan || server->on_this_host || server->is_unix)
		snprintf(reason, bytes,
			"no process of this machine listens %s: --observe-pid takes a process of "
			"the server behind it",
			place);
	else
		snprintf(reason, bytes, "the server is on another machine");
}

static bool begin(struct observation *observation, const uint32_t *pids, size_t count)
{
	observation->observer = calloc(1, sizeof(*observation->observer));
	if (!observation->observer) {
		snprintf(observation->reason, sizeof(observation->reason), "no memory for it");
		return true; /* the reason is known */
	}
	observer_open(observation->observer, "/", observation->since_ticks, (uint32_t)getpid());
	if (observer_adopt(observation->observer, pids, count) == 0 &&
		observation->observer->members.count)
		return true;
	observer_close(observation->observer);
	free(observation->observer);
	observation->observer = NULL;
	return false;
}

static void open_by_port(struct observation *observation, const struct whereabouts *server)
{
	uint32_t pids[WHEREABOUTS_HOLDER_LIMIT];
	struct whereabouts own;
	size_t count;

	if (!server) {
		whereabouts_find(&own, observation->plan, observation->probe);
		server = &own;
	}
	observation->by_port = !server->probe.pid;
	count = find_pids(server, pids);
	if (!count || !begin(observation, pids, count))
		explain(observation, server);
}

void observation_open(struct observation *observation, const struct observation_options *options,
	const struct plan *plan, const struct probe_options *probe,
	const struct whereabouts *server)
{
	*observation = (struct observation){
		.plan = plan, .probe = probe, .since_ticks = now_ticks()};
	if (options->mode == OBSERVATION_OFF)
		snprintf(observation->reason, sizeof(observation->reason),
			"switched off by --observe off");
	else if (!options->pid)
		open_by_port(observation, server);
	else if (!begin(observation, &options->pid, 1))
		snprintf(observation->reason, sizeof(observation->reason),
			"process %u is not there, or is the generator itself", options->pid);
	if (!observation->observer)
		observation->looks = OBSERVATION_LOOKS;
}

/* While there is no server: some times at once, and then only now and then. */
static bool is_turn(struct observation *observation)
{
	if (observation->looks) {
		observation->looks--;
		return true;
	}
	return ++observation->pause % OBSERVATION_PAUSE == 0;
}

/* Also some times after a process it was found by has ended. */
static bool is_look_due(struct observation *observation)
{
	const struct members *members = &observation->observer->members;
	uint64_t threads;

	if (members->root_ended)
		observation->looks = OBSERVATION_LOOKS;
	if (!observation->looks && members_running(members, &threads)) {
		observation->pause = 0;
		return false;
	}
	return is_turn(observation);
}

/*
 * Without a load of its own a window may begin before the server does. What that one used before it
 * was seen is not known.
 */
static bool has_come(struct observation *observation)
{
	if (!observation->by_port || observation->plan || !is_turn(observation))
		return false;
	open_by_port(observation, NULL);
	return observation->observer;
}

static void look_again(struct observation *observation)
{
	uint32_t pids[WHEREABOUTS_HOLDER_LIMIT];
	struct whereabouts server;

	whereabouts_find(&server, observation->plan, observation->probe);
	observer_adopt(observation->observer, pids, find_pids(&server, pids));
}

void observation_watch_steal(struct observation *observation, const struct whereabouts *server)
{
	bool here = observation->observer ||
		    (server && (server->listens || server->on_this_host || server->is_unix));

	if (!here || observation->stolen)
		return;
	observation->stolen = malloc(sizeof(*observation->stolen));
	if (observation->stolen)
		stolen_init(observation->stolen, "/");
}

bool observation_steal(const struct observation *observation, double *share)
{
	return observation->stolen && stolen_share(observation->stolen, share);
}

/* The drain's is another matter. */
static void sample_steal(struct observation *observation, uint64_t at_ns, uint64_t now_ns)
{
	const struct plan *plan = observation->plan;
	const struct observer *observer = observation->observer;

	if (!observation->stolen ||
		(plan->duration_ns != UINT64_MAX &&
			at_ns > plan->warmup_ns + plan->duration_ns + STEAL_LATE_NS))
		return;
	stolen_sample(observation->stolen, observer ? &observer->members : NULL, now_ns);
}

void observation_sample(struct observation *observation, uint64_t at_ns, struct notes *notes)
{
	struct resources_sample sample;
	uint64_t now = clock_now_ns();
	int code;

	if (!observation->observer && !has_come(observation)) {
		sample_steal(observation, at_ns, now);
		return;
	}
	code = observer_sample(observation->observer, at_ns, &sample);
	sample.read_ns = now;
	if (code == 0)
		code = resources_add(&observation->resources, &sample);
	if (code < 0 && !observation->lost) {
		observation->lost = true;
		notes_add(notes, "no memory for a reading of the server's resources");
	}
	sample_steal(observation, at_ns, now);
	if (observation->by_port && is_look_due(observation))
		look_again(observation);
}

void observation_finish(struct observation *observation, struct notes *notes)
{
	if (!observation->observer)
		return;
	observation->has_pss = observer_pss(
		observation->observer, &observation->pss_bytes, &observation->pss_reason);
	if (observation->observer->members.overflowed)
		notes_add(notes,
			"the server has more than %d processes: its resources are those of so many",
			MEMBERS_LIMIT);
}

void observation_describe(struct observation *observation, struct resources_input *input)
{
	const struct observer *observer = observation->observer;

	*input = (struct resources_input){.reason = observation->reason};
	if (!observer)
		return;
	input->resources = &observation->resources;
	input->limits = observer->limits;
	input->pressure_is_own = observer->pressure_is_own;
	input->has_pss = observation->has_pss;
	input->pss_bytes = observation->pss_bytes;
	input->pss_reason = observation->pss_reason;
	for (unsigned int i = 0; i < RESOURCES_COUNTER_COUNT; i++)
		input->counter_reasons[i] = observer_counter_reason(observer, i);
	for (unsigned int i = 0; i < RESOURCES_LEVEL_COUNT; i++)
		input->level_reasons[i] = observer_level_reason(observer, i);
	input->processes = observation->processes;
	input->process_count = observer_processes(
		observer, observation->processes, RESULT_RESOURCES_PROCESSES);
}

void observation_close(struct observation *observation)
{
	if (observation->observer)
		observer_close(observation->observer);
	free(observation->observer);
	free(observation->stolen);
	resources_release(&observation->resources);
	*observation = (struct observation){0};
}
