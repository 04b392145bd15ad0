/* SPDX-License-Identifier: MIT */
#include "run/attribution.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/units.h"

static int open_probe(struct attribution *attribution, struct err *err)
{
	int code = probe_open(&attribution->probe, &attribution->server.probe, err);

	attribution->begin_ns = attribution->end_ns = UINT64_MAX;
	if (code >= 0)
		attribution->state = ATTRIBUTION_WAITING;
	else
		attribution->probe = NULL;
	return code;
}

int attribution_open(
	struct attribution *attribution, const struct probe_options *options, struct err *err)
{
	*attribution = (struct attribution){0};
	whereabouts_find(&attribution->server, NULL, options);
	return open_probe(attribution, err);
}

int attribution_open_run(struct attribution *attribution, const struct attribution_options *options,
	const struct plan *plan, struct err *err)
{
	struct buf reason = {0};
	struct err own = {0};
	int code;

	*attribution = (struct attribution){0};
	if (options->mode == ATTRIBUTION_OFF) {
		snprintf(attribution->reason, sizeof(attribution->reason), "%s",
			ATTRIBUTION_OFF_REASON);
		return 0;
	}
	whereabouts_find(&attribution->server, plan, &options->probe);
	if (whereabouts_obstacle(&attribution->server, &reason))
		code = err_set(&own, ERR_ENVIRONMENT, -EHOSTUNREACH, "%s", buf_string(&reason));
	else
		code = open_probe(attribution, &own);
	buf_release(&reason);
	if (code >= 0)
		return 0;
	memcpy(attribution->reason, own.text, sizeof(own.text));
	if (options->mode != ATTRIBUTION_REQUIRE)
		return 0;
	return err_set(err, own.kind, code, "--probe require: %s", own.text);
}

void attribution_schedule(struct attribution *attribution, uint64_t begin_ns, uint64_t end_ns)
{
	attribution->begin_ns = begin_ns;
	attribution->end_ns = end_ns;
}

static uint64_t netns_inode(const char *path)
{
	struct stat status;

	return stat(path, &status) < 0 ? 0 : status.st_ino;
}

/* Whether the server is where this process is, even if its own process may not be looked into. */
static bool is_in_own_netns(const struct whereabouts *server)
{
	uint64_t own = netns_inode("/proc/self/ns/net"), its = 0;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%u/ns/net", server->pid);
	if (server->pid)
		its = netns_inode(path);
	if (!its && server->probe.netns)
		its = netns_inode(server->probe.netns);
	return its && its == own;
}

/*
 * The counters of this process's namespace are the server's when it is there, also when its process
 * is unknown, may not be read, or was started anew in the window.
 */
static void read_host(const struct attribution *attribution, struct host *host)
{
	struct host own;

	host_read(host, "/", attribution->server.pid);
	if (attribution->own_netns && !host->has_netstat) {
		host_read(&own, "/", 0);
		host->has_netstat = own.has_netstat;
		host->netstat_reason = own.netstat_reason;
		memcpy(host->netstat, own.netstat, sizeof(host->netstat));
	}
	if (!attribution->own_netns && !attribution->server.pid) {
		host->has_netstat = false;
		host->netstat_reason = "the server's process was not known when the window began";
	}
}

void attribution_begin(struct attribution *attribution, uint64_t now_ns)
{
	if (attribution->state != ATTRIBUTION_WAITING)
		return;
	attribution->state = ATTRIBUTION_MEASURING;
	attribution->began_ns = now_ns;
	probe_begin(attribution->probe, now_ns);
	if (!attribution->server.pid)
		attribution->server.pid = probe_pid(attribution->probe);
	attribution->own_netns = is_in_own_netns(&attribution->server);
	read_host(attribution, &attribution->before);
}

void attribution_end(struct attribution *attribution, uint64_t now_ns)
{
	if (attribution->state == ATTRIBUTION_WAITING)
		attribution_begin(attribution, now_ns);
	if (attribution->state != ATTRIBUTION_MEASURING)
		return;
	attribution->state = ATTRIBUTION_ENDED;
	attribution->ended_ns = now_ns;
	probe_end(attribution->probe, now_ns);
	read_host(attribution, &attribution->host);
	host_subtract(&attribution->host, &attribution->before);
}

void attribution_settle(struct attribution *attribution)
{
	if (attribution->state == ATTRIBUTION_ENDED)
		probe_settle(attribution->probe);
}

uint64_t attribution_tick(struct attribution *attribution, uint64_t now_ns)
{
	uint64_t next;

	if (attribution->state == ATTRIBUTION_WAITING && now_ns >= attribution->begin_ns)
		attribution_begin(attribution, now_ns);
	if (attribution->state == ATTRIBUTION_MEASURING && now_ns >= attribution->end_ns)
		attribution_end(attribution, now_ns);
	if (attribution->state == ATTRIBUTION_CLOSED || attribution->state == ATTRIBUTION_RESTING)
		return UINT64_MAX;
	attribution->next_tick_ns = probe_tick(attribution->probe, now_ns);
	if (attribution->state == ATTRIBUTION_ENDED)
		return attribution->next_tick_ns;
	next = attribution->state == ATTRIBUTION_WAITING ? attribution->begin_ns
							 : attribution->end_ns;
	return next < attribution->next_tick_ns ? next : attribution->next_tick_ns;
}

void attribution_note(const struct attribution *attribution, struct notes *notes)
{
	char text[UNITS_TEXT_BYTES];
	uint64_t longest_ns;

	if (attribution->state != ATTRIBUTION_ENDED ||
		!probe_stood_still(attribution->probe, &longest_ns))
		return;
	notes_add(notes,
		"the kernel's sampling stood still for %s, as the probe did not run: the "
		"connections followed then weigh more than others",
		units_format_duration(text, longest_ns));
}

/* Whether there is still a process of this number. */
static bool is_there(uint32_t pid)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/%u", pid);
	return access(path, F_OK) == 0;
}

void attribution_again(struct attribution *attribution, bool wanted, uint64_t now_ns)
{
	if (attribution->state == ATTRIBUTION_CLOSED)
		return;
	attribution_end(attribution, now_ns);
	if (!wanted) {
		if (attribution->state != ATTRIBUTION_RESTING)
			probe_rest(attribution->probe, now_ns);
		attribution->state = ATTRIBUTION_RESTING;
		return;
	}
	/* One that was started anew is found by what it reads. */
	if (attribution->server.pid && !is_there(attribution->server.pid))
		attribution->server.pid = 0;
	attribution->state = ATTRIBUTION_WAITING;
	attribution->begin_ns = attribution->end_ns = UINT64_MAX;
	probe_again(attribution->probe, now_ns);
}

const struct probe *attribution_probe(const struct attribution *attribution, const char **reason)
{
	bool resting = attribution->state == ATTRIBUTION_RESTING;

	*reason = resting ? ATTRIBUTION_RESTING_REASON : attribution->reason;
	return resting ? NULL : attribution->probe;
}

void attribution_close(struct attribution *attribution)
{
	if (attribution->probe)
		probe_close(attribution->probe);
	*attribution = (struct attribution){0};
}
