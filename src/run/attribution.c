/* SPDX-License-Identifier: MIT */
#include "run/attribution.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "observe/listener.h"
#include "run/obstacle.h"

/* Processes of one port that are looked through for the one to read counters of. */
#define LISTENER_LIMIT 64

void attribution_ports(struct probe_options *options, const struct plan *plan)
{
	const struct sockaddr_storage *address = &plan->addresses[0].sockaddr;

	if (options->port_count)
		return;
	options->port_count = 1;
	options->ports[0] = ntohs(address->ss_family == AF_INET
					  ? ((const struct sockaddr_in *)address)->sin_port
					  : ((const struct sockaddr_in6 *)address)->sin6_port);
}

bool attribution_obstacle(
	const struct attribution_options *options, const struct plan *plan, struct buf *reason)
{
	struct probe_options probe = options->probe;

	if (options->mode == ATTRIBUTION_OFF) {
		buf_text(reason, "switched off by --probe off");
		return true;
	}
	attribution_ports(&probe, plan);
	return obstacle_target(plan, probe.ports, probe.port_count, reason);
}

static uint64_t netns_inode(const char *path)
{
	struct stat status;

	return stat(path, &status) < 0 ? 0 : status.st_ino;
}

/* A process of the server: the one asked for, else who listens; 0: none was found. */
static uint32_t find_server(const struct probe_options *options)
{
	uint64_t netns = options->netns ? netns_inode(options->netns) : 0;
	struct listener listeners[LISTENER_LIMIT];
	size_t count, i, j;

	if (options->pid)
		return options->pid;
	for (i = 0; i < options->port_count; i++) {
		count = listener_find(listeners, LISTENER_LIMIT, "/", options->ports[i]);
		for (j = 0; j < count && j < LISTENER_LIMIT; j++)
			if (listeners[j].pid && (!netns || listeners[j].netns == netns))
				return listeners[j].pid;
	}
	return 0;
}

int attribution_open(
	struct attribution *attribution, const struct probe_options *options, struct err *err)
{
	int code;

	*attribution = (struct attribution){
		.options = *options, .begin_ns = UINT64_MAX, .end_ns = UINT64_MAX};
	code = probe_open(&attribution->probe, options, err);
	if (code < 0) {
		attribution->probe = NULL;
		return code;
	}
	attribution->state = ATTRIBUTION_WAITING;
	attribution->pid = find_server(options);
	return 0;
}

int attribution_open_run(struct attribution *attribution, const struct attribution_options *options,
	const struct plan *plan, struct err *err)
{
	struct probe_options probe = options->probe;
	struct buf reason = {0};
	struct err own = {0};
	int code;

	attribution_ports(&probe, plan);
	if (attribution_obstacle(options, plan, &reason))
		code = err_set(&own, ERR_ENVIRONMENT, -EHOSTUNREACH, "%s", buf_string(&reason));
	else
		code = attribution_open(attribution, &probe, &own);
	buf_release(&reason);
	if (code >= 0)
		return 0;
	*attribution = (struct attribution){.options = probe};
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

void attribution_begin(struct attribution *attribution, uint64_t now_ns)
{
	char path[64];

	if (attribution->state != ATTRIBUTION_WAITING)
		return;
	attribution->state = ATTRIBUTION_MEASURING;
	attribution->began_ns = now_ns;
	probe_begin(attribution->probe, now_ns);
	if (!attribution->pid)
		attribution->pid = probe_pid(attribution->probe);
	snprintf(path, sizeof(path), "/proc/%u/ns/net", attribution->pid);
	attribution->own_netns = attribution->pid &&
				 netns_inode(path) == netns_inode("/proc/self/ns/net");
	host_read(&attribution->before, "/", attribution->pid);
}

/* A server that was started anew in the window is still in the namespace that was counted. */
static void read_host(struct attribution *attribution)
{
	struct host *host = &attribution->host;
	struct host own;

	host_read(host, "/", attribution->pid);
	if (!host->has_netstat && attribution->own_netns) {
		host_read(&own, "/", 0);
		host->has_netstat = own.has_netstat;
		host->netstat_reason = own.netstat_reason;
		memcpy(host->netstat, own.netstat, sizeof(host->netstat));
	}
	host_subtract(host, &attribution->before);
	if (!attribution->pid) {
		host->has_netstat = false;
		host->netstat_reason = "the server's process was not known when the window began";
	}
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
	read_host(attribution);
}

uint64_t attribution_tick(struct attribution *attribution, uint64_t now_ns)
{
	uint64_t next;

	if (attribution->state == ATTRIBUTION_WAITING && now_ns >= attribution->begin_ns)
		attribution_begin(attribution, now_ns);
	if (attribution->state == ATTRIBUTION_MEASURING && now_ns >= attribution->end_ns)
		attribution_end(attribution, now_ns);
	if (attribution->state == ATTRIBUTION_CLOSED || attribution->state == ATTRIBUTION_ENDED)
		return UINT64_MAX;
	attribution->next_tick_ns = probe_tick(attribution->probe, now_ns);
	next = attribution->state == ATTRIBUTION_WAITING ? attribution->begin_ns
							 : attribution->end_ns;
	return next < attribution->next_tick_ns ? next : attribution->next_tick_ns;
}

void attribution_close(struct attribution *attribution)
{
	if (attribution->probe)
		probe_close(attribution->probe);
	*attribution = (struct attribution){0};
}
